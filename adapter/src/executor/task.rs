//! What is spawned: the user's future, kept from unwinding into the host, and known to its executor
//! from its first poll to its end.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use pin_project_lite::pin_project;
use slab::Slab;

use crate::sync::thread_local;

/// A task's output, or its panic.
pub(super) type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// The tasks of an executor that have been polled and are not finished. Each holds a future that
/// may only be dropped at home.
pub(super) type Active = RefCell<Slab<Waker>>;

pin_project! {
    /// A future in the care of an executor.
    pub(super) struct Task<F> {
        #[pin]
        future: F,
        listing: Option<Listing>,
    }
}

/// A task's entry in its executor's list; leaving is dropping it.
struct Listing {
    active: Rc<Active>,
    key: usize,
}

impl<F> Task<F> {
    pub(super) const fn new(future: F) -> Self {
        Self { future, listing: None }
    }
}

thread_local! {
    /// The list of the executor that is running on this OS thread right now.
    static RUNNING: RefCell<Option<Rc<Active>>> = const { RefCell::new(None) };
}

/// Runs `body` with `active` as the list that tasks enter at their first poll.
pub(super) fn running<R>(active: &Rc<Active>, body: impl FnOnce() -> R) -> R {
    struct Restore(Option<Rc<Active>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let _ = RUNNING.try_with(|running| running.replace(self.0.take()));
        }
    }
    let _restore = Restore(RUNNING.with(|running| running.replace(Some(Rc::clone(active)))));
    body()
}

impl<F: Future> Future for Task<F> {
    type Output = Outcome<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.project();
        task.listing.get_or_insert_with(|| Listing::enter(cx.waker()));
        match catch_unwind(AssertUnwindSafe(|| task.future.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl Listing {
    fn enter(waker: &Waker) -> Self {
        let active = RUNNING.with(|running| running.borrow().clone());
        let active = active.expect("tasks are polled by an executor");
        let key = active.borrow_mut().insert(waker.clone());
        Self { active, key }
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        // The waker goes after the borrow: its drop may free the task's memory.
        let waker = self.active.borrow_mut().try_remove(self.key);
        drop(waker);
    }
}
