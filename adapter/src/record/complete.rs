//! The callback's side of a pooled record: edges 3, 5, 7 and 9.

use core::ffi::c_void;
use core::ptr::NonNull;
use std::any::Any;

use super::body::Report;
use super::cb_arg;
use super::page::Page;
use super::pool::release;
use super::slot::Slot;
use super::state::Completion;
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
    read: impl FnOnce() -> Report<C>,
) {
    // SAFETY: the caller's promise.
    let Some(slot) = (unsafe { expected::<C>(cb_arg) }) else {
        return;
    };
    // SAFETY: slots are never freed, and we are on this one's home.
    let header = unsafe { slot.as_ref() };
    let outcome = header.reading(read);
    let (next, completion) = header.state().complete();
    match completion {
        Completion::Store | Completion::StoreAndWake => {
            let place = header.body.get().cast::<Report<C>>();
            // SAFETY: slot invariant 3: the body is live, its report comes first, is of this type,
            // and is not initialised in these states.
            unsafe { place.write(outcome) };
            header.set_state(next);
            if completion == Completion::StoreAndWake
                && let Some(waker) = header.waker.take()
            {
                waker.wake();
            }
        }
        Completion::Discard => {
            // From here on a further callback is a stray, whatever the drops below set off.
            header.set_state(next);
            // A resource in the report goes before the parents in the payload.
            discard(C::NAME, outcome);
            // SAFETY: an orphan's body is live, and its report was never written.
            unsafe { free(slot) };
        }
        Completion::Stray => unreachable!("a record is not released while its report is read"),
    }
}

/// Drops what an orphan kept, and gives its slot back.
///
/// # Safety
///
/// - The slot is on its home; its body is live, without a report, and no callback is expected.
#[inline]
unsafe fn free(slot: NonNull<Slot>) {
    // SAFETY: slots are never freed, and we are on this one's home.
    let header = unsafe { slot.as_ref() };
    let vtable = header.vtable.get().expect("a record in use has a vtable");
    // SAFETY: the caller's promise: slot invariant 3.
    unsafe { (vtable.drop_payload)(header.body.get()) };
    // SAFETY: the body has just been taken out.
    unsafe { release(slot) };
}

/// Drops what nobody takes, which closes a handle in it; a panic must not go the same way.
#[inline]
fn discard<V, E>(callback: &str, report: Result<Result<V, E>, Box<dyn Any + Send>>) {
    if report.is_err() {
        unwind::unheard(callback);
    }
    drop(report);
}

/// The slot that this callback is for; `None` after reporting a stray.
///
/// # Safety
///
/// - `cb_arg` is null or was made by `cb_arg::encode`.
#[inline]
unsafe fn expected<C: OnceCallback>(cb_arg: *mut c_void) -> Option<NonNull<Slot>> {
    let Some((slot, travelled)) = cb_arg::decode(cb_arg) else {
        report::stray(C::NAME);
        return None;
    };
    // SAFETY: slots are never freed; only the atomic word is read before the home is checked.
    let (generation, state, reading) = unsafe { slot.as_ref() }.load();
    let waited_for = cb_arg::same_generation(travelled, generation)
        && !reading
        && state.complete().1 != Completion::Stray;
    if !waited_for {
        report::stray(C::NAME);
        return None;
    }
    // SAFETY: pages are never freed.
    if !unsafe { Page::of(slot).as_ref() }.is_home() {
        wrong_home(C::NAME);
    }
    Some(slot)
}

/// The record cannot be completed from here, and waiting for ever would hide it.
#[cold]
fn wrong_home(callback: &str) -> ! {
    eprintln!(
        "{callback}: the callback came on another thread than the call; submit such calls with `Call::submit`, whose record may be completed anywhere"
    );
    std::process::abort()
}
