//! Wakers of the models' own threads.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;

use super::step::step;

/// Wakes the thread that waits for it. Not `park`: in a model, a thread that is unparked while it
/// waits for a lock forgets it.
pub(crate) struct Bell {
    /// The standard library's: wakers pass from thread to thread through channels and tasks that the
    /// checker does not see, so it would take each use for one before the making.
    rung: AtomicBool,
    notify: Notify,
}

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { rung: AtomicBool::new(false), notify: Notify::new() })
    }

    /// Sleeps until the bell rings. A ring that is lost is a deadlock, which the checker reports.
    pub(crate) fn wait(&self) {
        while !self.rung.swap(false, SeqCst) {
            self.notify.wait();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, SeqCst);
        self.notify.notify();
    }
}

/// Polls once.
pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, bell: &Arc<Bell>) -> Poll<F::Output> {
    step();
    let waker = Waker::from(Arc::clone(bell));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// Awaits on the calling thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let bell = Bell::new();
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        step();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        bell.wait();
    }
}
