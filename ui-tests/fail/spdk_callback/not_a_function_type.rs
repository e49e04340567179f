#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb = *mut c_void; // must be the C function type itself

fn main() {}
