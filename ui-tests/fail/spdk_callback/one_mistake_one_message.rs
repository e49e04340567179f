#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

mod sys {
    pub type open_cb = Option<unsafe extern "C" fn(object: *mut u8, ctx: *mut core::ffi::c_void)>;

    unsafe extern "C" {
        pub fn lib_open(cb: open_cb, ctx: *mut core::ffi::c_void) -> core::ffi::c_int;
    }
}

#[spdk_callback(once, sys = sys)]
pub type open_cb = unsafe extern "C" fn(object: *mut u8, ctx: *mut c_void); // mark it

// The declaration below uses the callback as it was meant, so it adds no message.
#[spdk_async(sys = sys)]
pub unsafe fn lib_open(cb: open_cb, ctx: *mut c_void) -> c_int;

pub async fn open() -> bool {
    unsafe { lib_open() }.await.is_ok()
}

fn main() {}
