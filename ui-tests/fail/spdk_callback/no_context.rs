#![allow(non_camel_case_types)]

use core::ffi::c_int;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(#[status(errno)] status: c_int); // has no context

fn main() {}
