#![allow(non_camel_case_types)]

use core::ffi::c_void;

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

#[spdk_async(sys = sys, sys = sys, stream, returns = maybe)] // twice, unknown, unknown
pub async fn lib_add<T>( // no `async`, `unsafe`, no generics
    &self, // no `self`
    #[out] number: u32, // `*mut Type`
    #[keep] #[out] bytes: *mut u8, // exclude each other
    text: &u8, // a raw pointer
    (a, b): (u8, u8), // a plain name
    cb: done_cb,
    ctx: *mut c_void,
) -> u64 {} // no body

fn main() {}
