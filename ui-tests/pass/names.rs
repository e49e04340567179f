//! Names of the user that could be taken for names of the generated code, and raw identifiers.
#![allow(non_camel_case_types, improper_ctypes_definitions)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

/// Types and functions with short names.
pub struct S;
pub struct F;
pub struct K0;
fn trampoline() {}
fn visit() {}

mod sys {
    use core::ffi::{c_int, c_void};

    use super::{F, K0, S};

    pub type r#type = Option<
        unsafe extern "C" fn(*mut c_void, Option<fn(S)>, Option<fn(F)>, Option<fn(K0)>, c_int),
    >;

    pub unsafe extern "C" fn r#match(
        _: *mut K0,
        _: u8,
        _: u8,
        _: u8,
        _: *mut u8,
        cb: r#type,
        ctx: *mut c_void,
    ) -> c_int {
        unsafe { cb.unwrap()(ctx, None, None, None, 0) };
        0
    }
}

#[spdk_callback(once, sys = sys)]
type r#type = unsafe extern "C" fn(
    read: *mut c_void,
    status: Option<fn(S)>,
    error: Option<fn(F)>,
    r#fn: Option<fn(K0)>,
    #[status(errno)] cb_arg: c_int,
);

#[spdk_async(sys = sys)]
unsafe fn r#match(
    #[keep] payload: *mut K0,
    cb: u8,
    cb_arg: u8,
    submit: u8,
    #[out] places: *mut u8,
    #[callback] r#type: r#type,
    outs: *mut c_void,
) -> c_int;

fn main() {
    trampoline();
    visit();
    let pool = callback_adapter::Pool::new(callback_adapter::Home::os_thread());
    let call = unsafe { r#match(std::ptr::null_mut(), 1, 2, 3) };
    let mut future = call.on(&pool);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut future).poll(&mut context).is_ready());
}
