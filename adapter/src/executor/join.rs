//! The handle of a spawned task.

use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::any::Any;
use std::sync::{Arc, Mutex};

use super::reference::Counted;
use super::task::Outcome;
use crate::sync::Ordering;

/// Awaits a task's output. Dropping it lets the task run on by itself.
#[must_use = "drop it explicitly to let the task run on unobserved"]
pub struct JoinHandle<T> {
    /// Of a future whose output is `T`; the handle is the only one.
    task: Counted,
    /// As with a channel: what can be sent is what may come out.
    marker: PhantomData<Arc<Mutex<T>>>,
}

/// Why a task has no output.
#[derive(thiserror::Error)]
pub enum JoinError {
    /// The task was aborted, or its executor ended first.
    #[error("the task was cancelled before it finished")]
    Cancelled,
    /// The task panicked; the payload is that of the panic.
    #[error("the task panicked")]
    Panicked(Box<dyn Any + Send>),
}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// - The task is new, of a future whose output is `T`, and gets no other handle.
    pub(super) const unsafe fn new(task: Counted) -> Self {
        Self { task, marker: PhantomData }
    }

    /// Asks for the task to be cancelled: its future is dropped on its own thread, at the next run
    /// of its executor. A task that is finished keeps its output.
    pub fn abort(self) {
        self.task.aborted.store(true, Ordering::Relaxed);
        self.task.wake();
    }

    /// Whether the task has finished or was cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// The outcome, if the task has brought one and it has not been taken. The task has finished.
    fn take(&mut self) -> Option<Outcome<T>> {
        self.task.take_outcome().then(|| {
            let mut outcome = MaybeUninit::<Outcome<T>>::uninit();
            // SAFETY: task invariant 6: the body holds an outcome, which is ours to take; by the
            // promise of `new` it is of this type.
            unsafe { self.task.read_outcome(outcome.as_mut_ptr().cast()) };
            // SAFETY: it has just been written.
            unsafe { outcome.assume_init() }
        })
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.task.is_taken(), "a join handle was polled after it was ready");
        if !self.task.await_end(cx.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(match self.take() {
            Some(Ok(value)) => Ok(value),
            Some(Err(panic)) => Err(JoinError::Panicked(panic)),
            None => Err(JoinError::Cancelled),
        })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if self.task.leave() {
            drop(self.take());
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("finished", &self.is_finished()).finish()
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("Cancelled"),
            Self::Panicked(panic) => {
                let text = panic
                    .downcast_ref::<&str>()
                    .copied()
                    .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                f.debug_tuple("Panicked").field(&text.unwrap_or("<not a string>")).finish()
            }
        }
    }
}
