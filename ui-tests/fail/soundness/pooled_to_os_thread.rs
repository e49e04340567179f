//! A pooled future of a raw call that is polled on another thread.
#![allow(non_camel_case_types)]

use core::ffi::c_void;

use callback_adapter::Pool;
use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async]
unsafe extern "C" {
    fn lib_call(cb: done_cb, ctx: *mut c_void);
}

fn call(pool: &Pool) {
    let pooled = unsafe { lib_call() }.on(pool);
    std::thread::spawn(move || drop(pooled)); // submit the call instead
}

fn main() {
    let _ = call;
}
