#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type open_cb = unsafe extern "C" fn(ctx: *mut c_void, #[handle] object: *mut u8); // incomplete

fn main() {}
