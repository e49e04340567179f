#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_callback;

#[spdk_callback(multi)]
pub type event_cb = unsafe extern "C" fn(ctx: *mut c_void, #[status(errno)] status: c_int); // once

fn main() {}
