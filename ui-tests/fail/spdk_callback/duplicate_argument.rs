#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

pub mod sys {}

#[spdk_callback(once, output = a -> Result<(), ()>, output = b -> Result<(), ()>)] // given twice
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

pub unsafe fn a() -> Result<(), ()> {
    Ok(())
}

fn main() {}
