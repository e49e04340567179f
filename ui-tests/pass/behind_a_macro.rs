//! Declarations that another macro writes: what it passes on arrives in invisible groups.
#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

mod sys {
    use core::ffi::{c_int, c_void};

    pub type done_cb = Option<unsafe extern "C" fn(*mut c_void, *const u8)>;

    pub unsafe extern "C" fn lib_call(_: *const u8, _: done_cb, _: *mut c_void) -> c_int {
        -12
    }
}

macro_rules! declare {
    ($name:ident, $cb:ident, $context:ty, $pointer:ty, $returns:ty) => {
        #[spdk_callback(once, sys = sys)]
        type $cb = unsafe extern "C" fn(ctx: $context, #[value] byte: $pointer);

        #[spdk_async(sys = sys)]
        unsafe fn $name(#[keep] byte: $pointer, cb: $cb, ctx: $context) -> $returns;
    };
}

declare!(lib_call, done_cb, *mut c_void, *const u8, c_int);

fn main() {
    let _ = unsafe { lib_call(std::ptr::null()) };
}
