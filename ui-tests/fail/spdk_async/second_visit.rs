#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

unsafe fn resume(_: *mut u8, _: c_int) {}

#[spdk_callback(visitor)]
pub type visit_fn = unsafe extern "C" fn(#[resume(resume)] walk: *mut u8, ctx: *mut c_void);

#[spdk_async(sys = sys)]
pub unsafe fn lib_two(
    #[visit] first: visit_fn,
    #[visit] second: visit_fn, // a call makes one walk
    #[callback] done: done_cb,
    ctx: *mut c_void,
) -> c_int;

fn main() {}
