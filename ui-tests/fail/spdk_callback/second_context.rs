#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb =
    unsafe extern "C" fn(#[context] a: *mut c_void, #[context] b: *mut c_void); // a callback has one

fn main() {}
