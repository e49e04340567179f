//! Tasks that other threads wake: no wake-up is lost, and the host is asked at most once from one
//! run to the next. A lost one leaves the host asleep for ever, which the checker reports as a
//! deadlock.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use callback_adapter::yield_now;
use futures_channel::oneshot;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::common::explore::explore;
use super::common::host::Host;
use super::common::ledger::Ledger;
use super::common::step::{step, stepping};
use super::common::wakers::block_on;

const ALL: usize = usize::MAX;

/// Wakes whoever awaits the receiver.
fn send(sender: oneshot::Sender<()>) {
    step();
    sender.send(()).unwrap();
}

#[test]
fn a_wake_and_the_end_of_a_run() {
    explore(|| {
        let asking = Ledger::default();
        let (host, executor) = Host::with_executor(&asking);
        let (sender, receiver) = oneshot::channel();
        let task = executor.spawn(stepping(receiver));
        let waking = thread::spawn(move || send(sender));
        host.serve(&executor, ALL, || task.is_finished());
        assert_eq!(block_on(task).unwrap(), Ok(()));
        waking.join().unwrap();
        host.end(executor);
        asking.assert_closed(1);
    });
}

#[test]
fn wakes_from_two_threads() {
    explore(|| {
        let asking = Ledger::default();
        let (host, executor) = Host::with_executor(&asking);
        let mut tasks = Vec::new();
        let mut waking = Vec::new();
        for _ in 0..2 {
            let (sender, receiver) = oneshot::channel();
            tasks.push(executor.spawn(stepping(receiver)));
            waking.push(thread::spawn(move || send(sender)));
        }
        host.serve(&executor, ALL, || tasks.iter().all(|task| task.is_finished()));
        waking.into_iter().for_each(|thread| thread.join().unwrap());
        host.end(executor);
        drop(tasks);
        asking.assert_closed(1);
    });
}

/// A wake from elsewhere while runs end with tasks left over.
#[test]
fn a_wake_and_a_run_that_leaves_tasks_over() {
    explore(|| {
        let asking = Ledger::default();
        let (host, executor) = Host::with_executor(&asking);
        let (sender, receiver) = oneshot::channel();
        let woken = executor.spawn(stepping(receiver));
        let busy = executor.spawn(stepping(yield_now()));
        let waking = thread::spawn(move || send(sender));
        host.serve(&executor, 1, || woken.is_finished() && busy.is_finished());
        waking.join().unwrap();
        host.end(executor);
        drop((woken, busy));
        asking.assert_closed(1);
    });
}

#[test]
fn a_task_spawned_from_elsewhere() {
    explore(|| {
        let asking = Ledger::default();
        let (host, executor) = Host::with_executor(&asking);
        let own = executor.spawn(stepping(yield_now()));
        let remote = executor.remote();
        let (sender, mut arrived) = oneshot::channel();
        let spawning = thread::spawn(move || {
            step();
            let task = remote.spawn(move || async move { sender.send(()).unwrap() });
            drop(task.unwrap());
        });
        let mut ran = false;
        host.serve(&executor, ALL, || {
            ran = ran || arrived.try_recv().unwrap().is_some();
            ran && own.is_finished()
        });
        spawning.join().unwrap();
        host.end(executor);
        drop(own);
        asking.assert_closed(1);
    });
}

/// A condition that one task waits for.
#[derive(Default)]
struct Condition {
    holds: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Condition {
    async fn wait(&self) {
        poll_fn(|cx| {
            *self.waiting.lock().unwrap() = Some(cx.waker().clone());
            match self.holds.load(Ordering::Acquire) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    fn set(&self) {
        self.holds.store(true, Ordering::Release);
        let waiting = self.waiting.lock().unwrap().take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

/// The wake comes between any two steps of the poll.
#[test]
fn a_wake_and_the_poll_that_waits_for_it() {
    explore(|| {
        let asking = Ledger::default();
        let (host, executor) = Host::with_executor(&asking);
        let condition = Arc::new(Condition::default());
        let waited = Arc::clone(&condition);
        let task = executor.spawn(async move { waited.wait().await });
        let waking = thread::spawn(move || condition.set());
        host.serve(&executor, ALL, || task.is_finished());
        waking.join().unwrap();
        host.end(executor);
        drop(task);
        asking.assert_closed(1);
    });
}

/// A host that runs the executor in each of its turns, as a poller does, and ignores being asked.
#[test]
fn a_wake_and_a_host_that_polls() {
    explore(|| {
        let asking = Ledger::default();
        let (host, executor) = Host::with_executor(&asking);
        let (sender, receiver) = oneshot::channel();
        let task = executor.spawn(stepping(receiver));
        let waking = thread::spawn(move || send(sender));
        host.poll(&executor, || task.is_finished());
        waking.join().unwrap();
        host.end(executor);
        drop(task);
        asking.assert_closed(1);
    });
}
