//! One operation of a channel, from its first poll to its reply.
//!
//! The future holds what the operation keeps only until the call is made; from then on the record
//! does, and the future no more than the way to it. That is why it is written by hand.

use core::future::Future;
use core::mem::{self, ManuallyDrop};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::{IoChannel, iowait};
use crate::adapter::{
    Call, Completed, Errno, Kept, OnceCallback, Pending, Refused, Submit, read_by_words,
};
use crate::error::{Error, Report, Result};

/// See [`IoChannel::operate`].
#[must_use = "futures do nothing unless polled"]
pub(super) struct Operation<'a, C: OnceCallback, K: 'static, X, D, F> {
    channel: &'a IoChannel,
    check: X,
    describe: D,
    finish: F,
    /// Dropped by the operation, which is over quickly if there is nothing to drop.
    stage: ManuallyDrop<Stage<'a, C, K>>,
}

enum Stage<'a, C: OnceCallback, K: 'static> {
    Idle(K),
    /// For an `spdk_bdev_io`, which is rare enough for an allocation.
    Waiting(K, Pin<Box<dyn Future<Output = ()> + 'a>>),
    Begun(Pending<C, Kept<K>>),
    Finished,
}

impl<C: OnceCallback, K, X, D, F> Drop for Operation<'_, C, K, X, D, F> {
    #[inline(always)]
    fn drop(&mut self) {
        if !matches!(*self.stage, Stage::Finished) {
            // SAFETY: it is dropped here, once, and nothing uses it again.
            unsafe { ManuallyDrop::drop(&mut self.stage) };
        }
    }
}

// Nothing in it is ever pinned: what C touches moves into the record first.
impl<C: OnceCallback, K, X, D, F> Unpin for Operation<'_, C, K, X, D, F> {}

impl IoChannel {
    /// Makes a call that keeps `kept`, as often as it takes: when no `spdk_bdev_io` is free, it waits
    /// for one and makes the call again.
    #[inline]
    pub(super) fn call<C, K, S>(
        &self,
        kept: K,
        mut describe: impl FnMut(K) -> Call<C, Kept<K>, S>,
    ) -> impl Future<Output = (Result<C::Value>, K)>
    where
        C: OnceCallback<Error: Report>,
        K: 'static,
        S: Submit<C, Kept<K>>,
    {
        let describe = move |kept, ()| describe(kept);
        self.operate(kept, |_| Ok(()), describe, |result, kept| (result, kept))
    }

    /// As [`call`](Self::call), for a call that `check` may refuse to make, or else gives the arguments
    /// of, and whose reply `finish` shapes.
    ///
    /// What is kept moves from the future into the record and from there into the reply. Both moves are
    /// cheap because `describe` does not unwind and has nothing to drop.
    #[inline(always)]
    pub(super) const fn operate<C, K, A, S, X, D, F, T>(
        &self,
        kept: K,
        check: X,
        describe: D,
        finish: F,
    ) -> Operation<'_, C, K, X, D, F>
    where
        C: OnceCallback,
        K: 'static,
        X: Fn(&K) -> Result<A>,
        D: FnMut(K, A) -> Call<C, Kept<K>, S>,
        F: Fn(Result<C::Value>, K) -> T,
    {
        Operation {
            channel: self,
            check,
            describe,
            finish,
            stage: ManuallyDrop::new(Stage::Idle(kept)),
        }
    }
}

impl<C, K, A, S, X, D, F, T> Future for Operation<'_, C, K, X, D, F>
where
    C: OnceCallback<Error: Report>,
    S: Submit<C, Kept<K>>,
    X: Fn(&K) -> Result<A>,
    D: FnMut(K, A) -> Call<C, Kept<K>, S>,
    F: Fn(Result<C::Value>, K) -> T,
{
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        if let Stage::Waiting(..) = &*this.stage {
            ready!(this.wait(cx));
        }
        if let Stage::Idle(_) = &*this.stage {
            return this.begin(cx);
        }
        let Stage::Begun(pending) = this.finish_stage() else { panic!("{POLLED_AGAIN}") };
        match pending.completed(cx.waker()) {
            Ok(completed) => this.end(completed),
            Err(pending) => {
                this.proceed(Stage::Begun(pending));
                Poll::Pending
            }
        }
    }
}

impl<'a, C, K, A, S, X, D, F, T> Operation<'a, C, K, X, D, F>
where
    C: OnceCallback<Error: Report>,
    S: Submit<C, Kept<K>>,
    X: Fn(&K) -> Result<A>,
    D: FnMut(K, A) -> Call<C, Kept<K>, S>,
    F: Fn(Result<C::Value>, K) -> T,
{
    #[inline(always)]
    fn finish_stage(&mut self) -> Stage<'a, C, K> {
        mem::replace(&mut *self.stage, Stage::Finished)
    }

    /// Goes on from `Finished`, of which nothing has to be dropped.
    #[inline(always)]
    fn proceed(&mut self, stage: Stage<'a, C, K>) {
        self.stage = ManuallyDrop::new(stage);
    }

    /// Makes the call. The stage is `Idle`.
    #[inline(always)]
    fn begin(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Stage::Idle(kept) = &*self.stage else { panic!("{POLLED_AGAIN}") };
        let arguments = match (self.check)(kept) {
            Ok(arguments) => arguments,
            Err(error) => {
                let Stage::Idle(kept) = self.finish_stage() else { panic!("{POLLED_AGAIN}") };
                return Poll::Ready((self.finish)(Err(error), kept));
            }
        };
        let pool = self.channel.pool();
        let describe = || {
            let Stage::Idle(kept) = &*self.stage else { panic!("{POLLED_AGAIN}") };
            // SAFETY: what is read is there no more with the next line.
            let kept = unsafe { read_by_words(kept) };
            self.stage = ManuallyDrop::new(Stage::Finished);
            (self.describe)(kept, arguments)
        };
        match pool.start(cx.waker(), describe) {
            Ok(pending) if pending.is_done() => match pending.completed(cx.waker()) {
                Ok(completed) => self.end(completed),
                Err(_) => unreachable!("it is done"),
            },
            Ok(pending) => {
                self.channel.list(&pending);
                self.proceed(Stage::Begun(pending));
                Poll::Pending
            }
            Err(Refused { refusal, payload: Kept(kept), .. })
                if refusal.errno() == Some(Errno::ENOMEM) =>
            {
                self.proceed(Stage::Waiting(kept, Box::pin(iowait::wait(self.channel))));
                // As it is, the wait always pauses first, and wakes the task itself.
                if self.wait(cx).is_ready() {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
            Err(Refused { function, refusal, payload: Kept(kept) }) => {
                Poll::Ready((self.finish)(Err(Error::refused(function, refusal)), kept))
            }
        }
    }

    /// Waits until another call is worth while.
    #[cold]
    #[inline(never)]
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Stage::Waiting(_, waiting) = &mut *self.stage else { return Poll::Ready(()) };
        ready!(waiting.as_mut().poll(cx));
        if let Stage::Waiting(kept, _) = self.finish_stage() {
            self.proceed(Stage::Idle(kept));
        }
        Poll::Ready(())
    }

    #[inline(always)]
    fn end(&mut self, completed: Completed<C, Kept<K>>) -> Poll<T> {
        self.channel.unlist(&completed);
        Poll::Ready(match completed.into_success() {
            Ok((value, Kept(kept))) => (self.finish)(Ok(value), kept),
            Err(failed) => {
                let function = failed.function();
                let (result, kept) = failed.finish();
                (self.finish)(result.map_err(Error::of(function)), kept)
            }
        })
    }
}

const POLLED_AGAIN: &str = "an operation is not polled after it was ready";
