#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_async;

#[spdk_async]
unsafe extern "C" {
    pub fn lib_call(cb: done_cb, ctx: *mut c_void) -> c_int; // nobody has declared the type
}

fn main() {}
