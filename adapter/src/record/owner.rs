//! The future's side of a record: the typed owner of a body, and its edges of the life cycle.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::task::Waker;
use std::panic::resume_unwind;

use super::body::{self, Body, Report};
use super::cb_arg;
use super::page::Page;
use super::pool::{Pool, PoolInner, release};
use super::slot::Slot;
use super::state::{Abandonment, Acceptance, Refusal, State};
use crate::executor::{self, Wake};
use crate::sync::Ordering;
use crate::{Failure, OnceCallback};

/// A slot that is in use for a call of callback `C` and payload `P`.
///
/// Dropping it is edge 6, or 8 and 9.
pub(super) struct Record<C: OnceCallback, P> {
    slot: NonNull<Slot>,
    // A raw pointer is not `Send`, which keeps the record on its home.
    marker: PhantomData<*mut Body<C, P>>,
}

impl<C: OnceCallback, P> Record<C, P> {
    /// Edge 1. The pool's home must be current.
    #[inline(always)]
    pub(super) fn begin(pool: &Pool, name: &'static &'static str, payload: P) -> Self {
        let record = Self { slot: pool.begin(name, Body::<C, P>::CLASS), marker: PhantomData };
        // SAFETY: it has just begun, at the home of its pool.
        unsafe { Body::<C, P>::put(record.slot, payload) };
        record
    }

    #[inline]
    fn header(&self) -> &Slot {
        // SAFETY: slot invariants 1 and 2: a `Record` stays on its slot's home.
        unsafe { self.slot.as_ref() }
    }

    #[inline(always)]
    fn report(&self) -> *mut Report<C> {
        // SAFETY: slot invariant 3: the body is live as long as the record is in use.
        unsafe { body::report::<C>(self.slot) }
    }

    /// The C function that was called.
    #[inline]
    pub(super) fn function(&self) -> &'static str {
        self.header().name.get()
    }

    /// The same for later, whatever becomes of the record itself.
    #[inline]
    pub(super) fn function_later(&self) -> impl Fn() -> &'static str + use<C, P> {
        let slot = self.slot;
        // SAFETY: slot invariants 1 and 2: it is asked on the slot's home, by which the name was set.
        move || *unsafe { slot.as_ref() }.name.get()
    }

    #[inline]
    pub(super) fn payload(&self) -> *mut P {
        // SAFETY: slot invariant 3: the body is live as long as the record is in use.
        unsafe { Body::<C, P>::payload(self.slot) }
    }

    #[inline]
    pub(super) fn cb_arg(&self) -> *mut c_void {
        cb_arg::encode(self.slot, self.header().ticket())
    }

    /// Edge 4, with whom the callback is to wake.
    ///
    /// # Errors
    ///
    /// The record, if the callback has come by now.
    #[inline(always)]
    pub(super) fn accept(self, wake: impl FnOnce() -> Wake) -> Result<Self, Self> {
        // As nothing unwinds here, nothing of the record need be in memory.
        let record = ManuallyDrop::new(self);
        let header = record.header();
        let (next, acceptance) = header.state().accept();
        if acceptance == Acceptance::Take {
            return Err(ManuallyDrop::into_inner(record));
        }
        header.keep(wake());
        header.set_state(next);
        Ok(ManuallyDrop::into_inner(record))
    }

    /// Edge 2.
    pub(super) fn refuse(&self) -> Refusal {
        let (next, refusal) = self.header().state().refuse();
        self.header().answer();
        self.header().set_state(next);
        refusal
    }

    /// Whether the report is there: edges 3 and 5 have been. It stays.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.header().state() == State::Done
    }

    /// The record, if it is done. If not, its callback wakes `waker`.
    ///
    /// # Errors
    ///
    /// The record, if it is not done.
    #[inline(always)]
    pub(super) fn done(self, waker: &Waker) -> Result<Self, Self> {
        // As in `accept`.
        let record = ManuallyDrop::new(self);
        if record.is_done() {
            return Ok(ManuallyDrop::into_inner(record));
        }
        let record = ManuallyDrop::into_inner(record).wait(waker);
        if record.is_done() { Ok(record) } else { Err(record) }
    }

    #[inline(never)]
    fn wait(self, waker: &Waker) -> Self {
        let header = self.header();
        let old = header.take_wake();
        let old = match old {
            Some(old) if old.is_for(waker) => {
                header.keep(old);
                return self;
            }
            old => old,
        };
        // SAFETY: pages are never freed (A1).
        let pool = unsafe { Page::of(self.slot).as_ref() }.pool.load(Ordering::Relaxed);
        // SAFETY: a slot in use keeps its pool alive (A7).
        let own = unsafe { PoolInner::with_handle(pool, |pool| executor::polled(waker, pool)) };
        // A waker may run anything when it is cloned or dropped, the callback included.
        let new = match own {
            Some(task) => Wake::Task(task.waiting()),
            None => Wake::Other(waker.clone()),
        };
        // As may their drops, and unwind, which is the end of the record.
        if self.is_done() {
            drop(new);
        } else {
            header.keep(new);
        }
        drop(old);
        self
    }

    /// The report, if the record is done.
    #[inline]
    fn reported(&self) -> Option<&Report<C>> {
        // SAFETY: slot invariant 3: the report is initialised exactly in state `Done`, and stays as long
        // as the record does.
        self.is_done().then(|| unsafe { &*self.report() })
    }

    /// Edges 8 and 9: the body comes out and the slot goes back.
    pub(super) fn take(self) -> (Option<Report<C>>, P) {
        // SAFETY: the report is initialised, and read once, for the slot is released below.
        let report = self.reported().map(|report| unsafe { ptr::read(report) });
        self.header().set_state(State::Bare);
        (report, self.into_payload())
    }

    /// Edge 8: what was reported; a failure as `failed` makes it.
    ///
    /// # Safety
    ///
    /// - The record is [done](Self::is_done).
    ///
    /// # Panics
    ///
    /// With the panic of reading the report.
    #[inline(always)]
    pub(super) unsafe fn take_result<E>(
        &self,
        failed: impl FnOnce(Failure<C::Error>) -> E,
    ) -> Result<C::Value, E> {
        // First, so that the report is not dropped with the record.
        self.header().set_state(State::Bare);
        // SAFETY: slot invariant 3: the report was initialised until this, and nothing writes there.
        let Report::Value(value) = (unsafe { &*self.report() }) else {
            // SAFETY: the report is one of a failure, and nobody reads it again.
            return Err(unsafe { self.read_failure(failed) });
        };
        // SAFETY: nobody reads it again.
        Ok(unsafe { ptr::read(value) })
    }

    /// # Safety
    ///
    /// - A report is there, no success, and nobody else reads it.
    #[cold]
    #[inline(never)]
    unsafe fn read_failure<E>(&self, failed: impl FnOnce(Failure<C::Error>) -> E) -> E {
        // SAFETY: the caller's promise.
        match unsafe { ptr::read(self.report()) } {
            Report::Error(error) => failed(Failure { function: self.function(), error }),
            Report::Panic(panic) => resume_unwind(*panic),
            Report::Value(_) => unreachable!("a success is not a failure"),
        }
    }

    /// Edge 9: takes the payload out and gives the slot back. If there is a report, it has been read.
    #[inline(always)]
    pub(super) fn into_payload(self) -> P {
        let record = ManuallyDrop::new(self);
        // SAFETY: slot invariant 3; the slot is released below, without a drop.
        let payload = unsafe { Body::<C, P>::take_payload(record.slot) };
        // SAFETY: the body has just been taken out, and a `Record` stays on its home (A8); `begin` asked
        // for a slot of this class.
        unsafe { release(record.slot, Body::<C, P>::CLASS) };
        payload
    }
}

impl<C: OnceCallback, P> Drop for Record<C, P> {
    fn drop(&mut self) {
        let header = self.header();
        let (next, abandonment) = header.state().abandon();
        match abandonment {
            Abandonment::Leave => {
                header.set_state(next);
                drop(header.take_wake());
            }
            Abandonment::TakeAndDrop => {
                let owned = Self { slot: self.slot, marker: PhantomData };
                drop(owned.take());
            }
        }
    }
}
