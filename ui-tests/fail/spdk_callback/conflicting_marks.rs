#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub type done_cb =
    unsafe extern "C" fn(#[copy] #[value] stat: *const u8, ctx: *mut c_void); // exclude each other

fn main() {}
