//! A crate that denies what a careful crate denies, and documents nothing itself.
#![deny(warnings, missing_docs, unsafe_op_in_unsafe_fn, unreachable_pub, unused)]
#![deny(missing_debug_implementations, non_camel_case_types, improper_ctypes_definitions)]
#![deny(unused_qualifications, unused_results, let_underscore_drop, single_use_lifetimes)]
#![deny(elided_lifetimes_in_paths, missing_copy_implementations, trivial_casts)]
#![allow(clippy::all)]

use core::ffi::{c_int, c_void};

use callback_adapter::{Call, Callback, OnceCallback, Submit, Subscription, VisitorCallback};
use spdk_async_macros::{spdk_async, spdk_callback};

#[allow(missing_docs, non_camel_case_types)]
pub mod sys {
    use core::ffi::{c_int, c_void};

    pub type done_cb = Option<unsafe extern "C" fn(*mut u8, *mut c_void, c_int)>;
    pub type event_cb = Option<unsafe extern "C" fn(*mut c_void, u32)>;

    pub unsafe extern "C" fn lib_call(
        _: *const u8,
        _: event_cb,
        _: *mut c_void,
        _: *mut u8,
        _: done_cb,
        _: *mut c_void,
    ) -> c_int {
        -12
    }
    pub unsafe extern "C" fn lib_watch(_: event_cb, _: *mut c_void) {}
    pub unsafe extern "C" fn lib_each(
        _: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
        _: *mut c_void,
    ) {
    }
    #[must_use]
    pub unsafe extern "C" fn free(_: *mut u8) -> c_int {
        0
    }
}

#[spdk_callback(once, sys = sys, typedef = done_cb)]
#[deprecated]
pub type old_cb = unsafe extern "C" fn(
    #[free(sys::free)] object: *mut u8,
    ctx: *mut c_void,
    #[ignore] status: c_int,
);

#[spdk_callback(once, sys = sys)]
pub type done_cb = unsafe extern "C" fn(
    #[handle(close = sys::free)] object: *mut u8,
    ctx: *mut c_void,
    #[status(errno)] status: c_int,
);

#[spdk_callback(multi, sys = sys)]
pub type event_cb = unsafe extern "C" fn(ctx: *mut c_void, kind: u32);

#[spdk_async(sys = sys)]
pub unsafe fn lib_call(
    #[keep] bytes: *const u8,
    #[multi] event: event_cb,
    event_ctx: *mut c_void,
    #[out] written: *mut u8,
    cb: done_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_callback(visitor)]
pub type each_fn = unsafe extern "C" fn(ctx: *mut c_void) -> c_int;

#[spdk_async(multi, sys = sys)]
pub unsafe fn lib_watch(cb: event_cb, ctx: *mut c_void);

#[spdk_async(visitor, sys = sys)]
pub unsafe fn lib_each(cb: each_fn, ctx: *mut c_void);

/// The names that the generated code qualifies are imported: that must not be a qualification too
/// many in the user's eyes.
pub fn imports<A: OnceCallback, B: VisitorCallback, S: Submit<A, ()>>(
    _: Option<Call<A, (), S>>,
    _: Option<<B as Callback>::Fn>,
    _: Option<Subscription<event_cb>>,
) {
}

fn main() {}
