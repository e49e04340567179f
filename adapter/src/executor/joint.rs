//! Where a task and its handle meet: whether the task is done, what it has brought, and the waker of
//! whoever awaits it.
//!
//! Invariants, beside those of a task:
//!
//! 5. `joiner` belongs to the end of the task while `joint` has `WAKER`, and otherwise to the handle.
//! 6. The body holds an outcome from the moment that `joint` has `BROUGHT`. It belongs to the handle if
//!    `joint` had `HANDLE` then, until `TAKEN` is set; otherwise to the end of the task.

use core::task::Waker;

use super::task::Header;
use crate::sync::Ordering;

/// There is a handle, and the task may be running.
pub(super) const HANDLE: u8 = 1;
/// The handle is awaited.
const WAKER: u8 = 2;
/// The future is gone.
const DONE: u8 = 4;
/// It has left an outcome.
const BROUGHT: u8 = 8;
/// Which the handle has taken out.
const TAKEN: u8 = 16;

impl Header {
    /// The task's side: the future is gone, and the body holds an outcome if it has `brought` one.
    /// Wakes whoever awaits the handle. Says whether the outcome is the handle's from here on.
    pub(super) fn finish(&self, brought: bool) -> bool {
        let brought = if brought { BROUGHT } else { 0 };
        let before = self.joint.fetch_or(DONE | brought, Ordering::AcqRel);
        if before & WAKER != 0
            && let Some(waker) = self.replace_joiner(None)
        {
            waker.wake();
        }
        before & HANDLE != 0
    }

    /// Whether the future is gone, and the outcome, if there is any, in its place.
    pub(super) fn is_finished(&self) -> bool {
        self.joint.load(Ordering::Acquire) & DONE != 0
    }

    /// The handle's side: sees to it that `waker` is woken at the end. Says whether the end has come.
    pub(super) fn await_end(&self, waker: &Waker) -> bool {
        let joint = self.joint.load(Ordering::Acquire);
        if joint & DONE != 0 {
            return true;
        }
        // A waker may run anything when it is cloned or dropped, the task included.
        let waker = waker.clone();
        let is_mine = joint & WAKER == 0 || self.step(HANDLE | WAKER, HANDLE);
        if !is_mine {
            return true;
        }
        let old = self.replace_joiner(Some(waker));
        let is_set = self.step(HANDLE, HANDLE | WAKER);
        let unused = if is_set { None } else { self.replace_joiner(None) };
        drop((old, unused));
        !is_set
    }

    /// The handle's side, once the future is gone: whether there is an outcome, which the caller is
    /// to take out of the body.
    pub(super) fn take_outcome(&self) -> bool {
        let joint = self.joint.fetch_or(TAKEN, Ordering::Relaxed);
        joint & (BROUGHT | TAKEN) == BROUGHT
    }

    /// Whether [`take_outcome`](Self::take_outcome) was called.
    pub(super) fn is_taken(&self) -> bool {
        self.joint.load(Ordering::Relaxed) & TAKEN != 0
    }

    /// The handle's side: it goes. Says whether the future was gone before.
    pub(super) fn leave(&self) -> bool {
        let joint = self.joint.load(Ordering::Acquire);
        if joint & DONE != 0 || !self.step(joint, 0) {
            return true;
        }
        if joint & WAKER != 0 {
            drop(self.replace_joiner(None));
        }
        false
    }

    /// The handle's side: a step that only the end of the task can come before.
    fn step(&self, from: u8, to: u8) -> bool {
        self.joint.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// To be called by whom `joiner` belongs to.
    fn replace_joiner(&self, waker: Option<Waker>) -> Option<Waker> {
        self.joiner.with_mut(|joiner| {
            // SAFETY: task invariant 5: it belongs to the caller.
            unsafe { joiner.replace(waker) }
        })
    }
}
