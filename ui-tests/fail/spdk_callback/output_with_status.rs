#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_callback;

unsafe fn read(_: c_int) -> Result<(), ()> {
    Ok(())
}

#[spdk_callback(once, output = read -> Result<(), ()>)]
pub type done_cb = unsafe extern "C" fn(#[status(errno)] status: c_int, ctx: *mut c_void); // reads every

fn main() {}
