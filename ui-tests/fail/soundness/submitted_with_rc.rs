//! A call that is completed on any thread, with an argument that must stay on one.
#![allow(non_camel_case_types)]

use core::ffi::c_void;
use std::rc::Rc;

use callback_adapter::Keep;
use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async]
unsafe extern "C" {
    fn lib_write(#[keep] bytes: *const u8, cb: done_cb, ctx: *mut c_void);
}

struct Shared(Rc<[u8]>);

unsafe impl Keep<*const u8> for Shared {
    fn arg(&mut self) -> *const u8 {
        self.0.as_ptr()
    }
}

fn write(bytes: Shared) {
    drop(unsafe { lib_write(bytes) }.submit()); // await it, or keep an `Arc`
}

fn main() {
    let _ = write;
}
