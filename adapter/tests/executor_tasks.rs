//! Tasks at home: spawned, run, joined, aborted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use callback_adapter::{Executor, JoinError, Kept, Pool, yield_now};
use futures_util::FutureExt;
use futures_util::future::{pending, poll_fn};

use crate::common::host::Host;
use crate::common::library::{Library, Script};
use crate::common::storage::{poll, pool};

#[test]
fn a_task_runs_when_the_executor_does() {
    let (_, executor) = Host::with_executor();
    let done = Rc::new(Cell::new(false));
    let set = Rc::clone(&done);
    let mut handle = executor.spawn(async move {
        set.set(true);
        Rc::new(5)
    });
    assert!(!done.get());
    assert!(!handle.is_finished());
    assert!((&mut handle).now_or_never().is_none());
    assert_eq!(executor.run(10), 1);
    assert!(done.get());
    assert!(handle.is_finished());
    assert_eq!(*handle.now_or_never().expect("it is finished").expect("it ended well"), 5);
}

#[test]
fn tasks_take_turns() {
    let (_, executor) = Host::with_executor();
    let order = Rc::new(RefCell::new(Vec::new()));
    for name in ["a", "b"] {
        let order = Rc::clone(&order);
        drop(executor.spawn(async move {
            for step in 0..3 {
                order.borrow_mut().push(format!("{name}{step}"));
                yield_now().await;
            }
        }));
    }
    while executor.run(10) > 0 {}
    assert_eq!(*order.borrow(), ["a0", "b0", "a1", "b1", "a2", "b2"]);
    assert!(executor.is_idle());
    assert_eq!(executor.active(), 0);
}

#[test]
fn a_run_keeps_to_its_budget() {
    let (_, executor) = Host::with_executor();
    for _ in 0..5 {
        drop(executor.spawn(async {}));
    }
    assert_eq!(executor.run(2), 2);
    assert!(!executor.is_idle());
    assert_eq!(executor.run(0), 0);
    assert_eq!(executor.run(2), 2);
    assert_eq!(executor.run(2), 1);
    assert!(executor.is_idle());
    assert_eq!(executor.run(2), 0);
}

#[test]
fn a_handle_awaits_its_task() {
    let (_, executor) = Host::with_executor();
    let inner = executor.spawn(async {
        yield_now().await;
        20
    });
    let outer = executor.spawn(async move { inner.await.expect("it ended well") + 1 });
    while executor.run(10) > 0 {}
    assert_eq!(outer.now_or_never().expect("it is finished").expect("it ended well"), 21);
}

#[test]
fn a_handle_drops_its_waker_with_itself() {
    let (_, executor) = Host::with_executor();
    let mut handle = executor.spawn(pending::<()>());
    struct Counted;
    impl Wake for Counted {
        fn wake(self: Arc<Self>) {}
    }
    let (first, second) = (Arc::new(Counted), Arc::new(Counted));
    assert!(poll(&mut handle, &Waker::from(Arc::clone(&first))).is_pending());
    assert!(poll(&mut handle, &Waker::from(Arc::clone(&second))).is_pending());
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2));
    drop(handle);
    assert_eq!(Arc::strong_count(&second), 1);
    assert_eq!(executor.active(), 1);
}

#[test]
fn an_output_that_nobody_takes_goes_with_the_later_of_task_and_handle() {
    let (_, executor) = Host::with_executor();
    for handle_goes_first in [true, false] {
        let output = Rc::new(());
        let inside = Rc::clone(&output);
        let handle = executor.spawn(async move { inside });
        let mut handle = Some(handle);
        if handle_goes_first {
            drop(handle.take());
        }
        assert_eq!(Rc::strong_count(&output), 2);
        assert_eq!(executor.run(10), 1);
        assert_eq!(Rc::strong_count(&output), 2 - usize::from(handle_goes_first));
        drop(handle);
        assert_eq!(Rc::strong_count(&output), 1);
    }
}

/// The last of the list takes the place of the one that ends.
#[test]
fn tasks_end_in_any_order() {
    let (_, executor) = Host::with_executor();
    let inside: Vec<_> = (0..6).map(|_| Rc::new(())).collect();
    let alive = || inside.iter().map(|inside| Rc::strong_count(inside) == 2).collect::<Vec<_>>();
    let mut handles: Vec<_> = inside
        .iter()
        .map(|inside| {
            let inside = Rc::clone(inside);
            Some(executor.spawn(async move {
                pending::<()>().await;
                drop(inside);
            }))
        })
        .collect();
    executor.run(10);
    let mut expected = vec![true; 6];
    for index in [0, 3, 5, 4] {
        handles[index].take().expect("each is aborted once").abort();
        executor.run(10);
        expected[index] = false;
        assert_eq!(alive(), expected);
        assert_eq!(executor.active(), expected.iter().filter(|alive| **alive).count());
    }
    executor.cancel_tasks();
    assert_eq!(alive(), [false; 6]);
    assert_eq!(executor.active(), 0);
}

#[test]
fn a_panic_goes_to_the_handle() {
    let (_, executor) = Host::with_executor();
    let panicking = executor.spawn(async { panic!("in the task") });
    let other = executor.spawn(async { 1 });
    assert_eq!(executor.run(10), 2, "the executor goes on");
    let error: JoinError = panicking.now_or_never().expect("it is finished").unwrap_err();
    assert_eq!(format!("{error:?}"), "Panicked(\"in the task\")");
    let JoinError::Panicked(panic) = error else { panic!("the task panicked") };
    assert_eq!(panic.downcast_ref(), Some(&"in the task"));
    assert!(matches!(other.now_or_never(), Some(Ok(1))));
    assert_eq!(executor.active(), 0);
}

#[test]
fn a_dropped_handle_lets_the_task_run_on() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let probe = library.trace.probe("task");
    drop(executor.spawn(async move {
        yield_now().await;
        drop(probe);
    }));
    library.trace.expect([]);
    while executor.run(10) > 0 {}
    library.trace.expect(["drop task"]);
}

#[test]
fn an_aborted_task_is_dropped_by_the_next_run() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let probe = library.trace.probe("task");
    let handle = executor.spawn(async move {
        let _probe = probe;
        pending::<()>().await;
    });
    executor.run(10);
    assert_eq!(executor.active(), 1);
    handle.abort();
    library.trace.expect([]);
    executor.run(10);
    library.trace.expect(["drop task"]);
    assert_eq!(executor.active(), 0);
}

#[test]
fn aborted_before_its_first_poll() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let probe = library.trace.probe("task");
    let task = async move {
        let _probe = probe;
        unreachable!("it is never polled");
    };
    executor.spawn::<_>(task.map(|(): ()| ())).abort();
    executor.run(10);
    library.trace.expect(["drop task"]);
}

#[test]
fn aborted_after_its_end() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let probe = library.trace.probe("output");
    let handle = executor.spawn(async move { probe });
    executor.run(10);
    library.trace.expect([]);
    handle.abort();
    library.trace.expect(["drop output"]);
}

/// A task that aborts another, and one that waits for the aborted.
#[test]
fn aborted_while_another_task_waits() {
    let (_, executor) = Host::with_executor();
    let victim = Rc::new(RefCell::new(Some(executor.spawn(pending::<()>()))));
    let watched = Rc::clone(&victim);
    let watcher = executor
        .spawn(poll_fn(move |cx| watched.borrow_mut().as_mut().expect("it waits").poll_unpin(cx)));
    executor.run(10);
    drop(victim.take());
    assert!(!watcher.is_finished(), "dropping a handle does not abort");
    drop(executor);
    assert!(matches!(watcher.now_or_never(), Some(Err(JoinError::Cancelled))));
}

/// Tasks take their records from the executor's pool.
#[test]
fn calls_use_the_executors_pool() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let call = library.call(Script::Later, Kept(3));
    let handle = executor.spawn(async move {
        assert!(Pool::entered().is_some());
        call.await
    });
    executor.run(10);
    assert_eq!(executor.pool().in_use(), 1);
    assert_eq!(host.asked(), 1, "for the spawned task");
    library.complete(0);
    assert_eq!(host.asked(), 0, "the callback has resumed the task");
    let outcome = handle.now_or_never().expect("it is finished").expect("it ended well");
    assert_eq!(outcome, (Ok(()), 3));
    assert!(Pool::entered().is_none());
}

#[test]
fn a_run_inside_a_run_does_nothing() {
    let (_, executor) = Host::with_executor();
    let executor = Rc::new(executor);
    let inner = Rc::downgrade(&executor);
    let handle = executor.spawn(async move {
        let executor = inner.upgrade().expect("the executor runs");
        drop(executor.spawn(async {}));
        executor.run(10)
    });
    assert_eq!(executor.run(10), 2);
    assert!(matches!(handle.now_or_never(), Some(Ok(0))));
}

#[test]
fn two_executors_on_one_thread() {
    let ((_, first), (_, second)) = (Host::with_executor(), Host::with_executor());
    let inner = second.spawn(async { Pool::entered().is_some() });
    let outer = first.spawn(async move {
        assert_eq!(second.run(10), 1);
        assert_eq!(second.active(), 0);
        let still = Pool::entered().is_some();
        (inner.await.expect("it ended well"), still, second.pool().in_use())
    });
    while first.run(10) > 0 {}
    assert!(matches!(outer.now_or_never(), Some(Ok((true, true, 0)))));
    assert_eq!(first.active(), 0);
}

#[test]
#[should_panic(expected = "a join handle was polled after it was ready")]
fn a_handle_polled_again() {
    let (_, executor) = Host::with_executor();
    let mut handle = executor.spawn(async {});
    executor.run(1);
    assert!((&mut handle).now_or_never().is_some());
    let _ = handle.poll_unpin(&mut std::task::Context::from_waker(Waker::noop()));
}

#[test]
fn away_from_home_nothing_is_made_run_or_spawned() {
    let elsewhere =
        std::thread::spawn(callback_adapter::Home::os_thread).join().expect("the thread ends well");
    let made = std::panic::catch_unwind(|| Executor::new(Pool::new(elsewhere), Host::new()));
    let panic = made.expect_err("an executor is made at home");
    assert_eq!(panic.downcast_ref(), Some(&"an executor was made away from its pool's thread"),);
    assert!(Executor::new(pool(), Host::new()).home().is_current());
}

struct Panics;
impl Drop for Panics {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// A future that is ready at once with an output, and both panic when they are dropped.
#[test]
fn a_future_and_its_output_that_panic_in_their_drops() {
    let (_, executor) = Host::with_executor();
    let held = Panics;
    let ready = poll_fn(move |_| {
        let _held = &held;
        Poll::Ready(Panics)
    });
    let handle = executor.spawn(ready);
    assert_eq!(executor.run(10), 1);
    assert!(matches!(handle.now_or_never(), Some(Err(JoinError::Panicked(_)))));
}

#[test]
fn a_cancelled_future_that_panics_in_its_drop() {
    let (_, executor) = Host::with_executor();
    let held = Panics;
    let handle = executor.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    executor.run(10);
    executor.cancel_tasks();
    assert!(matches!(handle.now_or_never(), Some(Err(JoinError::Panicked(_)))));
}

/// Nobody awaits the output, so its panic is that of a task that nobody awaits.
#[test]
fn an_output_that_panics_in_its_drop() {
    let (_, executor) = Host::with_executor();
    drop(executor.spawn(async { Panics }));
    let after = executor.spawn(async { 1 });
    assert_eq!(executor.run(10), 2);
    assert!(matches!(after.now_or_never(), Some(Ok(1))));
}
