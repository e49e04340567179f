#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

mod sys {}

#[spdk_callback(once, sys = sys)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void); // not in `sys`

fn main() {}
