#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

unsafe fn close(_: *mut u8) {}

#[spdk_callback(once)]
pub type open_cb = unsafe extern "C" fn(
    ctx: *mut c_void,
    #[handle(close = close)] object: *const u8, // must be `*mut Object`
);

fn main() {}
