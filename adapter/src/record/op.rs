//! The future of a call whose record is pooled.

use core::ffi::c_void;
use core::fmt;
use core::future::Future;
use core::mem::{self, ManuallyDrop};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use super::pool::Pool;
use super::started::{Pending, Refused};
use crate::call::{Call, Submit};
use crate::{OnceCallback, Payload, read_by_words};

/// A call whose record comes from a [`Pool`]: no allocation once the pool is warm, bound to the
/// pool's home.
///
/// The C function is called at the first poll. Dropping the future before that undoes nothing;
/// dropping it later leaves the record, with everything that C may touch, to the callback.
#[must_use = "futures do nothing unless polled"]
pub struct Pooled<C: OnceCallback, P: Payload, S> {
    /// The entered one, if there is none here.
    pool: Option<Pool>,
    /// Dropped by the future, which is over quickly if there is nothing to drop.
    stage: ManuallyDrop<Stage<C, P, S>>,
}

enum Stage<C: OnceCallback, P: Payload, S> {
    Idle(Call<C, P, S>),
    Begun(Pending<C, P>),
    Finished,
}

// Nothing of the future is ever pinned: what C touches moves into the record first.
impl<C: OnceCallback, P: Payload, S> Unpin for Pooled<C, P, S> {}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Pooled<C, P, S> {
    #[inline]
    pub(crate) const fn new(pool: Option<Pool>, call: Call<C, P, S>) -> Self {
        Self { pool, stage: ManuallyDrop::new(Stage::Idle(call)) }
    }

    /// The context that C carries for this call, from its first poll until it is ready. C libraries
    /// name the target of an abort by it.
    #[must_use]
    pub fn cb_arg(&self) -> Option<*mut c_void> {
        match &*self.stage {
            Stage::Begun(pending) => Some(pending.cb_arg()),
            Stage::Idle(_) | Stage::Finished => None,
        }
    }

    /// Makes the call. The stage is `Idle`.
    #[inline(always)]
    fn start(&mut self, waker: &Waker) -> Result<Pending<C, P>, Refused<P>> {
        let Self { pool, stage } = self;
        let mut describe = || {
            let Stage::Idle(call) = &**stage else { polled_again(C::NAME) };
            // SAFETY: what is read is there no more with the next line.
            let call = unsafe { read_by_words(call) };
            *stage = ManuallyDrop::new(Stage::Finished);
            call
        };
        match pool {
            Some(pool) => pool.start(waker, describe),
            None => Pool::with_entered(|pool| match pool {
                Some(pool) => pool.start(waker, describe),
                None => outside(describe().name),
            }),
        }
    }
}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Future for Pooled<C, P, S> {
    type Output = P::Reply<C::Value, C::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let completed = if matches!(*self.stage, Stage::Idle(_)) {
            match self.start(cx.waker()) {
                Ok(pending) if pending.is_done() => pending.completed(cx.waker()),
                Ok(pending) => Err(pending),
                Err(refused) => return Poll::Ready(refused.finish()),
            }
        } else {
            let Stage::Begun(pending) = mem::replace(&mut *self.stage, Stage::Finished) else {
                polled_again(C::NAME)
            };
            pending.completed(cx.waker())
        };
        match completed {
            Ok(completed) => Poll::Ready(completed.finish()),
            Err(pending) => {
                // The stage is `Finished`: there is nothing to drop.
                self.stage = ManuallyDrop::new(Stage::Begun(pending));
                Poll::Pending
            }
        }
    }
}

impl<C: OnceCallback, P: Payload, S> Drop for Pooled<C, P, S> {
    #[inline(always)]
    fn drop(&mut self) {
        if !matches!(*self.stage, Stage::Finished) {
            // SAFETY: it is dropped here, once, and nothing uses it again.
            unsafe { ManuallyDrop::drop(&mut self.stage) };
        }
    }
}

#[cold]
fn polled_again(callback: &str) -> ! {
    panic!("`{callback}` was polled after it had completed");
}

#[cold]
fn outside(function: &str) -> ! {
    panic!(
        "`{function}` was awaited outside of an executor: use `Call::on` with a pool, or `Call::submit`"
    );
}

impl<C: OnceCallback, P: Payload, S> fmt::Debug for Pooled<C, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &*self.stage {
            Stage::Idle(_) => "Idle",
            Stage::Begun(_) => "Begun",
            Stage::Finished => "Finished",
        };
        f.debug_struct("Pooled").field("callback", &C::NAME).field("stage", &stage).finish()
    }
}
