//! The end of an executor, while other threads wake its tasks and spawn on it: each future is
//! dropped once, at home, nobody waits for ever, and the host is left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool as Plain, Ordering::SeqCst};

use callback_adapter::JoinError;
use futures_channel::oneshot;
use loom::thread;

use super::common::explore::explore;
use super::common::host::Host;
use super::common::ledger::Ledger;
use super::common::step::{step, stepping};
use super::common::wakers::block_on;

/// Wakes whoever awaits the receiver; it may be gone.
fn send(sender: oneshot::Sender<()>) {
    step();
    let _gone: Result<(), ()> = sender.send(());
}

#[test]
fn the_end_and_a_wake() {
    explore(|| {
        let (asking, futures) = (Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let (sender, receiver) = oneshot::channel::<()>();
        let entry = futures.entry_of_this_thread();
        let task = executor.spawn(async move {
            let _entry = entry;
            stepping(receiver).await
        });
        host.run(&executor);
        let waking = thread::spawn(move || send(sender));
        host.end(executor);
        futures.assert_closed(1);
        waking.join().unwrap();
        assert!(matches!(block_on(task), Err(JoinError::Cancelled)));
        asking.assert_closed(1);
    });
}

#[test]
fn the_end_and_a_spawn() {
    explore(|| {
        let (asking, generators, futures) =
            (Ledger::default(), Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let remote = executor.remote();
        let (generator, polled) = (generators.entry(), futures.clone());
        let spawning = thread::spawn(move || {
            step();
            let task = remote.spawn(move || {
                drop(generator);
                let entry = polled.entry_of_this_thread();
                async move {
                    let _entry = entry;
                    core::future::pending::<()>().await;
                }
            });
            // Whoever was let in hears of the end.
            task.map(block_on)
        });
        host.run(&executor);
        host.end(executor);
        let outcome = spawning.join().unwrap();
        assert!(matches!(outcome, Err(_) | Ok(Err(JoinError::Cancelled))), "{outcome:?}");
        generators.assert_closed(1);
        let polled = futures.made();
        futures.assert_closed(polled);
        asking.assert_closed(1);
    });
}

/// As at the end of a thread: the tasks are cancelled, and the executor goes on to take mail, which
/// the next turn cancels too.
#[test]
fn a_cancellation_and_wakes_and_spawns() {
    explore(|| {
        let (asking, futures) = (Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let (sender, receiver) = oneshot::channel::<()>();
        let entry = futures.entry_of_this_thread();
        let woken = executor.spawn(async move {
            let _entry = entry;
            stepping(receiver).await
        });
        host.run(&executor);
        let remote = executor.remote();
        let answered = Arc::new(Plain::new(false));
        let answering = Arc::clone(&answered);
        let busy = thread::spawn(move || {
            send(sender);
            let outcome = remote.spawn(core::future::pending::<()>).map(block_on);
            answering.store(true, SeqCst);
            outcome
        });
        executor.cancel_tasks();
        futures.assert_closed(1);
        while !answered.load(SeqCst) {
            if executor.is_idle() {
                thread::yield_now();
            } else {
                executor.cancel_tasks();
            }
        }
        let outcome = busy.join().unwrap();
        assert!(matches!(outcome, Ok(Err(JoinError::Cancelled))), "{outcome:?}");
        host.end(executor);
        assert!(matches!(block_on(woken), Err(JoinError::Cancelled)));
        asking.assert_closed(1);
    });
}

/// A handle outlives the executor, and its last waker goes on another thread.
#[test]
fn the_end_and_the_drop_of_a_waker() {
    explore(|| {
        let (asking, futures) = (Ledger::default(), Ledger::default());
        let (host, executor) = Host::with_executor(&asking);
        let (sender, receiver) = oneshot::channel::<()>();
        let entry = futures.entry_of_this_thread();
        let task = executor.spawn(async move {
            let _entry = entry;
            stepping(receiver).await
        });
        host.run(&executor);
        let dropping = thread::spawn(move || {
            step();
            drop(sender);
        });
        drop(task);
        host.end(executor);
        dropping.join().unwrap();
        futures.assert_closed(1);
        asking.assert_closed(1);
    });
}
