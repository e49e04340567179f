//! The two storages, for scenarios that must hold for both.

use core::pin::Pin;
use std::future::Future;
use std::task::{Context, Poll, Waker};

use callback_adapter::{Call, Home, OnceCallback, Payload, Pool, Submit};

/// Where a call's record lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pooled,
    Boxed,
}

/// The reply of a call.
pub(crate) type ReplyOf<C, P> =
    <P as Payload>::Reply<<C as OnceCallback>::Value, <C as OnceCallback>::Error>;

/// A call's future, of either storage.
pub(crate) type Started<C, P> = Pin<Box<dyn Future<Output = ReplyOf<C, P>>>>;

impl Kind {
    /// The call's future, before anything was polled. A boxed call has been made by now.
    pub(crate) fn start<C, P, S>(self, pool: &Pool, call: Call<C, P, S>) -> Started<C, P>
    where
        C: OnceCallback<Value: Send, Error: Send>,
        P: Payload + Send,
        S: Submit<C, P>,
    {
        match self {
            Self::Pooled => Box::pin(call.on(pool)),
            Self::Boxed => Box::pin(call.submit()),
        }
    }
}

/// A pool of the calling OS thread.
pub(crate) fn pool() -> Pool {
    Pool::new(Home::os_thread())
}

/// Polls once.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls a future once that must be ready.
#[track_caller]
pub(crate) fn ready<F: Future + Unpin>(future: &mut F) -> F::Output {
    match poll(future, Waker::noop()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is not ready"),
    }
}

/// Polls a future once that must not be ready.
#[track_caller]
pub(crate) fn pending<F: Future + Unpin>(future: &mut F, waker: &Waker) {
    assert!(poll(future, waker).is_pending(), "the future is ready");
}

/// Turns scenarios, functions of a [`Kind`], into one test for each storage.
macro_rules! for_both_storages {
    ($($scenario:ident),+ $(,)?) => {
        mod pooled {
            $(#[test] fn $scenario() { super::$scenario(crate::common::storage::Kind::Pooled) })+
        }
        mod boxed {
            $(#[test] fn $scenario() { super::$scenario(crate::common::storage::Kind::Boxed) })+
        }
    };
}
pub(crate) use for_both_storages;
