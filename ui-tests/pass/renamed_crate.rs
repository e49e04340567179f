//! The adapter is reached through other names, as by a facade that re-exports it.
#![allow(non_camel_case_types)]

mod facade {
    pub use callback_adapter as adapter;
}

use core::ffi::c_void;

use facade::adapter as renamed;
use spdk_async_macros::{spdk_async, spdk_callback};

mod sys {
    use core::ffi::c_void;

    pub type done_cb = Option<unsafe extern "C" fn(*mut c_void)>;

    pub unsafe extern "C" fn lib_call(cb: done_cb, ctx: *mut c_void) {
        unsafe { cb.unwrap()(ctx) }
    }
}

#[spdk_callback(once, sys = sys, crate = crate::facade::adapter)]
type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_async(sys = sys, crate = renamed)]
unsafe fn lib_call(cb: done_cb, ctx: *mut c_void);

fn main() {
    let submitted = unsafe { lib_call() }.submit();
    let mut submitted = std::pin::pin!(submitted);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(submitted.as_mut().poll(&mut context).is_ready());
}
