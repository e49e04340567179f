//! A callback resumes its task on its own stack at home, while other threads wake the task, abort it,
//! let go of it, or ask whether it is finished. A reference that is lost or counted twice shows in the
//! ledger of the host, which each task keeps, or as a race on the task's memory.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use callback_adapter::{Executor, Home, JoinError, JoinHandle, Pool};
use futures_channel::oneshot;
use loom::thread;

use super::common::explore::explore;
use super::common::host::Host;
use super::common::ledger::Ledger;
use super::common::library::{Pending, call};
use super::common::step::{step, stepping};
use super::common::wakers::{Bell, block_on, poll_with};

const ALL: usize = usize::MAX;

/// The call that C has accepted, and what it opens.
#[derive(Clone, Default)]
struct Library {
    accepted: Rc<Cell<Option<Pending>>>,
    buffers: Ledger,
    resources: Ledger,
}

impl Library {
    /// A call that is completed by [`complete`](Self::complete).
    fn call(&self) -> impl Future<Output = ()> + use<> {
        let accepted = Rc::clone(&self.accepted);
        let call = call(&self.buffers, move |pending| {
            accepted.set(Some(pending));
            Ok(())
        });
        async move {
            call.await.0.unwrap();
        }
    }

    /// Calls back, which resumes the task.
    fn complete(&self) {
        // SAFETY: the call is in flight.
        unsafe { self.accepted.take().unwrap().complete(1, &self.resources) };
    }

    /// Checks that everything of so many calls is gone.
    fn assert_closed(&self, calls: usize) {
        self.buffers.assert_closed(calls);
        self.resources.assert_closed(calls);
    }
}

/// Wakers of a task, for other threads.
type Wakers = Arc<Mutex<Vec<Waker>>>;

/// Leaves a waker of the task in each poll.
async fn leaving<F: Future>(wakers: Wakers, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // Cloned before: a thread must not be held up while it has a lock that is not the checker's.
        let waker = cx.waker().clone();
        wakers.lock().unwrap().push(waker);
        future.as_mut().poll(cx)
    })
    .await
}

fn first(wakers: &Wakers) -> Waker {
    wakers.lock().unwrap().remove(0)
}

/// A task that waits for one call and leaves its wakers.
fn waiting(executor: &Executor, library: &Library, futures: &Ledger) -> (JoinHandle<()>, Wakers) {
    let (wakers, entry) = (Wakers::default(), futures.entry_of_this_thread());
    let (left, call) = (Arc::clone(&wakers), library.call());
    let task = executor.spawn(async move {
        let _entry = entry;
        leaving(left, call).await;
    });
    (task, wakers)
}

#[test]
fn a_callback_and_a_wake() {
    explore(|| {
        let (asking, library) = (Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (sender, receiver) = oneshot::channel();
        let call = library.call();
        let task = executor.spawn(async move {
            call.await;
            stepping(receiver).await.unwrap();
        });
        host.run(&executor);
        let waking = thread::spawn(move || {
            step();
            sender.send(()).unwrap();
        });
        library.complete();
        host.serve(&executor, ALL, || task.is_finished());
        block_on(task).unwrap();
        waking.join().unwrap();
        host.end(executor);
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}

/// The task is done by the time that the mail comes home, or it is woken in vain.
#[test]
fn a_callback_and_wakes_of_the_same_task() {
    explore(|| {
        let (asking, futures, library) = (Ledger::default(), Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (task, wakers) = waiting(&executor, &library, &futures);
        host.run(&executor);
        let waking = thread::spawn(move || {
            let waker = first(&wakers);
            waker.wake_by_ref();
            waker.wake();
        });
        library.complete();
        assert!(task.is_finished());
        waking.join().unwrap();
        host.end(executor);
        drop(task);
        futures.assert_closed(1);
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}

#[test]
fn a_callback_and_an_abort() {
    explore(|| {
        let (asking, futures, library) = (Ledger::default(), Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (call, next) = (library.call(), core::future::pending::<()>());
        let entry = futures.entry_of_this_thread();
        let task = executor.spawn(async move {
            let _entry = entry;
            call.await;
            next.await;
        });
        host.run(&executor);
        let aborting = thread::spawn(move || task.abort());
        library.complete();
        host.serve(&executor, ALL, || futures.gone() == 1);
        aborting.join().unwrap();
        host.end(executor);
        futures.assert_closed(1);
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}

/// The abort finds the task in the inbox, and relies on the mail that is on its way.
#[test]
fn an_abort_behind_a_wake() {
    explore(|| {
        let (asking, futures, library) = (Ledger::default(), Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (task, wakers) = waiting(&executor, &library, &futures);
        host.run(&executor);
        let aborting = thread::spawn(move || {
            let waker = first(&wakers);
            waker.wake();
            task.abort();
        });
        host.serve(&executor, ALL, || futures.gone() == 1);
        aborting.join().unwrap();
        library.complete();
        host.end(executor);
        futures.assert_closed(1);
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}

#[test]
fn a_callback_and_the_drop_of_the_last_waker() {
    explore(|| {
        let (asking, futures, library) = (Ledger::default(), Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (task, wakers) = waiting(&executor, &library, &futures);
        drop(task);
        host.run(&executor);
        let dropping = thread::spawn(move || {
            let waker = first(&wakers);
            drop(waker.clone());
            drop(waker);
            wakers
        });
        library.complete();
        futures.assert_closed(1);
        host.end(executor);
        drop(dropping.join().unwrap());
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}

/// Another thread polls a call of its own with the waker of the task, which ends meanwhile.
#[test]
fn a_callback_and_a_call_elsewhere_with_the_waker() {
    explore(|| {
        let (asking, futures, library) = (Ledger::default(), Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (task, wakers) = waiting(&executor, &library, &futures);
        drop(task);
        host.run(&executor);
        let other = thread::spawn(move || {
            let waker = first(&wakers);
            let (pool, library) = (Pool::new(Home::os_thread()), Library::default());
            let mut call = Box::pin(library.call());
            pool.enter(|| {
                let mut cx = core::task::Context::from_waker(&waker);
                assert!(call.as_mut().poll(&mut cx).is_pending());
            });
            library.complete();
            assert_eq!(poll_with(&mut call, &Bell::new()), Poll::Ready(()));
            library.assert_closed(1);
            wakers
        });
        library.complete();
        host.end(executor);
        drop(other.join().unwrap());
        futures.assert_closed(1);
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}

/// The record refers to a task that its executor's end has cancelled.
#[test]
fn a_wake_and_the_end_before_the_callback() {
    explore(|| {
        let (asking, futures, library) = (Ledger::default(), Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (task, wakers) = waiting(&executor, &library, &futures);
        host.run(&executor);
        let waking = thread::spawn(move || {
            let waker = first(&wakers);
            waker.wake();
        });
        host.end(executor);
        futures.assert_closed(1);
        library.complete();
        waking.join().unwrap();
        assert!(matches!(block_on(task), Err(JoinError::Cancelled)));
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}

/// Whoever hears that a task is finished may rely on its future being gone.
#[test]
fn a_callback_and_a_look_whether_the_task_is_finished() {
    explore(|| {
        let (asking, futures, library) = (Ledger::default(), Ledger::default(), Library::default());
        let (host, executor) = Host::with_executor(&asking);
        let (entry, mut call) = (futures.entry_of_this_thread(), Box::pin(library.call()));
        // Captured, so that it goes with the future and not by the end of the poll.
        let task = executor.spawn(poll_fn(move |cx| {
            let _held = &entry;
            call.as_mut().poll(cx)
        }));
        host.run(&executor);
        let seen = futures.clone();
        let looking = thread::spawn(move || {
            if task.is_finished() {
                step();
                assert_eq!(seen.gone(), 1, "finished, and the future is still there");
            }
        });
        library.complete();
        futures.assert_closed(1);
        looking.join().unwrap();
        host.end(executor);
        library.assert_closed(1);
        asking.assert_closed(1);
    });
}
