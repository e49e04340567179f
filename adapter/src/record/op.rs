//! The future of a call whose record is pooled.

use core::ffi::c_void;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};
use std::panic::resume_unwind;

use super::body::{Body, Report};
use super::page::Page;
use super::pool::{Pool, PoolId, release};
use super::slot::Slot;
use super::state::{Abandonment, Acceptance};
use super::{cb_arg, state};
use crate::call::{Call, Submit};
use crate::{CallError, OnceCallback, Payload, Refusal, executor, report, unwind};

/// A call whose record comes from a [`Pool`]: no allocation once the pool is warm, bound to the
/// pool's home.
///
/// The C function is called at the first poll. Dropping the future before that undoes nothing;
/// dropping it later leaves the record, with everything that C may touch, to the callback.
#[must_use = "futures do nothing unless polled"]
pub struct Pooled<C: OnceCallback, P: Payload, S> {
    /// The entered one, if there is none here.
    pool: Option<Pool>,
    /// Until it is made.
    call: Option<Call<C, P, S>>,
    /// From then on, until the result is taken.
    pending: Option<Pending<C, P>>,
}

// Nothing of the future is ever pinned: what C touches moves into the record first.
impl<C: OnceCallback, P: Payload, S> Unpin for Pooled<C, P, S> {}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Pooled<C, P, S> {
    #[inline]
    pub(crate) const fn new(pool: Option<Pool>, call: Call<C, P, S>) -> Self {
        Self { pool, call: Some(call), pending: None }
    }

    /// The context that C carries for this call, from its first poll until it is ready. C libraries
    /// name the target of an abort by it.
    #[must_use]
    pub fn cb_arg(&self) -> Option<*mut c_void> {
        self.pending.as_ref().map(Pending::cb_arg)
    }
}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Future for Pooled<C, P, S> {
    type Output = P::Reply<C::Value, C::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.pending.is_some() {
            return Pending::poll(&mut self.pending, cx);
        }
        let Some(call) = self.call.take() else { polled_again(C::NAME) };
        let started = match &self.pool {
            Some(pool) => start(call, pool, cx.waker()),
            None => Pool::with_entered(|pool| match pool {
                Some(pool) => start(call, pool, cx.waker()),
                None => outside(call.name),
            }),
        };
        match started {
            Started::Pending(pending) => {
                self.pending = Some(pending);
                Poll::Pending
            }
            Started::Ready(reply) => Poll::Ready(reply),
        }
    }
}

/// What became of a call that was [started](Call::start).
pub enum Started<C: OnceCallback, P: Payload> {
    /// C has it; the task is woken by the callback.
    Pending(Pending<C, P>),
    /// C refused, or has called back already.
    Ready(P::Reply<C::Value, C::Error>),
}

/// A call that C has, with a record of a pool. Dropping it leaves the record to the callback.
///
/// The second half of a [`Pooled`]. Whoever writes a future by hand can start a call from values
/// that are at hand, and keep no more than this.
#[must_use = "the outcome of the call is lost, and with it what the record keeps"]
pub struct Pending<C: OnceCallback, P: Payload>(Record<C, P>);

impl<C: OnceCallback, P: Payload> Pending<C, P> {
    /// The context that C carries for this call.
    #[must_use]
    pub fn cb_arg(&self) -> *mut c_void {
        self.0.cb_arg()
    }

    /// As [`Future::poll`]; takes the call when it is ready.
    ///
    /// # Panics
    ///
    /// If there is none, and with the panic of reading the report.
    #[inline(always)]
    pub fn poll(
        this: &mut Option<Self>,
        cx: &mut Context<'_>,
    ) -> Poll<P::Reply<C::Value, C::Error>> {
        let Some(Self(record)) = this else { polled_again(C::NAME) };
        if !record.is_done() && !record.wait(cx.waker()) {
            return Poll::Pending;
        }
        match this.take() {
            Some(Self(record)) => Poll::Ready(finish(record)),
            None => polled_again(C::NAME),
        }
    }
}

/// Edges 1 to 4: makes the call with a record of `pool`, whose home must be current.
#[inline(always)]
pub(crate) fn start<C: OnceCallback, P: Payload, S: Submit<C, P>>(
    call: Call<C, P, S>,
    pool: &Pool,
    waker: &Waker,
) -> Started<C, P> {
    let Call { name, payload, mut submit, .. } = call;
    if !pool.home().is_current() {
        away(name);
    }
    let record = Record::<C, P>::begin(pool, name, payload);
    // If it unwound, nobody could say whether C has the record.
    let accepted =
        unwind::guard_named(|| name, || submit(record.payload(), C::POOLED, record.cb_arg()));
    if let Err(refusal) = accepted {
        return Started::Ready(refused(record, refusal));
    }
    match record.accept(waker) {
        Acceptance::Take => Started::Ready(finish(record)),
        Acceptance::Wait => Started::Pending(Pending(record)),
    }
}

/// Edge 2: C will not call back, and if it has, that was a stray.
#[cold]
fn refused<C: OnceCallback, P: Payload>(
    record: Record<C, P>,
    refusal: Refusal,
) -> P::Reply<C::Value, C::Error> {
    let (report, payload) = record.take();
    if report.is_some() {
        report::stray(C::NAME);
    }
    payload.reply(Err(CallError::Refused(refusal)))
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

#[cold]
fn away(function: &str) -> ! {
    panic!("`{function}` was polled away from its thread");
}

/// Edge 8: shapes the reply, or goes on with the panic of reading the report.
#[inline(always)]
fn finish<C: OnceCallback, P: Payload>(record: Record<C, P>) -> P::Reply<C::Value, C::Error> {
    let (report, payload) = record.take();
    // Success first, and apart: what can be in an error need not be copied then.
    match report {
        Some(Ok(Ok(value))) => payload.reply(Ok(value)),
        Some(Ok(Err(error))) => payload.reply(Err(CallError::Failed(error))),
        Some(Err(panic)) => resume_unwind(panic),
        None => unreachable!("a completed record has a report"),
    }
}

impl<C: OnceCallback, P: Payload, S> fmt::Debug for Pooled<C, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match (&self.call, &self.pending) {
            (Some(_), _) => "Idle",
            (None, Some(_)) => "Begun",
            (None, None) => "Finished",
        };
        f.debug_struct("Pooled").field("callback", &C::NAME).field("stage", &stage).finish()
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Pending<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("callback", &C::NAME).finish_non_exhaustive()
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Started<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending(_) => "Pending",
            Self::Ready(_) => "Ready",
        })
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
        if !pool.home().is_current() {
            away(name);
        }
        let record = Self { slot: pool.begin(name), marker: PhantomData };
        let header = record.header();
        let body = Body::<C, P> { report: MaybeUninit::uninit(), payload };
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
        // SAFETY: slot invariants 1 and 2: a `Record` stays on its slot's home.
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
    fn cb_arg(&self) -> *mut c_void {
        cb_arg::encode(self.slot, self.header().word().generation())
    }

    #[inline]
    fn pool(&self) -> PoolId {
        // SAFETY: pages are never freed (A1).
        PoolId::of(unsafe { Page::of(self.slot).as_ref() })
    }

    /// Edge 4, unless the callback came inline.
    #[inline]
    fn accept(&self, waker: &Waker) -> Acceptance {
        let header = self.header();
        let (next, acceptance) = header.state().accept();
        if acceptance == Acceptance::Take {
            return acceptance;
        }
        // A waker may run anything when it is cloned, the callback included.
        let waker = executor::for_record(waker, self.pool());
        let word = header.word();
        if word.state().accept().1 == Acceptance::Wait {
            header.waker.set(Some(waker));
            header.set_word(word.with(next));
        }
        word.state().accept().1
    }

    #[inline]
    fn is_done(&self) -> bool {
        self.header().state() == state::State::Done
    }

    /// Sees to it that the callback wakes `waker`; says whether it has come by now.
    fn wait(&self, waker: &Waker) -> bool {
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

    /// Edges 2 and 8: the body comes out and the slot goes back.
    #[inline(always)]
    fn take(self) -> (Option<Report<C>>, P) {
        let record = core::mem::ManuallyDrop::new(self);
        let body = record.body();
        let report = record.is_done().then(|| {
            // SAFETY: slot invariant 3: the report is initialised exactly in state `Done`.
            unsafe { body.cast::<Report<C>>().read() }
        });
        // SAFETY: slot invariant 3; the slot is released below, or the box freed, without a drop.
        let payload = unsafe { record.payload().read() };
        if !Body::<C, P>::FITS {
            // SAFETY: `begin` put a body that does not fit into a box; what was in it has moved out.
            drop(unsafe { Box::from_raw(body.cast::<MaybeUninit<Body<C, P>>>()) });
        }
        // SAFETY: the body has just been taken out, and a `Record` stays on its home (A8).
        unsafe { release(record.slot) };
        (report, payload)
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
