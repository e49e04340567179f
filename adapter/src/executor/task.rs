//! What is spawned: a future, behind a header that is the same for all.
//!
//! Invariants of a task, cited by number in SAFETY notes of this folder:
//!
//! 1. The allocation lives as long as `counted` is not zero. All local references together hold one
//!    count, from the first to the last; there are some from the task's admission until it is done.
//! 2. `local`, `state` and `next` are touched only at the executor's home, or by whoever holds the
//!    only count. The future is touched only at home, from its first poll on.
//! 3. The body is initialised until the state is `Done`.
//! 4. From admission until the state is `Done`, `core` points to the executor's core, which lives.

use core::future::Future;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::task::{Context, Poll};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_channel::oneshot;

use super::core::Core;
use super::reference::{Counted, Local};
use super::remote::Shared;
use super::waker;
use crate::record::PoolId;
use crate::sync::{AtomicBool, AtomicUsize, Cell, Ordering, UnsafeCell};
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
    pub(super) counted: AtomicUsize,
    /// Whether the task lies in the inbox.
    pub(super) posted: AtomicBool,
    pub(super) aborted: AtomicBool,
    /// Whether the state is `Done`, for other threads.
    pub(super) finished: AtomicBool,
    /// The references that count at home only.
    pub(super) local: Cell<usize>,
    pub(super) state: Cell<State>,
    pub(super) core: Cell<*const Core>,
    /// The task's place in the core's list.
    pub(super) key: Cell<usize>,
    /// The next in the queue.
    pub(super) next: Cell<Option<Local>>,
}

pub(super) struct Vtable {
    /// Polls the future; says whether the task is done by that.
    pub(super) poll: unsafe fn(NonNull<Header>) -> bool,
    /// Drops the future unfinished, and with it the way to tell the handle.
    pub(super) cancel: unsafe fn(NonNull<Header>),
    pub(super) free: unsafe fn(NonNull<Header>),
}

#[repr(C)]
struct Cellar<F: Future> {
    header: Header,
    body: UnsafeCell<MaybeUninit<Body<F>>>,
}

struct Body<F: Future> {
    future: ManuallyDrop<F>,
    sender: oneshot::Sender<Outcome<F::Output>>,
}

/// A new task, with one count.
pub(super) fn allocate<F: Future>(
    shared: Arc<Shared>,
    future: F,
) -> (Counted, oneshot::Receiver<Outcome<F::Output>>) {
    let (sender, receiver) = oneshot::channel();
    let header = Header {
        vtable: const { &Vtable { poll: poll::<F>, cancel: cancel::<F>, free: free::<F> } },
        shared,
        counted: AtomicUsize::new(1),
        posted: AtomicBool::new(false),
        aborted: AtomicBool::new(false),
        finished: AtomicBool::new(false),
        local: Cell::new(0),
        state: Cell::new(State::New),
        core: Cell::new(ptr::null()),
        key: Cell::new(0),
        next: Cell::new(None),
    };
    let body = Body { future: ManuallyDrop::new(future), sender };
    let body = UnsafeCell::new(MaybeUninit::new(body));
    let task = NonNull::from(Box::leak(Box::new(Cellar { header, body })));
    // SAFETY: this is the count that the header begins with.
    (unsafe { Counted::from_raw(task.cast()) }, receiver)
}

/// # Safety
///
/// - The task is one of `F`, at home, and `Running`.
unsafe fn poll<F: Future>(task: NonNull<Header>) -> bool {
    let polled = with_body::<F, _>(task, |body| {
        // SAFETY: invariant 3; nobody else touches the body of a task that is running (A16).
        let body = unsafe { &mut *body };
        // SAFETY: the future stays where it is until it is dropped there.
        let future = unsafe { Pin::new_unchecked(&mut *body.future) };
        // SAFETY: the task lives while it is polled, and the waker only as long.
        let waker = unsafe { waker::borrowed(task) };
        let mut cx = Context::from_waker(&waker);
        catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx)))
    });
    let outcome = match polled {
        Ok(Poll::Pending) => return false,
        Ok(Poll::Ready(value)) => Ok(value),
        Err(panic) => Err(panic),
    };
    // SAFETY: the caller's promise.
    unsafe { end::<F>(task, Some(outcome)) };
    true
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
    let (sender, dropped) = with_body::<F, _>(task, |body| {
        // SAFETY: invariant 3, and the state has just become `Done`: nobody else uses the body again.
        let Body { future, sender } = unsafe { &mut *body };
        // SAFETY: invariant 3; nobody reads the sender where it was, for the state is `Done`.
        let sender = unsafe { ptr::read(sender) };
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: invariant 3; dropped once, where it was pinned.
            unsafe { ManuallyDrop::drop(future) };
        }));
        (sender, dropped)
    });
    let (outcome, lost) = match dropped {
        Ok(()) => (outcome, None),
        Err(panic) => (Some(Err(panic)), outcome),
    };
    let unheard = unwind::guard("the end of a task", || match outcome {
        Some(outcome) => sender.send(outcome).err(),
        None => {
            drop(sender);
            None
        }
    });
    // Not before: who sees this finds the outcome there.
    header.finished.store(true, Ordering::Release);
    // An output that nobody gets goes here, and may panic as any drop of the task.
    drop(catch_unwind(AssertUnwindSafe(|| drop(unheard))));
    drop(catch_unwind(AssertUnwindSafe(|| drop(lost))));
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
    body.with_mut(|body| access(body.cast()))
}

impl Header {
    /// The pool of the task's executor.
    pub(super) fn pool(&self) -> PoolId {
        self.shared.pool
    }
}
