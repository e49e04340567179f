//! A call that has been made with a pooled record: for futures written by hand, and the second half of
//! `Pooled`.

use core::ffi::c_void;
use core::fmt;
use core::task::Waker;
use std::panic::resume_unwind;

use super::owner::Record;
use super::pool::Pool;
use crate::call::{Call, Submit};
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

/// A call that C has refused.
#[derive(Debug)]
pub struct Refused<P> {
    /// The C function.
    pub function: &'static str,
    /// What it answered.
    pub refusal: Refusal,
    /// What the record kept.
    pub payload: P,
}

impl Pool {
    /// Edges 1 to 4: makes the call that `describe` gives, with a record of this pool; the callback wakes
    /// `waker`, unless it [has come](Pending::is_done) by now.
    ///
    /// # Errors
    ///
    /// If C does not take the call.
    ///
    /// # Panics
    ///
    /// If the pool's home is not current. `describe` is not run then.
    #[inline(always)]
    pub fn start<C: OnceCallback, P: Payload, S: Submit<C, P>>(
        &self,
        waker: &Waker,
        describe: impl FnOnce() -> Call<C, P, S>,
    ) -> Result<Pending<C, P>, Refused<P>> {
        if !self.is_entered() && !self.home().is_current() {
            away(C::NAME);
        }
        // Between this and the submit nothing unwinds; so the payload goes to the record directly.
        let Call { name, payload, mut submit, .. } = describe();
        let record = Record::<C, P>::begin(self, name, payload);
        // If it unwound, nobody could say whether C has the record.
        let accepted = unwind::guard_named(record.function_later(), || {
            submit(record.payload(), C::POOLED, record.cb_arg())
        });
        match accepted {
            Ok(()) => {
                record.accept(waker);
                Ok(Pending(record))
            }
            Err(refusal) => Err(refused(record, refusal)),
        }
    }
}

#[cold]
#[inline(never)]
fn away(callback: &str) -> ! {
    panic!("a call that `{callback}` completes was polled away from its thread");
}

/// Edge 2: C will not call back, and if it has, that was a stray.
#[cold]
#[inline(never)]
fn refused<C: OnceCallback, P>(record: Record<C, P>, refusal: Refusal) -> Refused<P> {
    let function = record.function();
    let (report, payload) = record.take();
    if report.is_some() {
        report::stray(C::NAME);
    }
    Refused { function, refusal, payload }
}

impl<C: OnceCallback, P: Payload> Pending<C, P> {
    /// The context that C carries for this call.
    #[must_use]
    #[inline]
    pub fn cb_arg(&self) -> *mut c_void {
        self.0.cb_arg()
    }

    /// Whether C has called back.
    #[inline(always)]
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// The completed call. If C has not called back, its callback wakes `waker` instead of an earlier one.
    ///
    /// # Errors
    ///
    /// The call itself, if C has not called back.
    #[inline(always)]
    pub fn completed(self, waker: &Waker) -> Result<Completed<C, P>, Self> {
        if self.0.is_done() || self.0.wait(waker) { Ok(Completed(self.0)) } else { Err(self) }
    }
}

impl<C: OnceCallback, P: Payload> Completed<C, P> {
    /// The C function.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.0.function()
    }

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

    /// What the callback reported and the record kept.
    ///
    /// # Errors
    ///
    /// The call itself, if the callback has not reported success.
    #[inline(always)]
    pub fn into_success(self) -> Result<(C::Value, P), Self> {
        // SAFETY: the record of a `Completed` is done.
        unsafe { self.0.take_success() }.map_err(Self)
    }

    /// Edge 8: the reply.
    ///
    /// # Panics
    ///
    /// With the panic of reading the report.
    #[inline(always)]
    pub fn finish(self) -> P::Reply<C::Value, C::Error> {
        // Success first, and apart: what can be in an error need not be copied then.
        match self.into_success() {
            Ok((value, payload)) => payload.reply(Ok(value)),
            Err(failed) => failed.finish_failure(),
        }
    }

    #[cold]
    #[inline(never)]
    fn finish_failure(self) -> P::Reply<C::Value, C::Error> {
        let (report, payload) = self.0.take();
        match report {
            Some(Ok(result)) => payload.reply(result.map_err(CallError::Failed)),
            Some(Err(panic)) => resume_unwind(panic),
            None => unreachable!("a completed record has a report"),
        }
    }
}

impl<P: Payload> Refused<P> {
    /// The reply.
    pub fn finish<V, E>(self) -> P::Reply<V, E> {
        self.payload.reply(Err(CallError::Refused(self.refusal)))
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Pending<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("function", &self.0.function()).finish_non_exhaustive()
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Completed<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed").field("function", &self.function()).finish_non_exhaustive()
    }
}
