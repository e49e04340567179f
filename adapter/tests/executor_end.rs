//! The executor's end: every task is dropped at home, and late wake-ups touch nothing.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use callback_adapter::{Closed, Executor, JoinError, Kept, Remote};
use futures_util::FutureExt;
use futures_util::future::{pending, poll_fn};

use crate::common::host::Host;
use crate::common::library::{Library, Script, elsewhere};
use crate::common::trace::{Probe, Trace};

/// A task that holds `probe`, and its waker.
fn waiting_task(executor: &Executor, probe: Probe) -> Waker {
    let waker = Rc::new(RefCell::new(None));
    let left = Rc::clone(&waker);
    let held = Rc::new(probe);
    drop(executor.spawn(poll_fn(move |cx| {
        let _held = &held;
        left.replace(Some(cx.waker().clone()));
        Poll::<()>::Pending
    })));
    executor.run(usize::MAX);
    waker.take().expect("the task was polled")
}

#[test]
fn tasks_are_dropped_at_home() {
    let (trace, (_, executor)) = (Trace::new(), Host::with_executor());
    let waker = waiting_task(&executor, trace.probe("polled"));
    let probe = Rc::new(trace.probe("not polled"));
    drop(executor.spawn(async move { drop(probe) }));
    trace.expect([]);
    drop(executor);
    let home = thread::current().id();
    assert_eq!(trace.thread_of("drop polled"), home);
    assert_eq!(trace.thread_of("drop not polled"), home);
    waker.wake();
    assert_eq!(trace.take().len(), 2);
}

#[test]
fn handles_report_cancelled_tasks() {
    let (_, executor) = Host::with_executor();
    let polled = executor.spawn(pending::<()>());
    executor.run(10);
    let not_polled = executor.spawn(async {});
    let remote = executor.remote().spawn(|| async {}).expect("the executor is open");
    drop(executor);
    for handle in [polled, not_polled, remote] {
        assert!(handle.is_finished());
        let outcome = handle.now_or_never().expect("nobody will finish it");
        assert!(matches!(outcome, Err(JoinError::Cancelled)));
    }
}

#[test]
fn nothing_is_spawned_after_the_end() {
    let (_, executor) = Host::with_executor();
    let remote = executor.remote();
    assert!(!remote.is_closed());
    drop(executor);
    assert!(remote.is_closed());
    assert!(matches!(remote.spawn(|| async {}), Err(Closed)));
    elsewhere(move || assert!(matches!(remote.spawn(|| async {}), Err(Closed))));
}

#[test]
fn woken_elsewhere_after_the_end() {
    let (trace, (_, executor)) = (Trace::new(), Host::with_executor());
    let waker = waiting_task(&executor, trace.probe("task"));
    drop(executor);
    trace.expect(["drop task"]);
    elsewhere(move || {
        waker.wake_by_ref();
        drop(waker);
    });
    trace.expect([]);
}

/// Tasks that await each other, and a task whose drop wakes another.
#[test]
fn tasks_that_wake_each_other_while_they_are_dropped() {
    struct WakesWhenDropped(Waker);
    impl Drop for WakesWhenDropped {
        fn drop(&mut self) {
            self.0.wake_by_ref();
        }
    }
    let (trace, (_, executor)) = (Trace::new(), Host::with_executor());
    let first = WakesWhenDropped(waiting_task(&executor, trace.probe("first")));
    let inner = executor.spawn(async move {
        let _first = first;
        pending::<()>().await;
    });
    let probe = trace.probe("outer");
    drop(executor.spawn(async move {
        let _probe = probe;
        let _ = inner.await;
    }));
    executor.run(10);
    drop(executor);
    let mut events = trace.take();
    events.sort();
    assert_eq!(events, ["drop first", "drop outer"]);
}

/// A task in flight leaves its record to C; the pool outlives the executor until the callback.
/// Spawns another of its kind when it is dropped, by the way that other threads use, until that is refused.
struct Hydra(Remote, Arc<AtomicUsize>);

impl Drop for Hydra {
    fn drop(&mut self) {
        let count = self.1.fetch_add(1, Ordering::Relaxed);
        if self.0.is_closed() || count > 1000 {
            return;
        }
        let next = Hydra(self.0.clone(), Arc::clone(&self.1));
        drop(self.0.spawn(move || pending_with(next)).expect("it has not ended"));
    }
}

async fn pending_with(held: Hydra) {
    let _held = held;
    pending::<()>().await;
}

#[test]
fn an_end_does_not_wait_for_what_is_spawned_meanwhile() {
    let (_, executor) = Host::with_executor();
    let dropped = Arc::new(AtomicUsize::new(0));
    let first = Hydra(executor.remote(), Arc::clone(&dropped));
    drop(executor.spawn(pending_with(first)));
    executor.run(usize::MAX);
    executor.cancel_tasks();
    assert_eq!(dropped.load(Ordering::Relaxed), 1, "the next one comes later");
    assert_eq!(executor.run(usize::MAX), 1);
    drop(executor);
    assert_eq!(dropped.load(Ordering::Relaxed), 2, "none is spawned any more");
}

#[test]
fn calls_in_flight_outlive_the_executor() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let call = library.call(Script::Later, Kept(library.trace.probe("payload")));
    let handle = executor.spawn(async move { drop(call.await) });
    executor.run(10);
    drop(executor);
    assert!(matches!(handle.now_or_never(), Some(Err(JoinError::Cancelled))));
    library.trace.expect(["call"]);
    library.complete(0);
    library.trace.expect(["drop payload"]);
}

/// Another thread wakes and spawns all the time while executors come and go.
#[test]
fn ended_while_another_thread_wakes() {
    let (wakers, waked) = mpsc::channel::<(Waker, callback_adapter::Remote)>();
    let waking = thread::spawn(move || {
        for (waker, remote) in waked {
            waker.wake_by_ref();
            if let Ok(handle) = remote.spawn(|| async { *Rc::new(1) }) {
                handle.abort();
            }
            waker.wake();
        }
    });
    let trace = Trace::new();
    for round in 0..300 {
        let (_, executor) = Host::with_executor();
        let waker = waiting_task(&executor, trace.probe("task"));
        wakers.send((waker, executor.remote())).expect("the other thread runs");
        if round % 2 == 1 {
            executor.run(10);
        }
        drop(executor);
        assert_eq!(trace.thread_of("drop task"), thread::current().id());
        trace.expect(["drop task"]);
    }
    drop(wakers);
    waking.join().expect("the other thread ends well");
}

/// No wake-up call comes after the drop has returned: the host may be gone then.
#[test]
fn the_host_is_not_asked_after_the_end() {
    struct Ended(Arc<AtomicBool>);
    impl callback_adapter::Wakeup for Ended {
        fn wake(&self) {
            assert!(!self.0.load(Ordering::SeqCst), "the host has gone");
        }
    }
    let (wakers, waked) = mpsc::channel::<Waker>();
    let waking = thread::spawn(move || {
        for waker in waked {
            (0..20).for_each(|_| waker.wake_by_ref());
        }
    });
    for _ in 0..300 {
        let ended = Arc::new(AtomicBool::new(false));
        let pool = crate::common::storage::pool();
        let executor = Executor::new(pool, Ended(Arc::clone(&ended)));
        let waker = waiting_task(&executor, Trace::new().probe("task"));
        wakers.send(waker).expect("the other thread runs");
        executor.run(10);
        drop(executor);
        ended.store(true, Ordering::SeqCst);
    }
    drop(wakers);
    waking.join().expect("no wake-up came late");
}

/// An executor kept in thread-local storage ends with its thread, when other such storage is gone.
#[test]
fn ended_with_its_thread() {
    thread_local!(static KEPT: RefCell<Option<Executor>> = const { RefCell::new(None) });
    let trace = Trace::new();
    let inside = trace.clone();
    thread::spawn(move || {
        // First of all, so that it is destroyed after everything that its use sets up.
        KEPT.set(None);
        let (_, executor) = Host::with_executor();
        let _ = waiting_task(&executor, inside.probe("task"));
        KEPT.set(Some(executor));
    })
    .join()
    .expect("the thread ends well");
    trace.expect(["drop task"]);
}
