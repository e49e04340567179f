//! Runs futures step by step, on the C library's own terms: nothing happens unless a test says so.

use core::ffi::c_int;
use core::future::{Future, IntoFuture};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use callback_adapter::{Home, Pool};

use crate::shapes::sys;

/// How the next C calls of this thread end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Called back by [`poll_c`].
    Deferred,
    /// Called back before the call returns.
    Inline,
    /// Refused; no callback comes.
    Refused,
}

/// Sets how the next C calls of this thread end, and what status their callbacks report.
pub fn set(mode: Mode, status: c_int) {
    let mode = match mode {
        Mode::Deferred => sys::SHAPES_DEFERRED,
        Mode::Inline => sys::SHAPES_INLINE,
        Mode::Refused => sys::SHAPES_REFUSED,
    };
    // SAFETY: it sets two variables of this thread.
    unsafe { sys::shapes_set(mode, status) }
}

/// Runs this thread's deferred callbacks; says how many ran.
pub fn poll_c() -> c_int {
    // SAFETY: the callbacks are those of calls that the adapter made.
    unsafe { sys::shapes_poll() }
}

/// I/Os that C lent to a callback and did not get back.
#[must_use]
pub fn live_ios() -> c_int {
    // SAFETY: it reads a variable of this thread.
    unsafe { sys::shapes_live_ios() }
}

/// Objects that are open.
#[must_use]
pub fn live_objects() -> c_int {
    // SAFETY: it reads a variable of this thread.
    unsafe { sys::shapes_live_objects() }
}

/// The outcome of a future that is ready, or becomes so by one round of C's callbacks.
///
/// # Panics
///
/// If it is not ready then.
pub fn finish<T>(call: impl IntoFuture<Output = T>) -> T {
    let pool = Pool::new(Home::os_thread());
    pool.enter(|| {
        let mut future = pin!(call.into_future());
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        assert_eq!(poll_c(), 1, "one call was made, so one callback is due");
        match future.poll(&mut context) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("the callback came and the future is not ready"),
        }
    })
}

/// Runs `body` once with deferred callbacks and once with inline ones, all reporting `status`.
pub fn both_ways(status: c_int, mut body: impl FnMut()) {
    for mode in [Mode::Deferred, Mode::Inline] {
        set(mode, status);
        body();
    }
}
