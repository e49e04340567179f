#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_callback(visitor)]
pub type visit_fn = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async]
unsafe extern "C" {
    pub fn lib_each(
        #[visit] visit: visit_fn, // has no `#[resume(…)]`
        #[context] ctx: *mut c_void,
        #[callback] done: done_cb,
    );
}

fn main() {}
