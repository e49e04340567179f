//! References to a task: one kind may be on any thread and counts with atomics, the other stays at home
//! and counts without. The invariants are the task's.

use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use super::task::{Header, State};
use crate::sync::Ordering;

/// A reference to a task from any thread.
pub(super) struct Counted(NonNull<Header>);

// SAFETY: the header's shared parts are atomics, and the rest is touched as task invariant 2 says.
unsafe impl Send for Counted {}
// SAFETY: shared references, too, touch only atomics away from home (task invariant 2).
unsafe impl Sync for Counted {}

impl Counted {
    pub(super) fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    ///
    /// - A count of the task is given up to this.
    pub(super) const unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Self(task)
    }

    /// Wakes the task, from whichever thread.
    pub(super) fn wake(&self) {
        if self.shared.is_home() {
            // SAFETY: the home is current.
            unsafe { self.wake_at_home() };
        } else if !self.posted.swap(true, Ordering::AcqRel) {
            // An executor that takes no more cancels the task, or has done so.
            drop(self.shared.post(self.clone()));
        }
    }

    /// Queues the task, if it waits to be woken.
    ///
    /// # Safety
    ///
    /// - The executor's home is current.
    pub(super) unsafe fn wake_at_home(&self) {
        // SAFETY: the caller's promise.
        if let Some(task) = unsafe { self.to_local() } {
            task.wake();
        }
    }

    /// Ends a task that its executor does not take.
    ///
    /// # Safety
    ///
    /// - The task is new, and nobody else will admit it.
    pub(super) unsafe fn turn_back(self) {
        // SAFETY: the caller's promise. Its future was never polled: it holds at most a `Send`
        // generator (A10).
        unsafe { (self.vtable.cancel)(self.0) };
    }

    /// A local reference, with which the count goes into the care of all local ones.
    ///
    /// # Safety
    ///
    /// - The executor's home is current, and there is no local reference.
    pub(super) unsafe fn into_local(self) -> Local {
        self.local.set(1);
        Local(self.into_raw())
    }

    /// A further local reference, if the task is admitted and not done.
    ///
    /// # Safety
    ///
    /// - The executor's home is current.
    #[inline(always)]
    pub(super) unsafe fn to_local(&self) -> Option<Local> {
        let admitted = !matches!(self.state.get(), State::New | State::Done);
        admitted.then(|| {
            // SAFETY: it has been admitted and is not done, and the home is current.
            unsafe { Local::another(self.0) }
        })
    }
}

impl Deref for Counted {
    type Target = Header;

    fn deref(&self) -> &Header {
        // SAFETY: task invariant 1.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        let before = self.counted.fetch_add(1, Ordering::Relaxed);
        // As `Arc`: nobody has so many references but by forgetting them in a loop.
        if before > i32::MAX as u32 {
            std::process::abort();
        }
        Self(self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.counted.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        // SAFETY: this was the last reference (A14). The body has gone before: each task comes home
        // and is ended there, or finds the inbox closed (A10).
        unsafe { (self.vtable.free)(self.0) };
    }
}

/// A reference to a task at home: no atomics.
#[repr(transparent)]
pub(super) struct Local(NonNull<Header>);

impl Local {
    pub(super) fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    /// The task's address, as wakers have it.
    #[inline]
    pub(super) fn as_ptr(&self) -> *const () {
        self.0.as_ptr().cast_const().cast()
    }

    /// # Safety
    ///
    /// - A local reference is given up to this, at home.
    pub(super) const unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Self(task)
    }

    /// # Safety
    ///
    /// - There is a local reference to the task, whose home is current.
    #[inline(always)]
    unsafe fn another(task: NonNull<Header>) -> Self {
        // SAFETY: task invariant 1, for there is a reference.
        let local = unsafe { &task.as_ref().local };
        // Never too many: there are fewer than 2^31 records, each has one at most, and further ones are
        // in the queue, the list, and on the stack.
        local.set(local.get() + 1);
        Self(task)
    }

    /// Whether the two refer to one task.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Queues the task, if it waits to be woken.
    pub(super) fn wake(self) {
        match self.state.get() {
            State::Idle => {
                self.state.set(State::Queued);
                // SAFETY: task invariant 4.
                if let Some(host) = unsafe { &*self.core.get() }.push(self) {
                    host.ask();
                }
            }
            State::Running => self.state.set(State::Woken),
            // One that is new is on its way here.
            State::New | State::Queued | State::Woken | State::Done => {}
        }
    }

    /// Resumes the task on the stack of the callback that it waits for, or queues it.
    #[inline(always)]
    pub(super) fn resume(self) {
        if self.state.get() != State::Idle {
            return self.wake_later();
        }
        // SAFETY: task invariant 4.
        let core = unsafe { &*self.core.get() };
        if let Err(task) = core.resume(self) {
            task.wake_later();
        }
    }

    /// Apart, so that a callback that resumes has nothing to save for it.
    #[cold]
    #[inline(never)]
    fn wake_later(self) {
        self.wake();
    }

    /// Polls the future.
    ///
    /// # Safety
    ///
    /// - The state is `Running`, and the pool says that this is polled.
    #[inline(always)]
    pub(super) unsafe fn turn(self) {
        let turn = self.vtable.turn;
        // SAFETY: local references exist at home only (A15); the rest is the caller's promise.
        unsafe { turn(self.into_raw()) }
    }

    /// Drops the future.
    ///
    /// # Safety
    ///
    /// - The state is `Idle` or `Queued`.
    pub(super) unsafe fn cancel(&self) {
        // SAFETY: local references exist at home only (A15); the rest is the caller's promise.
        unsafe { (self.vtable.cancel)(self.0) }
    }
}

impl Deref for Local {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        // SAFETY: task invariant 1.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for Local {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: this is one, and local references exist at home only (A15).
        unsafe { Self::another(self.0) }
    }
}

impl Drop for Local {
    #[inline]
    fn drop(&mut self) {
        let left = self.local.get() - 1;
        self.local.set(left);
        if left == 0 {
            drop_last(self.0);
        }
    }
}

/// Gives up the count of all local references. By value, so that a reference need not be in memory for it.
#[inline(never)]
fn drop_last(task: NonNull<Header>) {
    // SAFETY: task invariant 1.
    drop(unsafe { Counted::from_raw(task) });
}
