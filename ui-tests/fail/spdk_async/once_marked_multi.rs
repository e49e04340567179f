#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async]
unsafe extern "C" {
    pub fn lib_attach(
        #[multi] event: done_cb, // `once`
        event_ctx: *mut c_void,
        #[callback] done: done_cb,
        ctx: *mut c_void,
    ) -> c_int;
}

fn main() {}
