//! The request to shut down: made by a signal, seen by whoever waits for it.

use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::adapter::guard;

struct Request {
    made: bool,
    waiting: Vec<Waker>,
}

static REQUEST: Mutex<Request> = Mutex::new(Request { made: false, waiting: Vec::new() });

fn request() -> MutexGuard<'static, Request> {
    REQUEST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the request of an earlier application.
pub(super) fn reset() {
    let forgotten =
        core::mem::replace(&mut *request(), Request { made: false, waiting: Vec::new() });
    drop(forgotten);
}

/// SPDK's shutdown callback. It may come before the main future has started.
pub(super) unsafe extern "C" fn make() {
    guard("the shutdown of an application", || {
        let waiting = {
            let mut request = request();
            request.made = true;
            core::mem::take(&mut request.waiting)
        };
        // Outside of the lock, for this may run anything.
        waiting.into_iter().for_each(Waker::wake);
    });
}

/// Completes when SIGINT or SIGTERM has asked the application to shut down. Of use with
/// [`Shutdown::Notify`](crate::Shutdown::Notify), where it is up to the main future to end.
pub async fn shutdown_requested() {
    poll_fn(|cx| {
        // Cloned before the lock is taken: a waker may run anything.
        let waker = cx.waker().clone();
        let mut request = request();
        if request.made {
            return Poll::Ready(());
        }
        if !request.waiting.iter().any(|other| other.will_wake(&waker)) {
            request.waiting.push(waker);
        }
        Poll::Pending
    })
    .await;
}
