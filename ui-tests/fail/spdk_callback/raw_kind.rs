#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(r#once)] // without `r#`
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

fn main() {}
