#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(visitor)]
pub type each_fn = unsafe extern "C" fn(ctx: *mut c_void) -> bool; // nothing or `c_int`

fn main() {}
