//! The wakers of tasks. One kind may be anywhere and counts with atomics. The other lies in a record
//! of the executor's own pool, so it stays at home, counts without them, and resumes its task at once.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::reference::{Counted, Local};
use super::task::Header;
use crate::Pool;

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

/// Whether a waker that is kept in a record wakes the task of `waker`.
#[inline]
pub(crate) fn is_for(kept: &Waker, waker: &Waker) -> bool {
    let own = ptr::eq(kept.vtable(), &IN_RECORD) && ptr::eq(waker.vtable(), &ANYWHERE);
    kept.data() == waker.data() && own || kept.will_wake(waker)
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
    /// The waker to keep in a record of the pool. Nothing but counting is run for it.
    #[inline(always)]
    pub(crate) fn waker(self) -> Waker {
        // SAFETY: whoever polls the task has a reference, at home.
        let task = ManuallyDrop::new(unsafe { Local::from_raw(self.0) });
        let data = Local::clone(&task).into_raw().as_ptr().cast_const().cast();
        // SAFETY: the functions of the table keep the contract of wakers for local references, as the
        // record never leaves home and never clones its waker elsewhere (A15).
        unsafe { Waker::new(data, &IN_RECORD) }
    }
}

/// Wakes by the waker of a record, at home: resumes a task of the pool's own executor at once, if that may
/// be.
#[inline(always)]
pub(crate) fn wake_kept(waker: Waker) {
    if !ptr::eq(waker.vtable(), &IN_RECORD) {
        return waker.wake();
    }
    let waker = ManuallyDrop::new(waker);
    // SAFETY: the table says that this is a local reference, which the waker gives up.
    unsafe { local(waker.data()) }.resume();
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
