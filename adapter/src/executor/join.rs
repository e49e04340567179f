//! The handle of a spawned task.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::any::Any;

use futures_channel::oneshot;

use super::reference::Counted;
use super::task::Outcome;
use crate::sync::Ordering;

/// Awaits a task's output. Dropping it lets the task run on by itself.
#[must_use = "drop it explicitly to let the task run on unobserved"]
pub struct JoinHandle<T> {
    task: Counted,
    /// `None` once it was ready.
    receiver: Option<oneshot::Receiver<Outcome<T>>>,
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
    pub(super) const fn new(task: Counted, receiver: oneshot::Receiver<Outcome<T>>) -> Self {
        Self { task, receiver: Some(receiver) }
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
        self.receiver.is_none() || self.task.finished.load(Ordering::Acquire)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(receiver) = &mut self.receiver else {
            panic!("a join handle was polled after it was ready")
        };
        let outcome = ready!(Pin::new(receiver).poll(cx));
        self.receiver = None;
        Poll::Ready(match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(JoinError::Panicked(panic)),
            Err(oneshot::Canceled) => Err(JoinError::Cancelled),
        })
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
