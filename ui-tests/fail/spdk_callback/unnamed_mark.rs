#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
#[rustfmt::skip]
pub type done_cb = unsafe extern "C" fn(*mut c_void, #[status(errno)] c_int); // give it a name

fn main() {}
