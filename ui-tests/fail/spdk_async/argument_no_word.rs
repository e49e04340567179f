#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

mod sys {
    pub type done_cb = Option<unsafe extern "C" fn(ctx: *mut core::ffi::c_void)>;

    unsafe extern "C" {
        pub fn lib_call(cb: done_cb, ctx: *mut core::ffi::c_void) -> core::ffi::c_int;
        pub fn lib_add(number: u32, cb: done_cb, ctx: *mut core::ffi::c_void) -> core::ffi::c_int;
    }
}

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async("once", sys = sys)] // a word, no text
pub unsafe fn lib_call(cb: done_cb, ctx: *mut c_void) -> c_int;

fn main() {}
