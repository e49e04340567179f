#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_callback;

unsafe fn resume(_: *mut u8, _: c_int) {}

#[spdk_callback(visitor)]
pub type msg_fn =
    unsafe extern "C" fn(#[resume(resume)] i: *mut u8, ctx: *mut c_void) -> c_int; // nothing

fn main() {}
