//! The ways to wake a task. Its wakers may be anywhere and count with atomics. A record of the executor's own
//! pool keeps the task itself instead, at home, without them; its callback resumes the task at once.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::reference::{Counted, Local};
use super::task::Header;
use crate::Pool;

/// Of wakers that tasks are polled with. Its address tells them from others.
static ANYWHERE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_counted);

/// The waker that a task is polled with; it counts for nothing until it is cloned.
///
/// # Safety
///
/// - The task outlives the waker.
pub(super) unsafe fn borrowed(task: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: the functions of the table keep the contract of wakers for tasks that live.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().cast_const().cast(), &ANYWHERE) })
}

/// What a record keeps, to tell who waits for it.
pub(crate) enum Wake {
    /// A task of the executor of the record's pool.
    Task(WaitingTask),
    /// Anybody else.
    Other(Waker),
}

impl Wake {
    /// Whether it wakes the task of `waker`.
    pub(crate) fn is_for(&self, waker: &Waker) -> bool {
        match self {
            Self::Task(WaitingTask(task)) => {
                ptr::eq(task.as_ptr(), waker.data()) && ptr::eq(waker.vtable(), &ANYWHERE)
            }
            Self::Other(kept) => kept.will_wake(waker),
        }
    }
}

/// A task that waits for a record of its executor's own pool, which keeps this (A15).
pub(crate) struct WaitingTask(Local);

impl WaitingTask {
    /// Polls the task, on the stack of the record's callback, or queues it if that may not be.
    #[inline(always)]
    pub(crate) fn resume(self) {
        self.0.resume();
    }
}

/// A task that is being polled.
#[derive(Clone, Copy)]
pub(crate) struct Polled<'a>(NonNull<Header>, PhantomData<&'a Waker>);

/// The task of `waker`, if the executor of `pool` is polling it. The home of both is current then.
#[inline(always)]
pub(crate) fn polled<'a>(waker: &'a Waker, pool: &Pool) -> Option<Polled<'a>> {
    if !ptr::eq(waker.data(), pool.polled()) || !ptr::eq(waker.vtable(), &ANYWHERE) {
        return None;
    }
    // SAFETY: the table says that the data is a task, whose address is not null.
    let task = unsafe { NonNull::new_unchecked(waker.data().cast_mut().cast()) };
    Some(Polled(task, PhantomData))
}

impl Polled<'_> {
    /// What a record of the pool keeps to resume the task. Nothing but counting is run for it.
    #[inline(always)]
    pub(crate) fn waiting(self) -> WaitingTask {
        // SAFETY: whoever polls the task has a reference, at home.
        let task = ManuallyDrop::new(unsafe { Local::from_raw(self.0) });
        WaitingTask(Local::clone(&task))
    }
}

/// # Safety
///
/// - `data` is a task, and a count of it is given up to what this returns.
unsafe fn counted(data: *const ()) -> Counted {
    // SAFETY: a task's address is not null.
    let task = unsafe { NonNull::new_unchecked(data.cast_mut().cast()) };
    // SAFETY: the caller's promise.
    unsafe { Counted::from_raw(task) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned keeps the task, and goes on to do so.
    let task = ManuallyDrop::new(unsafe { counted(data) });
    let clone = Counted::clone(&task);
    RawWaker::new(clone.into_raw().as_ptr().cast_const().cast(), &ANYWHERE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker gives its count up.
    unsafe { counted(data) }.wake();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker keeps its count, for this one is not dropped.
    ManuallyDrop::new(unsafe { counted(data) }).wake();
}

unsafe fn drop_counted(data: *const ()) {
    // SAFETY: the waker gives its count up.
    drop(unsafe { counted(data) });
}
