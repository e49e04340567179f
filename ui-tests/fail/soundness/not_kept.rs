//! An argument that does not say where C finds it.
#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async]
unsafe extern "C" {
    fn lib_write(#[keep] bytes: *const u8, cb: done_cb, ctx: *mut c_void);
}

fn main() {
    let _ = unsafe { lib_write("text") }; // not `Keep`
}
