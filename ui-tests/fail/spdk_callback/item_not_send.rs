#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(multi)]
pub type event_cb = unsafe extern "C" fn(#[value] object: *mut u8, ctx: *mut c_void); // not `Send`

fn main() {}
