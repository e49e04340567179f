//! The future of a call whose record is pooled.

use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};
use std::panic::resume_unwind;

use super::body::{Body, Report};
use super::pool::{Pool, release};
use super::slot::Slot;
use super::state::{Abandonment, Acceptance};
use super::{cb_arg, state};
use crate::call::{Call, Submit};
use crate::{CallError, OnceCallback, Payload, report, unwind};

/// A call whose record comes from a [`Pool`]: no allocation once the pool is warm, bound to the
/// pool's home.
///
/// The C function is called at the first poll. Dropping the future before that undoes nothing;
/// dropping it later leaves the record, with everything that C may touch, to the callback.
#[must_use = "futures do nothing unless polled"]
pub struct Pooled<C: OnceCallback, P: Payload, S> {
    stage: Stage<C, P, S>,
}

enum Stage<C: OnceCallback, P, S> {
    /// Not submitted. Without a pool, the entered one is used.
    Idle(Option<Pool>, Call<C, P, S>),
    /// From the C call on.
    Begun(Record<C, P>),
    Finished,
}

// Nothing of the future is ever pinned: what C touches moves into the record first.
impl<C: OnceCallback, P: Payload, S> Unpin for Pooled<C, P, S> {}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Pooled<C, P, S> {
    pub(crate) const fn new(pool: Option<Pool>, call: Call<C, P, S>) -> Self {
        Self { stage: Stage::Idle(pool, call) }
    }

    /// The context that C carries for this call, from its first poll until it is ready. C libraries
    /// name the target of an abort by it.
    #[must_use]
    pub fn cb_arg(&self) -> Option<*mut core::ffi::c_void> {
        match &self.stage {
            Stage::Begun(record) => Some(record.cb_arg()),
            Stage::Idle(..) | Stage::Finished => None,
        }
    }

    fn submit(&mut self, waker: &Waker) -> Poll<P::Reply<C::Value, C::Error>> {
        let Stage::Idle(pool, call) = core::mem::replace(&mut self.stage, Stage::Finished) else {
            panic!("`{}` was polled after it had completed", C::NAME);
        };
        let pool = pool.or_else(Pool::entered).unwrap_or_else(|| {
            panic!(
                "`{}` was awaited outside of an executor: use `Call::on` with a pool, or `Call::submit`",
                call.name
            )
        });
        assert!(pool.home().is_current(), "`{}` was polled away from its thread", call.name);
        let Call { name, payload, mut submit, .. } = call;
        let record = Record::<C, P>::begin(&pool, name, payload);
        // If it unwound, nobody could say whether C has the record.
        let accepted = unwind::guard(name, || submit(record.payload(), C::POOLED, record.cb_arg()));
        if let Err(refusal) = accepted {
            let (report, payload) = record.take();
            if report.is_some() {
                report::stray(C::NAME);
            }
            return Poll::Ready(payload.reply(Err(CallError::Refused(refusal))));
        }
        match record.accept(waker) {
            Acceptance::Take => Poll::Ready(finish(record)),
            Acceptance::Wait => {
                self.stage = Stage::Begun(record);
                Poll::Pending
            }
        }
    }
}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Future for Pooled<C, P, S> {
    type Output = P::Reply<C::Value, C::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Stage::Begun(record) = &self.stage else {
            return self.submit(cx.waker());
        };
        if !record.is_done() && !record.wait(cx.waker()) {
            return Poll::Pending;
        }
        match core::mem::replace(&mut self.stage, Stage::Finished) {
            Stage::Begun(record) => Poll::Ready(finish(record)),
            Stage::Idle(..) | Stage::Finished => unreachable!("the stage was Begun"),
        }
    }
}

/// Edge 8: shapes the reply, or goes on with the panic of reading the report.
fn finish<C: OnceCallback, P: Payload>(record: Record<C, P>) -> P::Reply<C::Value, C::Error> {
    let (report, payload) = record.take();
    match report.expect("a completed record has a report") {
        Ok(result) => payload.reply(result.map_err(CallError::Failed)),
        Err(panic) => resume_unwind(panic),
    }
}

impl<C: OnceCallback, P: Payload, S> fmt::Debug for Pooled<C, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::Idle(..) => "Idle",
            Stage::Begun(..) => "Begun",
            Stage::Finished => "Finished",
        };
        f.debug_struct("Pooled").field("callback", &C::NAME).field("stage", &stage).finish()
    }
}

/// A slot that is in use for a call of callback `C` and payload `P`: the typed owner of a body.
///
/// Dropping it is edge 6, or 8 when the report is there already.
struct Record<C: OnceCallback, P> {
    slot: NonNull<Slot>,
    // A raw pointer is not `Send`, which keeps the record on its home.
    marker: PhantomData<*mut Body<C, P>>,
}

impl<C: OnceCallback, P> Record<C, P> {
    /// Edge 1.
    #[inline]
    fn begin(pool: &Pool, name: &'static str, payload: P) -> Self {
        let record = Self { slot: pool.begin(name), marker: PhantomData };
        let header = record.header();
        let body = Body::<C, P> { report: core::mem::MaybeUninit::uninit(), payload };
        let place = if Body::<C, P>::FITS {
            let room = header.room.get().cast::<Body<C, P>>();
            // SAFETY: the room is large enough and aligned, and a slot that has just begun has no
            // body there.
            unsafe { room.write(body) };
            room
        } else {
            Box::into_raw(Box::new(body))
        };
        header.body.set(place.cast());
        header.vtable.set(Some(Body::<C, P>::VTABLE));
        record
    }

    #[inline]
    fn header(&self) -> &Slot {
        // SAFETY: slots are never freed, and a `Record` stays on its slot's home.
        unsafe { self.slot.as_ref() }
    }

    #[inline]
    fn body(&self) -> *mut Body<C, P> {
        self.header().body.get().cast()
    }

    #[inline]
    fn payload(&self) -> *mut P {
        // SAFETY: slot invariant 3: the body is live as long as the record is in use.
        unsafe { &raw mut (*self.body()).payload }
    }

    #[inline]
    fn cb_arg(&self) -> *mut core::ffi::c_void {
        cb_arg::encode(self.slot, self.header().load().0)
    }

    /// Edge 4, unless the callback came inline.
    #[inline]
    fn accept(&self, waker: &Waker) -> Acceptance {
        let header = self.header();
        if header.state().accept().1 == Acceptance::Take {
            return Acceptance::Take;
        }
        // A waker may run anything when it is cloned, the callback included.
        let waker = waker.clone();
        let (next, acceptance) = header.state().accept();
        if acceptance == Acceptance::Wait {
            header.waker.set(Some(waker));
            header.set_state(next);
        }
        acceptance
    }

    #[inline]
    fn is_done(&self) -> bool {
        self.header().state() == state::State::Done
    }

    /// Sees to it that the callback wakes `waker`; says whether it has come by now.
    fn wait(&self, waker: &Waker) -> bool {
        let header = self.header();
        let old = header.waker.take();
        if old.as_ref().is_some_and(|old| old.will_wake(waker)) {
            header.waker.set(old);
            return false;
        }
        // A waker may run anything when it is cloned or dropped, the callback included.
        let new = waker.clone();
        if !self.is_done() {
            header.waker.set(Some(new));
        }
        drop(old);
        self.is_done()
    }

    /// Edges 2 and 8: the body comes out and the slot goes back.
    #[inline]
    fn take(self) -> (Option<Report<C>>, P) {
        let record = core::mem::ManuallyDrop::new(self);
        let body = record.body();
        let body = if Body::<C, P>::FITS {
            // SAFETY: slot invariant 3; the slot is released below without touching the body.
            unsafe { body.read() }
        } else {
            // SAFETY: `begin` put a body that does not fit into a box, and nobody uses it again.
            *unsafe { Box::from_raw(body) }
        };
        let report = record.is_done().then(|| {
            // SAFETY: slot invariant 3: the report is initialised exactly in state `Done`.
            unsafe { body.report.assume_init() }
        });
        // SAFETY: the body has just been taken out, and a `Record` stays on its home.
        unsafe { release(record.slot) };
        (report, body.payload)
    }
}

impl<C: OnceCallback, P> Drop for Record<C, P> {
    fn drop(&mut self) {
        let header = self.header();
        let (next, abandonment) = header.state().abandon();
        match abandonment {
            Abandonment::Leave => {
                header.set_state(next);
                drop(header.waker.take());
            }
            Abandonment::TakeAndDrop => {
                let owned = Self { slot: self.slot, marker: PhantomData };
                drop(owned.take());
            }
        }
    }
}
