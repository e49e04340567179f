//! What the attributes write names the adapter only as `crate = path` says.
#![allow(non_camel_case_types, reason = "the types have C's names")]

use core::ffi::{c_int, c_void};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use records::{Callback, Subscription};

mod sys {
    use core::ffi::{c_int, c_void};

    pub(crate) type each_fn = Option<unsafe extern "C" fn(*mut c_void) -> c_int>;

    pub(crate) unsafe extern "C" fn lib_add(
        one: c_int,
        sum: *mut c_int,
        cb: super::DoneFn,
        ctx: *mut c_void,
    ) -> c_int {
        // SAFETY: the place and the callback are the adapter's.
        unsafe { *sum = one + 1 };
        // SAFETY: as above.
        unsafe { cb.expect("the adapter passes a callback")(ctx, 0) };
        0
    }

    pub(crate) unsafe extern "C" fn lib_watch(_: super::EventFn, _: *mut c_void) -> c_int {
        -libc_enotsup()
    }

    pub(crate) unsafe extern "C" fn lib_each(cb: each_fn, ctx: *mut c_void) {
        // SAFETY: the callback and its context are the adapter's.
        unsafe { cb.expect("the adapter passes a callback")(ctx) };
    }

    const fn libc_enotsup() -> c_int {
        95
    }
}

type DoneFn = <done_cb as Callback>::Fn;
type EventFn = <event_cb as Callback>::Fn;

#[declare::spdk_callback(once, crate = records)]
type done_cb = unsafe extern "C" fn(ctx: *mut c_void, #[status(errno)] status: c_int);

#[storage::spdk_callback(multi, crate = storage::adapter)]
type event_cb = unsafe extern "C" fn(ctx: *mut c_void, number: u32);

#[declare::spdk_callback(visitor, sys = sys, crate = ::records)]
type each_fn = unsafe extern "C" fn(ctx: *mut c_void) -> c_int;

#[storage::spdk_async(sys = sys, crate = ::storage::adapter)]
unsafe fn lib_add(one: c_int, #[out] sum: *mut c_int, cb: done_cb, ctx: *mut c_void) -> c_int;

#[declare::spdk_async(multi, sys = sys, crate = records)]
unsafe fn lib_watch(cb: event_cb, ctx: *mut c_void) -> c_int;

#[declare::spdk_async(visitor, sys = sys, crate = records)]
unsafe fn lib_each(cb: each_fn, ctx: *mut c_void);

#[test]
fn every_kind_works_under_other_names() {
    // SAFETY: a number is asked for, and the function may be called on any thread.
    let mut sum = unsafe { lib_add(1) }.submit();
    let ready = Pin::new(&mut sum).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(((), (2,))))), "{ready:?}");

    let (subscription, _events) = Subscription::<event_cb>::new("lib_watch");
    // SAFETY: the function may be called on any thread.
    assert!(unsafe { lib_watch(&subscription) }.is_err());

    let mut visits = 0;
    // SAFETY: the function calls its callback before it returns.
    unsafe {
        lib_each(|()| {
            visits += 1;
            0
        });
    }
    assert_eq!(visits, 1);
}
