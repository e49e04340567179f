//! Declarations inside of a function body, and items that a `cfg` removes.
#![allow(non_camel_case_types)]

fn main() {
    use core::ffi::c_void;

    use spdk_async_macros::{spdk_async, spdk_callback};

    mod sys {
        use core::ffi::c_void;

        pub type done_cb = Option<unsafe extern "C" fn(*mut c_void)>;

        pub unsafe extern "C" fn lib_call(_: done_cb, _: *mut c_void) -> bool {
            false
        }
    }

    #[spdk_callback(once, sys = sys)]
    type done_cb = unsafe extern "C" fn(ctx: *mut c_void);

    #[spdk_callback(once, sys = sys)]
    #[cfg(any())]
    type gone_cb = unsafe extern "C" fn(ctx: *mut c_void, missing: missing::Type);

    #[spdk_async(sys = sys)]
    unsafe fn lib_call(cb: done_cb, ctx: *mut c_void) -> bool;

    #[spdk_async(sys = sys)]
    #[cfg(any())]
    unsafe fn lib_gone(cb: missing_cb, ctx: *mut c_void) -> bool;

    /// A block whose attributes hold for all that is in it.
    #[spdk_async]
    #[cfg(any())]
    #[link(name = "missing")]
    unsafe extern "C" {
        fn lib_missing(cb: missing_cb, ctx: *mut c_void);
    }

    let mut submitted = unsafe { lib_call() }.submit();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let ready = std::pin::Pin::new(&mut submitted).poll(&mut context);
    assert!(matches!(ready, std::task::Poll::Ready(Err(_))));
}
