#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(multi)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async(multi, sys = sys)]
pub unsafe fn lib_two(
    #[multi] event: done_cb, // belongs to a function of kind `once`
    event_ctx: *mut c_void,
    done: done_cb,
    ctx: *mut c_void,
) -> c_int;

fn main() {}
