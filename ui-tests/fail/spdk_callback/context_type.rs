#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(#[context] ctx: *const c_void); // `*mut c_void`

fn main() {}
