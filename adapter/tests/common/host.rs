//! A host that counts how often an executor asks it for a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};

use callback_adapter::{Executor, Wakeup};

use super::storage::pool;

/// Counts the requests, and unparks the thread that made it.
#[derive(Clone, Debug)]
pub(crate) struct Host(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    asked: AtomicUsize,
    thread: Thread,
}

impl Host {
    /// A host on the calling thread.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner { asked: AtomicUsize::new(0), thread: thread::current() }))
    }

    /// A host and an executor on the calling thread.
    pub(crate) fn with_executor() -> (Self, Executor) {
        let host = Self::new();
        let executor = Executor::new(pool(), host.clone());
        (host, executor)
    }

    /// How often the executor has asked since this was last read.
    pub(crate) fn asked(&self) -> usize {
        self.0.asked.swap(0, Ordering::SeqCst)
    }

    /// Runs the executor each time that it asks, until `done`.
    pub(crate) fn serve(&self, executor: &Executor, mut done: impl FnMut() -> bool) {
        while !done() {
            if self.asked() == 0 {
                thread::park();
            } else {
                executor.run(usize::MAX);
            }
        }
    }
}

impl Wakeup for Host {
    fn wake(&self) {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        self.0.thread.unpark();
    }
}
