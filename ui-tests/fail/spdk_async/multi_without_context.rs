#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_callback(multi)]
pub type event_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async(sys = sys)]
pub unsafe fn lib_two(#[multi] event: event_cb, done: done_cb, ctx: *mut c_void) -> c_int; // its own

fn main() {}
