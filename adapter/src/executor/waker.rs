//! The wakers of tasks. One kind may be anywhere and counts with atomics. The other lies in a record
//! of the executor's own pool, so it stays at home, counts without them, and resumes its task at once.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::reference::{Counted, Local};
use super::task::Header;
use crate::record::PoolId;

/// Of wakers that tasks are polled with. Its address tells them from others.
static ANYWHERE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_counted);
/// Of wakers in records.
static IN_RECORD: RawWakerVTable = RawWakerVTable::new(clone, resume, wake_local, drop_local);

/// The waker that a task is polled with; it counts for nothing until it is cloned.
///
/// # Safety
///
/// - The task outlives the waker.
pub(super) unsafe fn borrowed(task: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: the functions of the table keep the contract of wakers for tasks that live.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().cast_const().cast(), &ANYWHERE) })
}

/// The waker to keep in a record of this pool, whose home is current: a clone, but for tasks of the
/// pool's own executor.
pub(crate) fn for_record(waker: &Waker, pool: PoolId) -> Waker {
    own(waker, pool).unwrap_or_else(|| waker.clone())
}

/// Whether a waker that [`for_record`] gave wakes the task of `waker`.
#[inline]
pub(crate) fn is_for(kept: &Waker, waker: &Waker) -> bool {
    let own = ptr::eq(kept.vtable(), &IN_RECORD) && ptr::eq(waker.vtable(), &ANYWHERE);
    kept.data() == waker.data() && own || kept.will_wake(waker)
}

/// The waker to keep in a record of this pool, whose home is current, if it is of a task of the pool's
/// own executor. Nothing but counting is run for it.
#[inline]
pub(crate) fn own(waker: &Waker, pool: PoolId) -> Option<Waker> {
    if !ptr::eq(waker.vtable(), &ANYWHERE) {
        return None;
    }
    // SAFETY: such a waker's data is a task, which the waker keeps.
    let task = ManuallyDrop::new(unsafe { counted(waker.data()) });
    if task.pool() != pool {
        return None;
    }
    // SAFETY: as long as the task is not done, its executor has this pool, whose home is current.
    // If it is done, that is all that is looked at; nobody writes to it any more.
    let task = unsafe { task.to_local() }?;
    let data = task.into_raw().as_ptr().cast_const().cast();
    // SAFETY: the functions of the table keep the contract of wakers for local references, as the
    // record never leaves home and never clones its waker elsewhere (A15).
    Some(unsafe { Waker::new(data, &IN_RECORD) })
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

/// # Safety
///
/// - `data` is a task, and a local reference to it is given up to what this returns, at home.
unsafe fn local(data: *const ()) -> Local {
    // SAFETY: a task's address is not null.
    let task = unsafe { NonNull::new_unchecked(data.cast_mut().cast()) };
    // SAFETY: the caller's promise.
    unsafe { Local::from_raw(task) }
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

unsafe fn resume(data: *const ()) {
    // SAFETY: the waker gives its local reference up; records are completed at home (A15).
    unsafe { local(data) }.resume();
}

unsafe fn wake_local(data: *const ()) {
    // SAFETY: the waker keeps its local reference, for this one is not dropped.
    let task = ManuallyDrop::new(unsafe { local(data) });
    Local::clone(&task).wake();
}

unsafe fn drop_local(data: *const ()) {
    // SAFETY: the waker gives its local reference up; records are dropped at home (A15).
    drop(unsafe { local(data) });
}
