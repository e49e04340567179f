#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async(sys = sys)]
pub unsafe fn lib_two(
    #[context] data: *mut c_void,
    #[callback] done: done_cb,
    #[context] ctx: *mut c_void, // there is a `#[context]` already
) -> c_int;

fn main() {}
