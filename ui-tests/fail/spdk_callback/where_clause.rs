#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void) where u8: Copy; // no clauses

fn main() {}
