//! The callback's side of a pooled record: edges 3, 5, 7 and 10.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::task::Waker;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::body::{self, Report};
use super::cb_arg;
use super::page::Page;
use super::pool::release;
use super::slot::Slot;
use super::state::{Completion, State};
use crate::executor::Wake;
use crate::{OnceCallback, report, unwind};

/// Completes the record that `cb_arg` names with what `read` reports.
///
/// `read` runs before the record changes: it may call back into C, and C may call any other
/// callback from there, and drop the future. A second callback of the same call is a stray even
/// then, for it would bring, and release, what the first has brought.
///
/// # Safety
///
/// - `cb_arg` is null or was made by `cb_arg::encode`, for a call that passed `C::POOLED`.
#[inline]
pub(crate) unsafe fn complete<C: OnceCallback>(
    cb_arg: *mut c_void,
    read: impl FnOnce() -> Result<C::Value, C::Error>,
) {
    // SAFETY: the caller's promise.
    let Some(slot) = (unsafe { expected::<C>(cb_arg) }) else {
        return;
    };
    // SAFETY: slot invariants 1 and 2: slots are never freed, and we are on this one's home.
    let header = unsafe { slot.as_ref() };
    header.answer();
    let mut failure = None;
    let success = catch_unwind(AssertUnwindSafe(|| match read() {
        Ok(value) => Some(value),
        Err(error) => {
            failure = Some(error);
            None
        }
    }));
    match success {
        Ok(Some(value)) if header.state() == State::InFlight => {
            const NEXT: State = State::InFlight.complete().0;
            // SAFETY: the report is that of a call of `C`, whose slot is in flight.
            unsafe { store::<C>(slot, Report::Value(value), NEXT) };
            wake(header);
        }
        // SAFETY: the slot is waited for, on its home, and is answered.
        Ok(Some(value)) => unsafe { settle::<C>(slot, Report::Value(value)) },
        // SAFETY: as above.
        failed => unsafe { settle_failure::<C>(slot, failed.err(), failure) },
    }
}

/// Apart, so that what a success is does not take the same way.
///
/// # Safety
///
/// - As for [`settle`].
#[cold]
#[inline(never)]
unsafe fn settle_failure<C: OnceCallback>(
    slot: NonNull<Slot>,
    panic: Option<Box<dyn Any + Send>>,
    error: Option<C::Error>,
) {
    let report = match (panic, error) {
        (Some(panic), _) => Report::Panic(Box::new(panic)),
        (None, Some(error)) => Report::Error(error),
        (None, None) => unreachable!("reading a report ends in one of three ways"),
    };
    // SAFETY: the caller's promise.
    unsafe { settle::<C>(slot, report) };
}

/// Gives a record its report, and wakes the task, or throws both away.
///
/// # Safety
///
/// - The slot is on its home, and its call is of `C`, is waited for, and is answered.
#[inline(never)]
unsafe fn settle<C: OnceCallback>(slot: NonNull<Slot>, report: Report<C>) {
    // SAFETY: slot invariants 1 and 2: slots are never freed, and we are on this one's home.
    let header = unsafe { slot.as_ref() };
    // The future may have been dropped while the report was read.
    let (next, completion) = header.state().complete();
    match completion {
        Completion::Store => {
            // SAFETY: the caller's promise; the state is one in which there is no report.
            unsafe { store::<C>(slot, report, next) };
        }
        Completion::StoreAndWake => {
            // SAFETY: as above.
            unsafe { store::<C>(slot, report, next) };
            wake(header);
        }
        Completion::Discard => {
            // No orphan any more, whatever the drops below set off.
            header.set_state(next);
            // A resource in the report goes before the parents in the payload.
            discard(report);
            // SAFETY: slot invariant 3: an orphan's body is live, and its report was never written.
            unsafe { free(slot) };
        }
        Completion::Stray => unreachable!("a record is not released while its report is read"),
    }
}

/// Edges 3 and 5.
///
/// # Safety
///
/// - The slot is on its home, its call is of `C`, and `next` is `Done`, which the state has not been.
#[inline(always)]
unsafe fn store<C: OnceCallback>(slot: NonNull<Slot>, report: Report<C>, next: State) {
    // SAFETY: slot invariant 3: the body is live, and of `C`.
    let place = unsafe { body::report::<C>(slot) };
    // SAFETY: slot invariant 3: the report is not initialised in this state.
    unsafe { place.write(report) };
    // SAFETY: slot invariants 1 and 2: slots are never freed, and we are on this one's home.
    unsafe { slot.as_ref() }.set_state(next);
}

/// Resumes the task that waits, if it can be. Afterwards the slot may be of another call.
#[inline(always)]
fn wake(header: &Slot) {
    match header.take_wake() {
        Some(Wake::Task(task)) => task.resume(),
        Some(Wake::Other(waker)) => wake_other(waker),
        None => {}
    }
}

/// Apart, so that a callback that resumes has nothing to save for it.
#[inline(never)]
fn wake_other(waker: Waker) {
    waker.wake();
}

/// Drops what an orphan kept, and gives its slot back.
///
/// # Safety
///
/// - The slot is on its home; its body is live, without a report, and no callback is expected.
#[inline]
unsafe fn free(slot: NonNull<Slot>) {
    // SAFETY: slot invariants 1 and 2: slots are never freed, and we are on this one's home.
    let header = unsafe { slot.as_ref() };
    let vtable = header.vtable.get().expect("a record in use has a vtable");
    // SAFETY: the caller's promise: slot invariant 3.
    unsafe { (vtable.drop_payload)(slot) };
    // SAFETY: the body has just been taken out; the table is that of this slot's body.
    unsafe { release(slot, vtable.class) };
}

/// Drops what nobody takes, which closes a handle in it; a panic must not go the same way.
#[inline]
fn discard<C: OnceCallback>(report: Report<C>) {
    if matches!(report, Report::Panic(_)) {
        unwind::unheard(C::NAME);
    }
    drop(report);
}

/// The slot that this callback is for; `None` after reporting a stray.
///
/// # Safety
///
/// - `cb_arg` is null or was made by `cb_arg::encode`.
#[inline(always)]
unsafe fn expected<C: OnceCallback>(cb_arg: *mut c_void) -> Option<NonNull<Slot>> {
    let slot = cb_arg::decode(cb_arg).or_else(|| stray(C::NAME))?;
    // SAFETY: slot invariants 1 and 2: only the ticket is read before the home is checked.
    let header = unsafe { slot.as_ref() };
    if header.ticket() != cb_arg.addr() {
        return stray(C::NAME);
    }
    // SAFETY: pages are never freed (A1).
    if !unsafe { Page::of(slot).as_ref() }.is_home() {
        wrong_home(C::NAME);
    }
    Some(slot)
}

#[cold]
fn stray<T>(callback: &'static str) -> Option<T> {
    report::stray(callback);
    None
}

/// The record cannot be completed from here, and waiting for ever would hide it.
#[cold]
fn wrong_home(callback: &str) -> ! {
    eprintln!(
        "{callback}: the callback came on another thread than the call; submit such calls with `Call::submit`, whose record may be completed anywhere"
    );
    std::process::abort()
}
