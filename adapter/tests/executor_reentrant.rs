//! Code of the user that runs inside of an executor turns on the executor itself: drops that cancel
//! tasks, a host that ends the executor when it is asked for a run, joiners that panic.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use callback_adapter::{Executor, Wakeup};
use futures_util::FutureExt;
use futures_util::future::{pending, poll_fn};

use crate::common::death::dies;
use crate::common::host::Host;
use crate::common::library::{Library, Script};
use crate::common::storage::{pending as polled_once, pool};
use crate::common::trace::{Probe, Trace};
use crate::common::wakers::{Hooks, hooked};
use crate::common::watchdog::watched;

const ALL: usize = usize::MAX;

/// Runs something when it is dropped.
struct WhenDropped<F: FnMut()>(F);

impl<F: FnMut()> Drop for WhenDropped<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A task that runs `body` when it is dropped.
fn runs_when_dropped(executor: &Executor, body: impl FnMut() + 'static) {
    let held = WhenDropped(body);
    drop(executor.spawn(async move {
        let _held = held;
        pending::<()>().await;
    }));
}

#[test]
fn tasks_cancelled_by_the_drop_of_a_cancelled_task() {
    watched("executor_reentrant::tasks_cancelled_by_the_drop_of_a_cancelled_task", || {
        let (trace, (_, executor)) = (Trace::new(), Host::with_executor());
        let executor = Rc::new(executor);
        for name in ["first", "second"] {
            let (here, trace) = (Rc::clone(&executor), trace.clone());
            let executor = Rc::downgrade(&executor);
            runs_when_dropped(&here, move || {
                trace.note(name);
                executor.upgrade().expect("it lives").cancel_tasks();
            });
        }
        executor.run(ALL);
        executor.cancel_tasks();
        trace.expect(["first", "second"]);
        assert_eq!(executor.active(), 0);
    });
}

/// The drop of a cancelled task wakes it and runs the executor, which must not poll it.
#[test]
fn a_run_by_the_drop_of_a_cancelled_task_that_wakes_itself() {
    let (trace, (_, executor)) = (Trace::new(), Host::with_executor());
    let executor = Rc::new(executor);
    let (inside, waker) = (Rc::downgrade(&executor), Rc::new(RefCell::new(None::<Waker>)));
    let (left, polls) = (Rc::clone(&waker), trace.clone());
    let held = WhenDropped(move || {
        waker.take().expect("the task was polled").wake();
        inside.upgrade().expect("it lives").run(ALL);
    });
    drop(executor.spawn(poll_fn(move |cx| {
        let _held = &held;
        polls.note("poll");
        left.replace(Some(cx.waker().clone()));
        Poll::<()>::Pending
    })));
    executor.run(ALL);
    executor.cancel_tasks();
    trace.expect(["poll"]);
    assert_eq!((executor.active(), executor.is_idle()), (0, true));
}

/// An executor goes on after its tasks were cancelled, and asks for runs as before.
#[test]
fn a_host_is_asked_again_after_a_cancellation() {
    let (host, executor) = Host::with_executor();
    executor.cancel_tasks();
    assert_eq!(host.asked(), 0);
    let next = executor.spawn(async { 1 });
    assert_eq!(host.asked(), 1);
    executor.run(ALL);
    assert!(matches!(next.now_or_never(), Some(Ok(1))));
}

/// One that was asked and has not run yet is not asked again.
#[test]
fn a_host_is_not_asked_twice_because_of_a_cancellation() {
    let (host, executor) = Host::with_executor();
    drop(executor.spawn(pending::<()>()));
    executor.cancel_tasks();
    drop(executor.spawn(async {}));
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(ALL), 1);
}

thread_local! {
    /// The executor that `Ends` ends.
    static ENDING: RefCell<Option<Executor>> = const { RefCell::new(None) };
}

/// A host that ends the executor when it is asked for the second run, and looks at itself afterwards.
struct Ends {
    asked: AtomicUsize,
    probe: Probe,
    trace: Trace,
}

impl Wakeup for Ends {
    fn wake(&self) {
        if self.asked.fetch_add(1, Ordering::SeqCst) == 1 {
            drop(ENDING.take());
            self.trace.note(format!("asked {}", self.asked.load(Ordering::SeqCst)));
        }
        let _ = &self.probe;
    }
}

fn ends(trace: &Trace) -> Executor {
    let host =
        Ends { asked: AtomicUsize::new(0), probe: trace.probe("host"), trace: trace.clone() };
    Executor::new(pool(), host)
}

/// Nothing but the record refers to the task that the callback wakes.
#[test]
fn a_host_ends_the_executor_when_a_callback_asks_it() {
    let library = Library::new();
    let executor = ends(&library.trace);
    let held = library.trace.probe("task");
    let calling = library.clone();
    drop(executor.spawn(async move {
        let _held = held;
        loop {
            calling.call(Script::Later, ()).await.expect("the call succeeds");
        }
    }));
    executor.run(ALL);
    // As many as are resumed without the host; the next is queued, and the host asked.
    (0..1024).for_each(|_| library.complete(0));
    ENDING.set(Some(executor));
    library.trace.take();
    library.complete(0);
    library.trace.expect(["drop task", "asked 2", "drop host"]);
}

#[test]
fn a_host_ends_the_executor_when_a_waker_asks_it() {
    let trace = Trace::new();
    let executor = ends(&trace);
    let waker = Rc::new(RefCell::new(None));
    let (left, held) = (Rc::clone(&waker), trace.probe("task"));
    drop(executor.spawn(poll_fn(move |cx| {
        let _held = &held;
        left.replace(Some(cx.waker().clone()));
        Poll::<()>::Pending
    })));
    executor.run(ALL);
    ENDING.set(Some(executor));
    let waker = waker.take().expect("the task was polled");
    waker.wake();
    trace.expect(["drop task", "asked 2", "drop host"]);
}

#[test]
fn an_executor_dropped_by_a_resumed_task() {
    let message = "an executor was dropped by one of its tasks; the process ends here";
    dies("executor_reentrant::an_executor_dropped_by_a_resumed_task", message, || {
        let (library, (_, executor)) = (Library::new(), Host::with_executor());
        let call = library.call(Script::Later, ());
        drop(executor.spawn(async move {
            call.await.expect("the call succeeds");
            drop(ENDING.take());
        }));
        executor.run(ALL);
        ENDING.set(Some(executor));
        library.complete(0);
    });
}

struct PanicsWhenWoken;

impl Hooks for PanicsWhenWoken {
    fn woken(&self) {
        panic!("cannot wake");
    }
}

#[test]
fn a_panic_in_the_waker_of_a_joiner() {
    let message = "the end of a task: a panic reached the border";
    dies("executor_reentrant::a_panic_in_the_waker_of_a_joiner", message, || {
        let (library, (_, executor)) = (Library::new(), Host::with_executor());
        let call = library.call(Script::Later, ());
        let mut handle = executor.spawn(async move { call.await.expect("the call succeeds") });
        executor.run(ALL);
        polled_once(&mut handle, &hooked(Rc::new(PanicsWhenWoken)));
        library.complete(0);
    });
}
