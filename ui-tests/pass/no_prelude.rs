//! Nothing is in scope but what is written here.
#![allow(non_camel_case_types)]
#![no_implicit_prelude]

mod sys {
    use ::core::ffi::{c_int, c_void};
    use ::core::option::Option;

    pub type done_cb = Option<unsafe extern "C" fn(*mut u8, *const u8, *mut c_void, c_int)>;
    pub type each_fn = Option<unsafe extern "C" fn(*mut c_void) -> c_int>;
    pub type event_cb = Option<unsafe extern "C" fn(*mut c_void, u32)>;

    pub unsafe extern "C" fn lib_call(_: *const u8, _: *mut u8, _: done_cb, _: *mut c_void) -> c_int {
        -12
    }
    pub unsafe extern "C" fn lib_each(_: each_fn, _: *mut c_void) {}
    pub unsafe extern "C" fn lib_watch(_: event_cb, _: *mut c_void) -> *mut u8 {
        ::core::ptr::null_mut()
    }
    pub unsafe extern "C" fn free(_: *mut u8) -> c_int {
        0
    }
}

use ::core::ffi::{c_int, c_void};
use ::spdk_async_macros::{spdk_async, spdk_callback};

#[spdk_callback(once, sys = sys)]
pub type done_cb = unsafe extern "C" fn(
    #[handle(close = sys::free)] object: *mut u8,
    #[copy] byte: *const u8,
    ctx: *mut c_void,
    #[status(errno)] status: c_int,
);

#[spdk_callback(visitor, sys = sys)]
pub type each_fn = unsafe extern "C" fn(ctx: *mut c_void) -> c_int;

#[spdk_callback(multi, sys = sys)]
pub type event_cb = unsafe extern "C" fn(ctx: *mut c_void, kind: u32);

#[spdk_async(sys = sys)]
pub unsafe fn lib_call(
    #[keep] bytes: *const u8,
    #[out] written: *mut u8,
    cb: done_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(visitor, sys = sys)]
pub unsafe fn lib_each(cb: each_fn, ctx: *mut c_void);

#[spdk_async(multi, sys = sys)]
pub unsafe fn lib_watch(cb: event_cb, ctx: *mut c_void) -> *mut u8;

fn main() {
    unsafe { lib_each(|()| 0) };
    let (subscription, _events) = ::callback_adapter::Subscription::<event_cb>::new("lib_watch");
    ::core::assert!(unsafe { lib_watch(&subscription) }.is_err());
    let _ = unsafe { lib_call(::core::ptr::null()) };
}
