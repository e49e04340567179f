#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async(sys = sys)]
pub unsafe fn lib_two(
    #[callback] fail: done_cb,
    #[callback] done: done_cb, // there is a `#[callback]` already
    #[context] ctx: *mut c_void,
) -> c_int;

fn main() {}
