//! A host that sleeps until its executor asks for a run, and checks when it is asked.

use core::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use callback_adapter::{Executor, Home, Pool, Wakeup};
use loom::sync::Notify;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::ledger::{Entry, Ledger};
use super::step::step;

/// The requests of an executor, for the thread that runs it.
#[derive(Clone)]
pub(crate) struct Host(Arc<Inner>);

struct Inner {
    /// Never dropped: which thread uses it last is not ordered by anything.
    asked: ManuallyDrop<AtomicUsize>,
    ended: AtomicBool,
    notify: Notify,
}

/// The executor's way to its host. That it is dropped shows that nothing keeps the executor's shared
/// part.
struct Asking {
    host: Host,
    _entry: Entry,
}

impl Host {
    /// A host and an executor on the calling thread. `asking` has one entry until the executor and
    /// every way to it are gone.
    ///
    /// The executor ends only by [`end`](Self::end): its drop takes steps, which a model that is
    /// unwinding must not.
    pub(crate) fn with_executor(asking: &Ledger) -> (Self, ManuallyDrop<Executor>) {
        let inner = Inner {
            asked: ManuallyDrop::new(AtomicUsize::new(0)),
            ended: AtomicBool::new(false),
            notify: Notify::new(),
        };
        let host = Self(Arc::new(inner));
        let wakeup = Asking { host: host.clone(), _entry: asking.entry() };
        let executor = Executor::new(Pool::new(Home::os_thread()), wakeup);
        (host, ManuallyDrop::new(executor))
    }

    /// Runs the executor each time that it asks, and at no other time, until `done`.
    pub(crate) fn serve(&self, executor: &Executor, budget: usize, mut done: impl FnMut() -> bool) {
        while !done() {
            if self.0.asked.swap(0, Ordering::Acquire) == 0 {
                self.0.notify.wait();
            } else {
                executor.run(budget);
            }
        }
    }

    /// Runs the executor whenever it has anything ready, asked or not, until `done`.
    pub(crate) fn poll(&self, executor: &Executor, mut done: impl FnMut() -> bool) {
        while !done() {
            if executor.is_idle() {
                thread::yield_now();
            } else {
                self.run(executor);
            }
        }
    }

    /// Runs the executor, asked or not.
    pub(crate) fn run(&self, executor: &Executor) -> usize {
        self.0.asked.swap(0, Ordering::Acquire);
        executor.run(usize::MAX)
    }

    /// Ends the executor, after which the host must not be asked.
    pub(crate) fn end(&self, executor: ManuallyDrop<Executor>) {
        step();
        drop(ManuallyDrop::into_inner(executor));
        step();
        self.0.ended.store(true, SeqCst);
    }
}

impl Wakeup for Asking {
    fn wake(&self) {
        let inner = &self.host.0;
        // Whoever asks may be held up here while the executor ends.
        step();
        assert!(!inner.ended.load(SeqCst), "the host was asked after the end");
        let before = inner.asked.fetch_add(1, Ordering::Release);
        assert_eq!(before, 0, "the host was asked twice between two runs");
        inner.notify.notify();
    }
}
