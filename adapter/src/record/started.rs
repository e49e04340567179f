//! A call that has been made with a pooled record: for futures written by hand, and the second half of
//! `Pooled`.

use core::ffi::c_void;
use core::fmt;
use core::mem::ManuallyDrop;
use core::task::Waker;

use super::owner::Record;
use super::pool::Pool;
use super::state;
use crate::call::{Call, Submit};
use crate::executor::{self, Wake};
use crate::{CallError, OnceCallback, Payload, Refusal, report, unwind};

/// A call that C has taken, with a record of a pool. Dropping it leaves the record to the callback.
#[must_use = "the outcome of the call is lost, and with it what the record keeps"]
pub struct Pending<C: OnceCallback, P: Payload>(Record<C, P>);

/// A call that has ended by its callback, whose outcome is still in the record.
#[must_use = "the outcome of the call is lost, and with it what the record keeps"]
pub struct Completed<C: OnceCallback, P: Payload>(
    /// Done: nothing else makes one of these.
    Record<C, P>,
);

/// What is left of a call whose result has been taken.
#[must_use = "what the record keeps is lost"]
pub struct Remainder<C: OnceCallback, P: Payload>(
    /// Bare: nothing else makes one of these.
    Record<C, P>,
);

/// A call that C has refused.
#[must_use = "what the record keeps is lost"]
pub struct Refused<C: OnceCallback, P: Payload>(Record<C, P>, Refusal);

/// What became of a call that was made.
#[must_use = "the outcome of the call is lost, and with it what the record keeps"]
pub enum Started<C: OnceCallback, P: Payload> {
    /// C has taken it.
    Pending(Pending<C, P>),
    /// C has called back by now.
    Completed(Completed<C, P>),
    /// C has not taken it.
    Refused(Refused<C, P>),
}

impl Pool {
    /// Edges 1 to 4: makes the call that `describe` gives, with a record of this pool, whose callback wakes
    /// `waker`.
    ///
    /// # Panics
    ///
    /// If the pool's home is not current. `describe` is not run then.
    #[inline(always)]
    pub fn start<C: OnceCallback, P: Payload, S: Submit<C, P>>(
        &self,
        waker: &Waker,
        describe: impl FnOnce() -> Call<C, P, S>,
    ) -> Started<C, P> {
        // While its task is polled, the home is current.
        let polled = executor::polled(waker, self);
        if polled.is_none() && !self.home().is_current() {
            away(C::NAME);
        }
        // Between this and the submit nothing unwinds; so the payload goes to the record directly.
        let Call { name, payload, mut submit, .. } = describe();
        let record = ManuallyDrop::new(Record::<C, P>::begin(self, name, payload));
        // If it unwound, nobody could say whether C has the record.
        let accepted = unwind::guard_named(record.function_later(), || {
            submit(record.payload(), C::POOLED, record.cb_arg())
        });
        let record = ManuallyDrop::into_inner(record);
        if let Err(refusal) = accepted {
            return Started::Refused(refused(record, refusal));
        }
        let accepted = match polled {
            Some(task) => record.accept(|| Wake::Task(task.waiting())),
            None => {
                let record = accept_other(record, waker);
                if record.is_done() { Err(record) } else { Ok(record) }
            }
        };
        match accepted {
            Ok(record) => Started::Pending(Pending(record)),
            Err(record) => Started::Completed(Completed(record)),
        }
    }
}

/// Edge 4 with a waker that may run anything when it is cloned, the callback included. What became of that is
/// in the record, so that one word is returned.
#[cold]
#[inline(never)]
fn accept_other<C: OnceCallback, P: Payload>(record: Record<C, P>, waker: &Waker) -> Record<C, P> {
    let waker = waker.clone();
    if record.is_done() {
        // Here, for if its drop unwinds, that is the end of the record.
        drop(waker);
        return record;
    }
    match record.accept(|| Wake::Other(waker)) {
        Ok(record) | Err(record) => record,
    }
}

#[cold]
#[inline(never)]
fn refused<C: OnceCallback, P: Payload>(record: Record<C, P>, refusal: Refusal) -> Refused<C, P> {
    if record.refuse() == state::Refusal::AfterStray {
        report::stray(C::NAME);
    }
    Refused(record, refusal)
}

#[cold]
#[inline(never)]
pub(super) fn away(callback: &str) -> ! {
    panic!("a call that `{callback}` completes was polled away from its thread");
}

impl<C: OnceCallback, P: Payload> Pending<C, P> {
    /// The context that C carries for this call.
    #[must_use]
    #[inline]
    pub fn cb_arg(&self) -> *mut c_void {
        self.0.cb_arg()
    }

    /// The completed call. If C has not called back, its callback wakes `waker` instead of an earlier one.
    ///
    /// # Errors
    ///
    /// The call itself, if C has not called back.
    #[inline(always)]
    pub fn completed(self, waker: &Waker) -> Result<Completed<C, P>, Self> {
        self.0.done(waker).map(Completed).map_err(Self)
    }
}

impl<C: OnceCallback, P: Payload> Completed<C, P> {
    /// The context that C carried for this call.
    #[must_use]
    #[inline]
    pub fn cb_arg(&self) -> *mut c_void {
        self.0.cb_arg()
    }

    /// What the record keeps.
    #[must_use]
    #[inline(always)]
    pub fn payload(&self) -> &P {
        // SAFETY: slot invariant 3: the payload is live as long as the record is in use. C is done with
        // it, for it has called back.
        unsafe { &*self.0.payload() }
    }

    /// What the callback reported; a failure as `failed` makes it, so that a success is not moved about
    /// in its size. What the record kept stays there until it is taken as well.
    ///
    /// # Panics
    ///
    /// With the panic of reading the report.
    #[inline(always)]
    pub fn take_result<E>(
        self,
        failed: impl FnOnce(Failure<C::Error>) -> E,
    ) -> (Result<C::Value, E>, Remainder<C, P>) {
        // SAFETY: the record of a `Completed` is done.
        let result = unsafe { self.0.take_result(failed) };
        (result, Remainder(self.0))
    }

    /// The reply.
    ///
    /// # Panics
    ///
    /// With the panic of reading the report.
    #[inline(always)]
    pub fn finish(self) -> P::Reply<C::Value, C::Error> {
        let failed = |failure: Failure<_>| CallError::Failed(failure.error);
        let (result, remainder) = self.take_result(failed);
        remainder.into_payload().reply(result)
    }
}

impl<C: OnceCallback, P: Payload> Remainder<C, P> {
    /// What the record keeps.
    #[must_use]
    #[inline(always)]
    pub fn payload_mut(&mut self) -> &mut P {
        // SAFETY: as in `Completed::payload`; and this is all that knows the record.
        unsafe { &mut *self.0.payload() }
    }

    /// What the record kept.
    #[must_use]
    #[inline(always)]
    pub fn into_payload(self) -> P {
        self.0.into_payload()
    }
}

/// What a callback reported that was no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<E> {
    /// The C function that was called.
    pub function: &'static str,
    /// What was reported.
    pub error: E,
}

impl<C: OnceCallback, P: Payload> Refused<C, P> {
    /// The C function.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.0.function()
    }

    /// What it answered.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        self.1
    }

    /// What the record kept.
    #[must_use]
    pub fn into_payload(self) -> P {
        self.0.take().1
    }

    /// The reply.
    #[cold]
    pub fn finish(self) -> P::Reply<C::Value, C::Error> {
        let refusal = self.refusal();
        self.into_payload().reply(Err(CallError::Refused(refusal)))
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Started<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending(call) => call.fmt(f),
            Self::Completed(call) => call.fmt(f),
            Self::Refused(call) => call.fmt(f),
        }
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Pending<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("function", &self.0.function()).finish_non_exhaustive()
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Completed<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed").field("function", &self.0.function()).finish_non_exhaustive()
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Refused<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("function", &self.function())
            .field("refusal", &self.refusal())
            .finish()
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Remainder<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remainder").field("function", &self.0.function()).finish_non_exhaustive()
    }
}
