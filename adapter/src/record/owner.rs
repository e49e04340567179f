//! The future's side of a record: the typed owner of a body, and its edges of the life cycle.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop, MaybeUninit};
use core::ptr::{self, NonNull};
use core::task::Waker;

use super::body::{Body, Report};
use super::cb_arg;
use super::page::Page;
use super::pool::{Pool, PoolId, release};
use super::slot::{Slot, Word};
use super::state::{Abandonment, Acceptance, State};
use crate::{OnceCallback, executor};

/// A slot that is in use for a call of callback `C` and payload `P`.
///
/// Dropping it is edge 6, or 8 when the report is there already.
pub(super) struct Record<C: OnceCallback, P> {
    slot: NonNull<Slot>,
    // A raw pointer is not `Send`, which keeps the record on its home.
    marker: PhantomData<*mut Body<C, P>>,
}

impl<C: OnceCallback, P> Record<C, P> {
    /// Edge 1. The pool's home must be current.
    #[inline(always)]
    pub(super) fn begin(pool: &Pool, name: &'static str, payload: P) -> Self {
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

    #[inline]
    fn body(&self) -> *mut Body<C, P> {
        self.header().body.get().cast()
    }

    #[inline]
    fn report(&self) -> *mut Report<C> {
        self.body().cast()
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
        move || unsafe { slot.as_ref() }.name.get()
    }

    #[inline]
    pub(super) fn payload(&self) -> *mut P {
        // SAFETY: slot invariant 3: the body is live as long as the record is in use.
        unsafe { &raw mut (*self.body()).payload }
    }

    #[inline]
    pub(super) fn cb_arg(&self) -> *mut c_void {
        cb_arg::encode(self.slot, self.header().ticket())
    }

    #[inline]
    fn pool(&self) -> PoolId {
        // SAFETY: pages are never freed (A1).
        PoolId::of(unsafe { Page::of(self.slot).as_ref() })
    }

    /// Edge 4, unless the callback came inline.
    #[inline(always)]
    pub(super) fn accept(&self, waker: &Waker) {
        let (next, acceptance) = self.header().state().accept();
        if acceptance == Acceptance::Take {
            return;
        }
        match executor::own(waker, self.pool()) {
            Some(waker) => self.wait_with(waker, next),
            None => self.accept_foreign(waker),
        }
    }

    /// The same with a waker that may run anything when it is cloned, the callback included.
    #[cold]
    #[inline(never)]
    fn accept_foreign(&self, waker: &Waker) {
        let waker = waker.clone();
        let (next, acceptance) = self.header().state().accept();
        if acceptance == Acceptance::Wait {
            self.wait_with(waker, next);
        }
    }

    #[inline(always)]
    fn wait_with(&self, waker: Waker, next: State) {
        let header = self.header();
        // There was none: the record has just begun.
        mem::forget(header.waker.replace(Some(waker)));
        // No report is being read: a callback that came inside of the call has ended there.
        header.set_word(Word::new(next));
    }

    /// Whether the report is there: edges 3 and 5 have been. It stays.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.header().state() == State::Done
    }

    /// Sees to it that the callback wakes `waker`; says whether it has come by now.
    #[inline(never)]
    pub(super) fn wait(&self, waker: &Waker) -> bool {
        let header = self.header();
        let old = header.waker.take();
        if old.as_ref().is_some_and(|old| executor::is_for(old, waker)) {
            header.waker.set(old);
            return false;
        }
        // A waker may run anything when it is cloned or dropped, the callback included.
        let new = executor::for_record(waker, self.pool());
        if !self.is_done() {
            header.waker.set(Some(new));
        }
        drop(old);
        self.is_done()
    }

    /// The report, if the record is done.
    #[inline]
    fn reported(&self) -> Option<&Report<C>> {
        // SAFETY: slot invariant 3: the report is initialised exactly in state `Done`, and stays as long
        // as the record does.
        self.is_done().then(|| unsafe { &*self.report() })
    }

    /// Edges 2 and 8: the body comes out and the slot goes back.
    pub(super) fn take(self) -> (Option<Report<C>>, P) {
        // SAFETY: the report is initialised, and read once, for the slot is released below.
        let report = self.reported().map(|report| unsafe { ptr::read(report) });
        (report, self.take_payload())
    }

    /// Edge 8, if the callback reported success; otherwise nothing has changed.
    ///
    /// # Safety
    ///
    /// - The record is [done](Self::is_done).
    #[inline(always)]
    pub(super) unsafe fn take_success(self) -> Result<(C::Value, P), Self> {
        // SAFETY: slot invariant 3: the report is initialised in this state.
        let Ok(Ok(value)) = (unsafe { &*self.report() }) else { return Err(self) };
        // SAFETY: it is initialised, and read once, for the slot is released below.
        let value = unsafe { ptr::read(value) };
        Ok((value, self.take_payload()))
    }

    /// Takes the payload out and gives the slot back. If there is a report, it has been read.
    #[inline(always)]
    fn take_payload(self) -> P {
        let record = ManuallyDrop::new(self);
        // SAFETY: slot invariant 3; the slot is released below, or the box freed, without a drop.
        let payload = unsafe { record.payload().read() };
        if !Body::<C, P>::FITS {
            // SAFETY: `put` made a box for a body that does not fit; what was in it has moved out.
            drop(unsafe { Box::from_raw(record.body().cast::<MaybeUninit<Body<C, P>>>()) });
        }
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
                header.set_word(header.word().with(next));
                drop(header.waker.take());
            }
            Abandonment::TakeAndDrop => {
                let owned = Self { slot: self.slot, marker: PhantomData };
                drop(owned.take());
            }
        }
    }
}
