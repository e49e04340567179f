//! The handle of a task on another thread than the task: awaited, aborted, or dropped, while the task
//! runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool as Plain, Ordering::SeqCst};
use std::task::Poll;

use callback_adapter::{JoinError, yield_now};
use loom::thread;

use super::common::explore::explore;
use super::common::host::Host;
use super::common::ledger::Ledger;
use super::common::step::{step, stepping};
use super::common::wakers::{Bell, block_on, poll_with};

const ALL: usize = usize::MAX;

#[test]
fn a_task_finishes_and_its_handle_is_awaited() {
    explore(|| {
        let (asking, futures, outputs) = (Ledger::default(), Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let (inside, output) = (futures.clone(), outputs.entry());
        let awaiting = thread::spawn(move || {
            let task = remote.spawn(move || async move {
                let _entry = inside.entry_of_this_thread();
                stepping(yield_now()).await;
                output
            });
            drop(block_on(task.unwrap()).unwrap());
        });
        host.serve(&executor, ALL, || futures.gone() == 1);
        awaiting.join().unwrap();
        host.end(executor);
        futures.assert_closed(1);
        outputs.assert_closed(1);
        asking.assert_closed(1);
    });
}

#[test]
fn a_task_runs_and_its_handle_aborts_it() {
    explore(|| {
        let (asking, futures, outputs) = (Ledger::default(), Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let (entry, output) = (futures.entry(), outputs.entry());
        let aborting = thread::spawn(move || {
            let task = remote.spawn(move || async move {
                let _entry = entry;
                stepping(yield_now()).await;
                output
            });
            step();
            task.unwrap().abort();
        });
        host.serve(&executor, ALL, || futures.gone() == 1);
        aborting.join().unwrap();
        host.end(executor);
        futures.assert_closed(1);
        outputs.assert_closed(1);
        asking.assert_closed(1);
    });
}

/// An idle task has nothing but the abort to end it.
#[test]
fn an_abort_reaches_an_idle_task() {
    explore(|| {
        let (asking, futures) = (Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let inside = futures.clone();
        let aborting = thread::spawn(move || {
            let started = Arc::new(Plain::new(false));
            let starting = Arc::clone(&started);
            let task = remote.spawn(move || async move {
                let _entry = inside.entry_of_this_thread();
                starting.store(true, SeqCst);
                core::future::pending::<()>().await;
            });
            let task = task.unwrap();
            while !started.load(SeqCst) {
                thread::yield_now();
            }
            task.abort();
        });
        host.serve(&executor, ALL, || futures.gone() == 1);
        aborting.join().unwrap();
        host.end(executor);
        futures.assert_closed(1);
        asking.assert_closed(1);
    });
}

#[test]
fn a_task_runs_on_when_its_handle_is_dropped() {
    explore(|| {
        let (asking, outputs) = (Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let output = outputs.entry();
        let finished = Arc::new(Plain::new(false));
        let finishing = Arc::clone(&finished);
        let dropping = thread::spawn(move || {
            let task = remote.spawn(move || async move {
                stepping(yield_now()).await;
                finishing.store(true, SeqCst);
                output
            });
            step();
            drop(task.unwrap());
        });
        host.serve(&executor, ALL, || finished.load(SeqCst));
        dropping.join().unwrap();
        host.end(executor);
        outputs.assert_closed(1);
        asking.assert_closed(1);
    });
}

#[test]
fn a_task_panics_and_its_handle_is_awaited() {
    explore(|| {
        let asking = Ledger::default();
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let ran = Arc::new(Plain::new(false));
        let running = Arc::clone(&ran);
        let awaiting = thread::spawn(move || {
            let task = remote.spawn(move || async move {
                running.store(true, SeqCst);
                std::panic::resume_unwind(Box::new("on purpose"));
            });
            let outcome: Result<(), JoinError> = block_on(task.unwrap());
            assert!(matches!(outcome, Err(JoinError::Panicked(_))), "{outcome:?}");
        });
        host.serve(&executor, ALL, || ran.load(SeqCst));
        awaiting.join().unwrap();
        host.end(executor);
        asking.assert_closed(1);
    });
}

/// A handle that is polled again keeps the later waker, also if the task ends in between.
#[test]
fn a_task_finishes_and_its_handle_is_polled_with_another_waker() {
    explore(|| {
        let (asking, outputs) = (Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let output = outputs.entry();
        let finished = Arc::new(Plain::new(false));
        let finishing = Arc::clone(&finished);
        let awaiting = thread::spawn(move || {
            let task = remote.spawn(move || async move {
                finishing.store(true, SeqCst);
                output
            });
            let mut task = task.unwrap();
            match poll_with(&mut task, &Bell::new()) {
                Poll::Ready(output) => drop(output.unwrap()),
                Poll::Pending => drop(block_on(task).unwrap()),
            }
        });
        host.serve(&executor, ALL, || finished.load(SeqCst));
        awaiting.join().unwrap();
        host.end(executor);
        outputs.assert_closed(1);
        asking.assert_closed(1);
    });
}

/// Whichever comes first, the output goes once, and so does the waker.
#[test]
fn a_task_finishes_and_a_handle_that_was_awaited_is_dropped() {
    explore(|| {
        let (asking, outputs) = (Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let output = outputs.entry();
        let finished = Arc::new(Plain::new(false));
        let finishing = Arc::clone(&finished);
        let dropping = thread::spawn(move || {
            let task = remote.spawn(move || async move {
                finishing.store(true, SeqCst);
                output
            });
            let (mut task, bell) = (task.unwrap(), Bell::new());
            drop(poll_with(&mut task, &bell));
            drop(task);
            bell
        });
        host.serve(&executor, ALL, || finished.load(SeqCst));
        let bell = dropping.join().unwrap();
        assert_eq!(Arc::strong_count(&bell), 1, "a waker is left");
        host.end(executor);
        outputs.assert_closed(1);
        asking.assert_closed(1);
    });
}
