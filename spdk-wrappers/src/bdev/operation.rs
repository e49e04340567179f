//! One operation of a channel, from its first poll to its reply.
//!
//! The future holds what the operation keeps only until the call is made; from then on the record
//! does, and the future no more than the way to it. That is why it is written by hand.

use core::future::Future;
use core::mem::{self, ManuallyDrop};
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, ready};
use std::rc::Rc;

use super::channel::ChannelInner;
use super::{IoChannel, iowait};
use crate::adapter::{
    Call, CallError, Completed, Errno, Failure, Kept, OnceCallback, Pending, Refused, Started,
    Submit, read_by_words,
};
use crate::error::{Error, Report, Result};

/// See [`operate`]. There may be a million at once, so its size counts.
#[must_use = "futures do nothing unless polled"]
pub(super) struct Operation<C: OnceCallback, H: 'static, K: 'static, X, D, F> {
    check: X,
    describe: D,
    finish: F,
    /// Dropped by the operation, which is over quickly if there is nothing to drop.
    stage: ManuallyDrop<Stage<C, H, K>>,
}

/// Of no more bytes than what is held: everything else fits around a pointer of that.
enum Stage<C: OnceCallback, H: 'static, K: 'static> {
    Idle(H),
    Later(Later<C, H, K>),
}

enum Later<C: OnceCallback, H: 'static, K: 'static> {
    /// For an `spdk_bdev_io`, which is rare enough for an allocation.
    Waiting(Pin<Box<dyn Future<Output = H>>>),
    Begun(Pending<C, Kept<K>>),
    Finished,
}

/// What operations keep: a channel first, and whatever else.
pub(super) trait Keeps: 'static {
    fn channel(&self) -> &Rc<ChannelInner>;
}

/// What a record keeps of what an operation holds before the call and after. For most that is the same.
pub(super) trait Record<H>: Keeps {
    /// Takes note, in the record, that the call has succeeded.
    fn succeeded(&mut self);
    /// What is held.
    fn give_back(self) -> H;
}

impl<K: Keeps> Record<K> for K {
    #[inline(always)]
    fn succeeded(&mut self) {}

    #[inline(always)]
    fn give_back(self) -> K {
        self
    }
}

/// A channel, or what stands for it.
pub(super) trait KeptChannel: 'static {
    fn channel(&self) -> &Rc<ChannelInner>;
}

impl KeptChannel for Rc<ChannelInner> {
    #[inline]
    fn channel(&self) -> &Rc<ChannelInner> {
        self
    }
}

impl<H: KeptChannel> Keeps for (H,) {
    fn channel(&self) -> &Rc<ChannelInner> {
        self.0.channel()
    }
}

impl<H: KeptChannel, A: 'static> Keeps for (H, A) {
    #[inline]
    fn channel(&self) -> &Rc<ChannelInner> {
        self.0.channel()
    }
}

impl<H: KeptChannel, A: 'static, B: 'static> Keeps for (H, A, B) {
    fn channel(&self) -> &Rc<ChannelInner> {
        self.0.channel()
    }
}

impl<C: OnceCallback, H, K, X, D, F> Drop for Operation<C, H, K, X, D, F> {
    #[inline(always)]
    fn drop(&mut self) {
        #[inline(never)]
        fn drop_stage<C: OnceCallback, H, K>(stage: &mut ManuallyDrop<Stage<C, H, K>>) {
            // SAFETY: it is dropped here, once, and nothing uses it again.
            unsafe { ManuallyDrop::drop(stage) };
        }
        if !matches!(*self.stage, Stage::Later(Later::Finished)) {
            drop_stage(&mut self.stage);
        }
    }
}

// Nothing in it is ever pinned: what C touches moves into the record first.
impl<C: OnceCallback, H, K, X, D, F> Unpin for Operation<C, H, K, X, D, F> {}

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
        K: Keeps,
        S: Submit<C, Kept<K>>,
    {
        let describe = move |kept: K, ()| describe(kept);
        operate(kept, |_: &mut K| Ok(()), describe, |result, kept| (result, kept))
    }
}

/// As [`IoChannel::call`], for a call that `check` may refuse to make, or else gives the arguments of,
/// and whose reply `finish` shapes.
///
/// What is held moves from the future into the record, and back from there into the reply. Both moves are
/// cheap because `describe` does not unwind and has nothing to drop.
#[inline(always)]
pub(super) const fn operate<C, H, K, A, S, X, D, F, T>(
    held: H,
    check: X,
    describe: D,
    finish: F,
) -> Operation<C, H, K, X, D, F>
where
    C: OnceCallback,
    H: Keeps,
    X: Fn(&mut H) -> Result<A>,
    D: FnMut(H, A) -> Call<C, Kept<K>, S>,
    F: Fn(Result<C::Value>, H) -> T,
{
    Operation { check, describe, finish, stage: ManuallyDrop::new(Stage::Idle(held)) }
}

impl<C, H, K, A, S, X, D, F, T> Future for Operation<C, H, K, X, D, F>
where
    C: OnceCallback<Error: Report>,
    H: Keeps,
    K: Record<H>,
    S: Submit<C, Kept<K>>,
    X: Fn(&mut H) -> Result<A>,
    D: FnMut(H, A) -> Call<C, Kept<K>, S>,
    F: Fn(Result<C::Value>, H) -> T,
{
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        loop {
            match &*this.stage {
                Stage::Idle(_) => return this.begin(cx),
                Stage::Later(Later::Begun(_)) => return this.resume(cx),
                Stage::Later(Later::Waiting(_) | Later::Finished) => ready!(this.wait(cx)),
            }
        }
    }
}

impl<C, H, K, A, S, X, D, F, T> Operation<C, H, K, X, D, F>
where
    C: OnceCallback<Error: Report>,
    H: Keeps,
    K: Record<H>,
    S: Submit<C, Kept<K>>,
    X: Fn(&mut H) -> Result<A>,
    D: FnMut(H, A) -> Call<C, Kept<K>, S>,
    F: Fn(Result<C::Value>, H) -> T,
{
    #[inline(always)]
    fn finish_stage(&mut self) -> Stage<C, H, K> {
        mem::replace(&mut *self.stage, Stage::Later(Later::Finished))
    }

    /// Goes on from `Finished`, of which nothing has to be dropped.
    #[inline(always)]
    fn proceed(&mut self, later: Later<C, H, K>) {
        self.stage = ManuallyDrop::new(Stage::Later(later));
    }

    /// Looks whether C has called back. The stage is `Begun`.
    #[inline(always)]
    fn resume(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Stage::Later(Later::Begun(pending)) = &*self.stage else { panic!("{POLLED_AGAIN}") };
        // SAFETY: what is read is there no more with the next line.
        let pending = unsafe { ptr::read(pending) };
        self.proceed(Later::Finished);
        match pending.completed(cx.waker()) {
            Ok(completed) => self.end(completed),
            Err(pending) => {
                self.proceed(Later::Begun(pending));
                Poll::Pending
            }
        }
    }

    /// Makes the call. The stage is `Idle`.
    #[inline(always)]
    fn begin(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Stage::Idle(held) = &mut *self.stage else { panic!("{POLLED_AGAIN}") };
        let arguments = match (self.check)(held) {
            Ok(arguments) => arguments,
            Err(error) => {
                let Stage::Idle(held) = self.finish_stage() else { panic!("{POLLED_AGAIN}") };
                return Poll::Ready((self.finish)(Err(error), held));
            }
        };
        let channel = Rc::as_ptr(held.channel());
        // SAFETY: it is kept as long as this is used: here until `describe` runs, which does not unwind;
        // then in the record, which goes only with this future, that is being polled.
        let channel = unsafe { &*channel };
        let describe = || {
            let Stage::Idle(held) = &*self.stage else { panic!("{POLLED_AGAIN}") };
            // SAFETY: what is read is there no more with the next line.
            let held = unsafe { read_by_words(held) };
            self.stage = ManuallyDrop::new(Stage::Later(Later::Finished));
            (self.describe)(held, arguments)
        };
        match channel.pool().start(cx.waker(), describe) {
            Started::Pending(pending) => {
                channel.list(&pending);
                self.proceed(Later::Begun(pending));
                Poll::Pending
            }
            Started::Completed(completed) => self.end(completed),
            Started::Refused(refused) => self.refused(cx, refused),
        }
    }

    /// Waits for an `spdk_bdev_io` if that is what C has none of.
    #[inline(always)]
    fn refused(&mut self, cx: &mut Context<'_>, refused: Refused<C, Kept<K>>) -> Poll<T> {
        let (function, refusal) = (refused.function(), refused.refusal());
        if refusal.errno() == Some(Errno::ENOMEM) {
            self.begin_wait(cx, refused);
            return Poll::Pending;
        }
        let error = Error::refused(function, refusal);
        let Kept(kept) = refused.into_payload();
        Poll::Ready((self.finish)(Err(error), kept.give_back()))
    }

    /// Apart, and without a result in memory: what is on the way of a success stays in registers.
    #[cold]
    #[inline(never)]
    fn begin_wait(&mut self, cx: &mut Context<'_>, refused: Refused<C, Kept<K>>) {
        let Kept(kept) = refused.into_payload();
        let held = kept.give_back();
        self.proceed(Later::Waiting(Box::pin(async move {
            iowait::wait(held.channel()).await;
            held
        })));
        // As it is, the wait always pauses first, and wakes the task itself.
        if self.wait(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    /// Waits until another call is worth while. The stage is `Waiting`.
    #[cold]
    #[inline(never)]
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Stage::Later(Later::Waiting(waiting)) = &mut *self.stage else {
            panic!("{POLLED_AGAIN}")
        };
        let held = ready!(waiting.as_mut().poll(cx));
        *self.stage = Stage::Idle(held);
        Poll::Ready(())
    }

    #[inline(always)]
    fn end(&mut self, completed: Completed<C, Kept<K>>) -> Poll<T> {
        let Kept(kept) = completed.payload();
        kept.channel().unlist(&completed);
        let (result, mut remainder) = completed.take_result(failed);
        if result.is_ok() {
            remainder.payload_mut().0.succeeded();
        }
        let Kept(kept) = remainder.into_payload();
        Poll::Ready((self.finish)(result, kept.give_back()))
    }
}

fn failed<E: Report>(failure: Failure<E>) -> Error {
    Error::of(failure.function)(CallError::Failed(failure.error))
}

const POLLED_AGAIN: &str = "an operation is not polled after it was ready";
