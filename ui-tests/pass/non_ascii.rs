//! Names beyond ASCII, and raw identifiers wherever a name can stand.
#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use spdk_async_macros::{spdk_async, spdk_callback};

mod größen {
    use core::ffi::{c_int, c_void};

    pub type r#loop = Option<unsafe extern "C" fn(*mut c_void, u32, c_int)>;

    pub unsafe extern "C" fn r#yield(länge: u32, _: *mut u32, cb: r#loop, ctx: *mut c_void) -> c_int {
        unsafe { cb.unwrap()(ctx, länge, 0) };
        0
    }
}

mod r#mod {
    pub use callback_adapter as r#use;
}

/// Meldet die Größe.
#[spdk_callback(once, sys = größen, crate = r#mod::r#use)]
type r#loop = unsafe extern "C" fn(キー: *mut c_void, r#type: u32, #[status(errno)] größe: c_int);

#[spdk_async(sys = größen, name = r#yield)]
unsafe fn messen(länge: u32, #[out] r#in: *mut u32, r#fn: r#loop, キー: *mut c_void) -> c_int;

fn main() {
    let pool = callback_adapter::Pool::new(callback_adapter::Home::os_thread());
    let call = unsafe { messen(7) };
    assert!(format!("{call:?}").contains("\"yield\""), "C knows no raw identifiers: {call:?}");
    let mut future = call.on(&pool);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok((länge, (_,)))) = std::pin::Pin::new(&mut future).poll(&mut context)
    else {
        panic!("it is ready")
    };
    assert_eq!(länge, 7);
}
