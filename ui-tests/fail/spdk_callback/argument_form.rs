#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once, typedef = "done_cb")] // a name, no text
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

fn main() {}
