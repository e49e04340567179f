//! What is spawned: a future, behind a header that is the same for all.
//!
//! Invariants of a task, cited by number in SAFETY notes of this folder:
//!
//! 1. The allocation lives as long as `counted` is not zero. All local references together hold one
//!    count, from the first to the last; there are some from the task's admission until it is done.
//! 2. `local`, `state` and `next` are touched only at the executor's home, or by whoever holds the
//!    only count. The future is touched only at home, from its first poll on.
//! 3. The body holds the future until the state is `Done`, and then nothing but perhaps an outcome, see
//!    [`joint`](super::joint).
//! 4. From admission until the state is `Done`, `core` points to the executor's core, which lives; and
//!    further until the poll has ended by which the task is done.

use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::task::{Context, Poll, Waker};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::core::Core;
use super::join::JoinHandle;
use super::joint::HANDLE;
use super::reference::{Counted, Local};
use super::remote::Shared;
use super::waker;
use crate::sync::{AtomicBool, AtomicU8, AtomicU32, Cell, UnsafeCell};
use crate::unwind;

/// A task's output, or its panic.
pub(super) type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// Where a task is between its polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// On its way home; not admitted.
    New,
    /// Waits to be woken.
    Idle,
    /// In the queue.
    Queued,
    /// Being polled.
    Running,
    /// Being polled, and woken meanwhile.
    Woken,
    /// Finished or cancelled; the future is gone.
    Done,
}

/// What does not depend on the future's type.
pub(super) struct Header {
    pub(super) vtable: &'static Vtable,
    pub(super) shared: Arc<Shared>,
    /// The references that count with atomics; see invariant 1.
    pub(super) counted: AtomicU32,
    /// Whether the task lies in the inbox.
    pub(super) posted: AtomicBool,
    pub(super) aborted: AtomicBool,
    /// What the task and its handle tell each other; invariants 5 and 6.
    pub(super) joint: AtomicU8,
    /// The waker of whoever awaits the handle; invariant 5.
    pub(super) joiner: UnsafeCell<Option<Waker>>,
    /// The references that count at home only. A pool has fewer records than this can count.
    pub(super) local: Cell<u32>,
    pub(super) state: Cell<State>,
    pub(super) core: Cell<*const Core>,
    /// The task's place in the core's list.
    pub(super) place: Cell<u32>,
    /// The next in the queue.
    pub(super) next: Cell<Option<Local>>,
}

// There may be a task for each operation. The cells of a model are larger.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Header>() == 64);

pub(super) struct Vtable {
    /// Polls the future, and tells the core how that ended. Of C's calling convention because nothing
    /// unwinds through that, which lets a callback jump here.
    pub(super) turn: unsafe extern "C" fn(NonNull<Header>),
    /// Drops the future unfinished.
    pub(super) cancel: unsafe fn(NonNull<Header>),
    /// Moves the outcome out of the body, to a place for it.
    read_outcome: unsafe fn(NonNull<Header>, *mut ()),
    pub(super) free: unsafe fn(NonNull<Header>),
}

#[repr(C)]
struct Cellar<F: Future> {
    header: Header,
    body: UnsafeCell<Body<F>>,
}

/// See invariants 3 and 6. Whichever it holds is at its start.
#[repr(C)]
union Body<F: Future> {
    future: ManuallyDrop<F>,
    outcome: ManuallyDrop<Outcome<F::Output>>,
}

/// A new task and its handle.
pub(super) fn allocate<F: Future>(
    shared: Arc<Shared>,
    future: F,
) -> (Counted, JoinHandle<F::Output>) {
    let header = Header {
        vtable: const {
            &Vtable {
                turn: turn::<F>,
                cancel: cancel::<F>,
                read_outcome: read_outcome::<F>,
                free: free::<F>,
            }
        },
        shared,
        counted: AtomicU32::new(1),
        posted: AtomicBool::new(false),
        aborted: AtomicBool::new(false),
        joint: AtomicU8::new(HANDLE),
        joiner: UnsafeCell::new(None),
        local: Cell::new(0),
        state: Cell::new(State::New),
        core: Cell::new(ptr::null()),
        place: Cell::new(0),
        next: Cell::new(None),
    };
    let body = UnsafeCell::new(Body { future: ManuallyDrop::new(future) });
    let task = NonNull::from(Box::leak(Box::new(Cellar { header, body })));
    // SAFETY: this is the count that the header begins with.
    let task = unsafe { Counted::from_raw(task.cast()) };
    // SAFETY: the task is new, and this its handle.
    let handle = unsafe { JoinHandle::new(task.clone()) };
    (task, handle)
}

/// # Safety
///
/// - The task is one of `F`, at home, `Running`, and said to be polled; a local reference is given up.
unsafe extern "C" fn turn<F: Future>(task: NonNull<Header>) {
    let polled = with_body::<F, _>(task, |body| {
        // SAFETY: invariant 3; nobody else touches the body of a task that is running (A16).
        let future = unsafe { &mut *body.cast::<F>() };
        // SAFETY: the future stays where it is until it is dropped there.
        let future = unsafe { Pin::new_unchecked(future) };
        // SAFETY: the task lives while it is polled, and the waker only as long.
        let waker = unsafe { waker::borrowed(task) };
        let mut cx = Context::from_waker(&waker);
        catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx)))
    });
    // SAFETY: the caller's promise.
    let local = unsafe { Local::from_raw(task) };
    let outcome = match polled {
        Ok(Poll::Pending) => return Core::pause(local),
        Ok(Poll::Ready(value)) => Ok(value),
        Err(panic) => Err(panic),
    };
    // SAFETY: the caller's promise.
    unsafe { end::<F>(task, Some(outcome)) };
    Core::retire(local);
}

/// # Safety
///
/// - As for `end`, and the task is not running.
unsafe fn cancel<F: Future>(task: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { end::<F>(task, None) }
}

/// Drops the future, then tells the handle. A panic of the drop is an outcome; one of the waker of
/// whoever awaits the handle ends the process.
///
/// # Safety
///
/// - The task is one of `F` and not done; this is its home, or it is new and nobody else will admit
///   it.
unsafe fn end<F: Future>(task: NonNull<Header>, outcome: Option<Outcome<F::Output>>) {
    // SAFETY: invariant 1: the caller has a reference.
    let header = unsafe { task.as_ref() };
    // From here on wake-ups, of which the drop may cause some, do nothing.
    header.state.set(State::Done);
    let dropped = with_body::<F, _>(task, |body| {
        catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: invariant 3; dropped once, where it was pinned: the state has just become `Done`.
            unsafe { body.cast::<F>().drop_in_place() };
        }))
    });
    let (outcome, lost) = match dropped {
        Ok(()) => (outcome, None),
        Err(panic) => (Some(Err(panic)), outcome),
    };
    let brought = outcome.is_some();
    if let Some(outcome) = outcome {
        // SAFETY: invariants 3 and 6: the body is empty, and ours until the end is told.
        with_body::<F, _>(task, |body| unsafe { body.cast::<Outcome<F::Output>>().write(outcome) });
    }
    let is_heard = unwind::guard("the end of a task", || header.finish(brought));
    // An output that nobody gets goes here, and may panic as any drop of the task.
    if brought && !is_heard {
        let unheard = with_body::<F, _>(task, |body| {
            // SAFETY: invariant 6: the outcome is still ours, and is taken once.
            unsafe { body.cast::<Outcome<F::Output>>().read() }
        });
        drop(catch_unwind(AssertUnwindSafe(|| drop(unheard))));
    }
    drop(catch_unwind(AssertUnwindSafe(|| drop(lost))));
}

/// # Safety
///
/// - The task is one of `F`; its body holds an outcome, which the caller takes.
/// - `place` is one for an `Outcome<F::Output>`.
unsafe fn read_outcome<F: Future>(task: NonNull<Header>, place: *mut ()) {
    with_body::<F, _>(task, |body| {
        // SAFETY: the caller's promise; the two are apart, for the place is not the task's.
        unsafe { place.cast::<Outcome<F::Output>>().copy_from_nonoverlapping(body.cast(), 1) };
    });
}

/// # Safety
///
/// - The task is one of `F`, and nobody refers to it any more.
unsafe fn free<F: Future>(task: NonNull<Header>) {
    // SAFETY: `allocate` made the box, and the caller has the last reference (invariant 1).
    drop(unsafe { Box::from_raw(task.cast::<Cellar<F>>().as_ptr()) });
}

/// Gives access to the place of a task's body.
#[inline]
fn with_body<F: Future, R>(task: NonNull<Header>, access: impl FnOnce(*mut Body<F>) -> R) -> R {
    let cellar = task.cast::<Cellar<F>>().as_ptr();
    // SAFETY: a task of `F` is allocated as a `Cellar<F>`, and lives.
    let body = unsafe { &(*cellar).body };
    body.with_mut(access)
}

impl Header {
    /// Moves the outcome out of the body to `place`.
    ///
    /// # Safety
    ///
    /// - The body holds an outcome, which the caller takes; `place` is one for it.
    pub(super) unsafe fn read_outcome(&self, place: *mut ()) {
        // SAFETY: the caller's promise.
        unsafe { (self.vtable.read_outcome)(NonNull::from(self), place) }
    }
}
