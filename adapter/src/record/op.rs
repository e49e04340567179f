//! The future of a call whose record is pooled.

use core::ffi::c_void;
use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, Waker};

use super::pool::Pool;
use super::started::{Pending, Started, away};
use crate::call::{Call, Submit};
use crate::{OnceCallback, Payload, read_by_words};

/// A call whose record comes from a [`Pool`]: no allocation once the pool is warm, bound to the
/// pool's home.
///
/// The C function is called at the first poll. Dropping the future before that undoes nothing;
/// dropping it later leaves the record, with everything that C may touch, to the callback.
#[must_use = "futures do nothing unless polled"]
pub struct Pooled<C: OnceCallback, P: Payload, S> {
    /// Dropped by the future, which is over quickly if there is nothing to drop.
    stage: ManuallyDrop<Stage<C, P, S>>,
}

enum Stage<C: OnceCallback, P: Payload, S> {
    /// With the pool, if it is not the one that is entered.
    Idle(Option<Pool>, Call<C, P, S>),
    Begun(Pending<C, P>),
    Finished,
}

// Nothing of the future is ever pinned: what C touches moves into the record first.
impl<C: OnceCallback, P: Payload, S> Unpin for Pooled<C, P, S> {}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Pooled<C, P, S> {
    #[inline]
    pub(crate) const fn new(pool: Option<Pool>, call: Call<C, P, S>) -> Self {
        Self { stage: ManuallyDrop::new(Stage::Idle(pool, call)) }
    }

    /// The context that C carries for this call, from its first poll until it is ready. C libraries
    /// name the target of an abort by it.
    #[must_use]
    pub fn cb_arg(&self) -> Option<*mut c_void> {
        match &*self.stage {
            Stage::Begun(pending) => Some(pending.cb_arg()),
            Stage::Idle(..) | Stage::Finished => None,
        }
    }

    /// Makes the call. The stage is `Idle`.
    #[inline(always)]
    fn start(&mut self, waker: &Waker) -> Started<C, P> {
        let stage = &mut self.stage;
        let Stage::Idle(pool, _) = &mut **stage else { polled_again(C::NAME) };
        // A call that is polled away keeps its pool.
        if pool.as_ref().is_some_and(|pool| !pool.home().is_current()) {
            away(C::NAME);
        }
        let pool = pool.take();
        let mut describe = || {
            let Stage::Idle(None, call) = &**stage else { polled_again(C::NAME) };
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

    /// The call that has been made. The stage is `Begun`.
    #[inline(always)]
    fn begun(&mut self) -> Pending<C, P> {
        let Stage::Begun(pending) = &*self.stage else { polled_again(C::NAME) };
        // SAFETY: what is read is there no more with the next line.
        let pending = unsafe { ptr::read(pending) };
        self.stage = ManuallyDrop::new(Stage::Finished);
        pending
    }
}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Future for Pooled<C, P, S> {
    type Output = P::Reply<C::Value, C::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let pending = if matches!(*self.stage, Stage::Idle(..)) {
            match self.start(cx.waker()) {
                Started::Pending(pending) => pending,
                Started::Completed(completed) => return Poll::Ready(completed.finish()),
                Started::Refused(refused) => return Poll::Ready(refused.finish()),
            }
        } else {
            match self.begun().completed(cx.waker()) {
                Ok(completed) => return Poll::Ready(completed.finish()),
                Err(pending) => pending,
            }
        };
        // The stage is `Finished`: there is nothing to drop.
        self.stage = ManuallyDrop::new(Stage::Begun(pending));
        Poll::Pending
    }
}

impl<C: OnceCallback, P: Payload, S> Drop for Pooled<C, P, S> {
    #[inline(always)]
    fn drop(&mut self) {
        #[inline(never)]
        fn drop_stage<C: OnceCallback, P: Payload, S>(stage: &mut ManuallyDrop<Stage<C, P, S>>) {
            // SAFETY: it is dropped here, once, and nothing uses it again.
            unsafe { ManuallyDrop::drop(stage) };
        }
        if !matches!(*self.stage, Stage::Finished) {
            drop_stage(&mut self.stage);
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
            Stage::Idle(..) => "Idle",
            Stage::Begun(_) => "Begun",
            Stage::Finished => "Finished",
        };
        f.debug_struct("Pooled").field("callback", &C::NAME).field("stage", &stage).finish()
    }
}
