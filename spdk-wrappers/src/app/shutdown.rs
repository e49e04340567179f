//! The request to shut down: made by a signal, seen by whoever waits for it.

use core::future::poll_fn;
use core::task::{Context, Poll, Waker};
use std::sync::{Mutex, MutexGuard, PoisonError};

use slab::Slab;

use crate::adapter::guard;

struct Request {
    made: bool,
    /// One waker for each [`shutdown_requested`] that is waiting.
    waiting: Slab<Waker>,
}

static REQUEST: Mutex<Request> = Mutex::new(Request { made: false, waiting: Slab::new() });

fn request() -> MutexGuard<'static, Request> {
    REQUEST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the request of an earlier application.
pub(super) fn reset() {
    request().made = false;
}

/// SPDK's shutdown callback. It may come before the main future has started.
pub(super) unsafe extern "C" fn make() {
    guard("the shutdown of an application", || {
        let waiting: Vec<Waker> = {
            let mut request = request();
            request.made = true;
            request.waiting.iter().map(|(_, waker)| waker.clone()).collect()
        };
        // Outside of the lock, for this may run anything.
        waiting.into_iter().for_each(Waker::wake);
    });
}

/// Completes when SIGINT or SIGTERM has asked the application to shut down. Of use with
/// [`Shutdown::Notify`](crate::Shutdown::Notify), where it is up to the main future to end.
///
/// ```no_run
/// use spdk_async::{App, Shutdown, shutdown_requested};
///
/// # async fn example() -> spdk_async::Result<()> {
/// App::new("server").shutdown(Shutdown::Notify).run(async || {
///     // ... spawn what serves ...
///     shutdown_requested().await;
/// })?;
/// # Ok(())
/// # }
/// ```
pub async fn shutdown_requested() {
    let mut place = Place(None);
    poll_fn(|cx| place.poll(cx)).await;
}

/// A place among those who wait.
struct Place(Option<usize>);

impl Place {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Cloned before the lock is taken, and the old one dropped after: a waker may run anything.
        let waker = cx.waker().clone();
        let mut request = request();
        if request.made {
            return Poll::Ready(());
        }
        let old = match self.0 {
            Some(key) => Some(core::mem::replace(&mut request.waiting[key], waker)),
            None => {
                self.0 = Some(request.waiting.insert(waker));
                None
            }
        };
        drop(request);
        drop(old);
        Poll::Pending
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let waker = self.0.map(|key| request().waiting.remove(key));
        drop(waker);
    }
}
