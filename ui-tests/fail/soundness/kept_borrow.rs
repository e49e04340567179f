//! An argument that C keeps, and that is only borrowed.
#![allow(non_camel_case_types)]

use core::ffi::c_void;

use callback_adapter::Keep;
use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async]
unsafe extern "C" {
    fn lib_write(#[keep] bytes: *const u8, cb: done_cb, ctx: *mut c_void);
}

struct Borrowed<'a>(&'a [u8]);

unsafe impl Keep<*const u8> for Borrowed<'_> { // the record may outlive the borrow
    fn arg(&mut self) -> *const u8 {
        self.0.as_ptr()
    }
}

fn main() {
    let _ = unsafe { lib_write(Borrowed(&[1])) };
}
