#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb<T> = unsafe extern "C" fn(value: T, ctx: *mut c_void); // no generic parameters

fn main() {}
