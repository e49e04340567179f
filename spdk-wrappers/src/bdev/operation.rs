//! One operation of a channel, from its first poll to its reply.
//!
//! The future holds what the operation keeps only until the call is made; from then on the record
//! does, and the future no more than the way to it. That is why it is written by hand.

use core::ffi::c_void;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{IoChannel, iowait};
use crate::adapter::{Call, CallError, Errno, Kept, OnceCallback, Pending, Started, Submit};
use crate::error::{Error, Report, Result};

pin_project! {
    /// See [`IoChannel::operate`].
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Operation<'a, C: OnceCallback, K: 'static, D, F, W> {
        channel: &'a IoChannel,
        name: &'static str,
        describe: D,
        finish: F,
        wait: fn(&'a IoChannel) -> W,
        // Until a call is made, and again after a refusal.
        kept: Option<K>,
        pending: Option<Pending<C, Kept<K>>>,
        // For a token.
        listed: Option<*mut c_void>,
        #[pin]
        waiting: Option<W>,
    }
}

impl IoChannel {
    /// Makes a call that keeps `kept`, as often as it takes: when no `spdk_bdev_io` is free, it waits
    /// for one and makes the call again.
    #[inline]
    pub(super) fn call<C, K, S>(
        &self,
        name: &'static str,
        kept: K,
        mut describe: impl FnMut(K) -> Call<C, Kept<K>, S>,
    ) -> impl Future<Output = (Result<C::Value>, K)>
    where
        C: OnceCallback<Error: Report>,
        K: 'static,
        S: Submit<C, Kept<K>>,
    {
        self.operate(name, kept, move |kept| Ok(describe(kept)), |result, kept| (result, kept))
    }

    /// As [`call`](Self::call), for a call that `describe` may refuse to make, and whose reply
    /// `finish` shapes.
    #[inline]
    pub(super) fn operate<'a, C, K, S, D, F, T>(
        &'a self,
        name: &'static str,
        kept: K,
        describe: D,
        finish: F,
    ) -> Operation<'a, C, K, D, F, impl Future<Output = ()> + use<'a, C, K, S, D, F, T>>
    where
        C: OnceCallback<Error: Report>,
        K: 'static,
        S: Submit<C, Kept<K>>,
        D: FnMut(K) -> Described<C, K, S>,
        F: Fn(Result<C::Value>, K) -> T,
    {
        Operation {
            channel: self,
            name,
            describe,
            finish,
            wait: iowait::wait,
            kept: Some(kept),
            pending: None,
            listed: None,
            waiting: None,
        }
    }
}

/// The call to make, or why none is made.
pub(super) type Described<C, K, S> = core::result::Result<Call<C, Kept<K>, S>, (Error, K)>;

impl<'a, C, K, S, D, F, T, W> Future for Operation<'a, C, K, D, F, W>
where
    C: OnceCallback<Error: Report>,
    S: Submit<C, Kept<K>>,
    D: FnMut(K) -> Described<C, K, S>,
    F: Fn(Result<C::Value>, K) -> T,
    W: Future<Output = ()>,
{
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if let Some(waiting) = this.waiting.as_mut().as_pin_mut() {
                ready!(waiting.poll(cx));
                this.waiting.set(None);
            }
            let (result, kept) = if this.pending.is_some() {
                ready!(Pending::poll(this.pending, cx))
            } else {
                let kept = this.kept.take().expect("an operation is not polled again");
                let call = match (this.describe)(kept) {
                    Ok(call) => call,
                    Err((error, kept)) => return Poll::Ready((this.finish)(Err(error), kept)),
                };
                match call.start(this.channel.runtime().pool(), cx.waker()) {
                    Started::Ready(reply) => reply,
                    Started::Pending(pending) => {
                        // SAFETY: the call is pooled.
                        *this.listed = unsafe { this.channel.list(pending.cb_arg()) };
                        *this.pending = Some(pending);
                        return Poll::Pending;
                    }
                }
            };
            if let Some(cb_arg) = this.listed.take() {
                this.channel.unlist(cb_arg);
            }
            match result {
                Ok(value) => return Poll::Ready((this.finish)(Ok(value), kept)),
                Err(error) if is_out_of_io(&error) => {
                    *this.kept = Some(kept);
                    this.waiting.set(Some((this.wait)(this.channel)));
                }
                Err(error) => {
                    let error = Error::of(this.name)(error);
                    return Poll::Ready((this.finish)(Err(error), kept));
                }
            }
        }
    }
}

fn is_out_of_io<E>(error: &CallError<E>) -> bool {
    matches!(error, CallError::Refused(refusal) if refusal.errno() == Some(Errno::ENOMEM))
}
