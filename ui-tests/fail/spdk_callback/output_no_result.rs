#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_callback;

unsafe fn read(status: c_int) -> c_int {
    status
}

#[spdk_callback(once, output = read -> c_int)] // returns a `Result`
pub type done_cb = unsafe extern "C" fn(status: c_int, ctx: *mut c_void);

fn main() {}
