#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(#[cfg(unix)] status: c_int, ctx: *mut c_void); // one for each

fn main() {}
