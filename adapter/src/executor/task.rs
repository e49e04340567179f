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
use core::ops::Deref;
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::task::{Context, Poll};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_channel::oneshot;

use super::core::Core;
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
    vtable: &'static Vtable,
    pub(super) shared: Arc<Shared>,
    counted: AtomicUsize,
    /// Whether the task lies in the inbox.
    pub(super) posted: AtomicBool,
    pub(super) aborted: AtomicBool,
    /// Whether the state is `Done`, for other threads.
    pub(super) finished: AtomicBool,
    local: Cell<usize>,
    pub(super) state: Cell<State>,
    pub(super) core: Cell<*const Core>,
    /// The task's place in the core's list.
    pub(super) key: Cell<usize>,
    /// The next in the queue.
    pub(super) next: Cell<Option<Local>>,
}

struct Vtable {
    /// Polls the future; says whether the task is done by that.
    poll: unsafe fn(NonNull<Header>) -> bool,
    /// Drops the future unfinished, and with it the way to tell the handle.
    cancel: unsafe fn(NonNull<Header>),
    free: unsafe fn(NonNull<Header>),
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
    (Counted(task.cast()), receiver)
}

/// # Safety
///
/// - The task is one of `F`, at home, and `Running`.
unsafe fn poll<F: Future>(task: NonNull<Header>) -> bool {
    let polled = with_body::<F, _>(task, |body| {
        // SAFETY: invariant 3; nobody else touches the body of a task that is running.
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
        // SAFETY: as above; nobody reads the sender where it was.
        let sender = unsafe { ptr::read(sender) };
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: as above; dropped where it was pinned.
            unsafe { ManuallyDrop::drop(future) };
        }));
        (sender, dropped)
    });
    header.finished.store(true, Ordering::Release);
    unwind::guard("the end of a task", || match (dropped, outcome) {
        // Nobody may be listening; then the panic's own message is all there is.
        (Err(panic), _) => drop(sender.send(Err(panic))),
        (Ok(()), Some(outcome)) => drop(sender.send(outcome)),
        (Ok(()), None) => drop(sender),
    });
}

/// # Safety
///
/// - The task is one of `F`, and nobody refers to it any more.
unsafe fn free<F: Future>(task: NonNull<Header>) {
    // SAFETY: `allocate` made the box, and the caller has the last reference.
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

/// A reference to a task from any thread.
pub(super) struct Counted(NonNull<Header>);

// SAFETY: the header's shared parts are atomics, and the rest is touched as invariant 2 says.
unsafe impl Send for Counted {}
// SAFETY: as for `Send`.
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
            self.shared.post(self.clone());
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

    /// Ends a task that finds its executor ended.
    ///
    /// # Safety
    ///
    /// - The executor has ended, and that happened before; the task comes from nowhere but the way
    ///   home.
    pub(super) unsafe fn turn_back(self) {
        if self.state.get() == State::New {
            // SAFETY: the task was not admitted and never will be, so nobody else touches it. Its
            // future was never polled: it holds at most a `Send` generator.
            unsafe { (self.vtable.cancel)(self.0) };
        }
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
    pub(super) unsafe fn to_local(&self) -> Option<Local> {
        let admitted = !matches!(self.state.get(), State::New | State::Done);
        admitted.then(|| {
            self.local.set(self.local.get() + 1);
            Local(self.0)
        })
    }
}

impl Header {
    /// The pool of the task's executor.
    pub(super) fn pool(&self) -> PoolId {
        self.shared.pool
    }
}

impl Deref for Counted {
    type Target = Header;

    fn deref(&self) -> &Header {
        // SAFETY: invariant 1.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        let before = self.counted.fetch_add(1, Ordering::Relaxed);
        // As `Arc`: nobody has so many references but by forgetting them in a loop.
        if before > isize::MAX as usize {
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
        // SAFETY: this was the last reference. The body has gone before: each task comes home and is
        // ended there, or finds the inbox closed.
        unsafe { (self.vtable.free)(self.0) };
    }
}

/// A reference to a task at home: no atomics.
pub(super) struct Local(NonNull<Header>);

impl Local {
    pub(super) fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    ///
    /// - A local reference is given up to this, at home.
    pub(super) const unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Self(task)
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
    #[inline]
    pub(super) fn resume(self) {
        if self.state.get() == State::Idle {
            // SAFETY: task invariant 4.
            let core = unsafe { &*self.core.get() };
            if core.may_resume() {
                return core.resume(self);
            }
        }
        self.wake();
    }

    /// Polls the future; says whether the task is done by that.
    ///
    /// # Safety
    ///
    /// - The state is `Running`.
    pub(super) unsafe fn poll(&self) -> bool {
        // SAFETY: local references exist at home only; the rest is the caller's promise.
        unsafe { (self.vtable.poll)(self.0) }
    }

    /// Drops the future.
    ///
    /// # Safety
    ///
    /// - The state is `Idle` or `Queued`.
    pub(super) unsafe fn cancel(&self) {
        // SAFETY: local references exist at home only; the rest is the caller's promise.
        unsafe { (self.vtable.cancel)(self.0) }
    }
}

impl Deref for Local {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        // SAFETY: invariant 1.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for Local {
    #[inline]
    fn clone(&self) -> Self {
        self.local.set(self.local.get() + 1);
        Self(self.0)
    }
}

impl Drop for Local {
    #[inline]
    fn drop(&mut self) {
        let left = self.local.get() - 1;
        self.local.set(left);
        if left == 0 {
            // SAFETY: invariant 1: the count of all local references.
            drop(unsafe { Counted::from_raw(self.0) });
        }
    }
}
