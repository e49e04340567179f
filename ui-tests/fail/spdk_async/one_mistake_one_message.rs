#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once)]
pub type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

// The call below has the shape that was meant, so it adds no message.
#[spdk_async]
pub unsafe fn lib_add(#[keep] bytes: *const u8, cb: done_cb, ctx: *mut c_void) -> c_int; // where?

pub async fn add(bytes: *const u8) -> bool {
    let (reply, (_bytes,)) = unsafe { lib_add(bytes) }.await;
    reply.is_ok()
}

fn main() {}
