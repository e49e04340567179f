#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

unsafe fn free(_: u8) {}

#[spdk_callback(once)]
pub type io_cb = unsafe extern "C" fn(ctx: *mut c_void, #[free(free)] io: u8); // a raw pointer

fn main() {}
