#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

mod sys {
    pub type done_cb = Option<unsafe extern "C" fn(ctx: *mut core::ffi::c_void, status: core::ffi::c_int)>;
}

#[spdk_callback(once, sys = sys)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void, #[status(bool)] ok: bool); // not as in C

fn main() {}
