//! A callback resumes its task on its own stack at home, while other threads wake the task, abort it,
//! let go of it, or ask whether it is finished. A reference that is lost or counted twice shows in the
//! ledger of the host, which each task keeps, or as a race on the task's memory.

use core::mem::ManuallyDrop;
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

    /// Checks that everything of its one call is gone.
    fn assert_closed(&self) {
        self.buffers.assert_closed(1);
        self.resources.assert_closed(1);
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

/// A home for one task and its one call.
struct Scene {
    host: Host,
    executor: ManuallyDrop<Executor>,
    traces: Traces,
}

/// What is closed when nothing of them is left.
#[derive(Default)]
struct Traces {
    asking: Ledger,
    futures: Ledger,
    library: Library,
}

impl Traces {
    fn assert_closed(&self) {
        self.futures.assert_closed(1);
        self.library.assert_closed();
        self.asking.assert_closed(1);
    }
}

impl Scene {
    fn new() -> Self {
        let traces = Traces::default();
        let (host, executor) = Host::with_executor(&traces.asking);
        Self { host, executor, traces }
    }

    /// A task, with an entry that goes with its future.
    fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> JoinHandle<T> {
        let entry = self.traces.futures.entry_of_this_thread();
        self.executor.spawn(async move {
            let _entry = entry;
            future.await
        })
    }

    /// A task that waits for the call and leaves its wakers.
    fn waiting(&self) -> (JoinHandle<()>, Wakers) {
        let wakers = Wakers::default();
        let task = self.spawn(leaving(Arc::clone(&wakers), self.traces.library.call()));
        (task, wakers)
    }

    fn run(&self) {
        self.host.run(&self.executor);
    }

    /// Runs the executor when it asks for that, until `done`.
    fn serve(&self, done: impl FnMut() -> bool) {
        self.host.serve(&self.executor, usize::MAX, done);
    }

    /// Calls back, which resumes the task.
    fn complete(&self) {
        self.traces.library.complete();
    }

    /// Ends the executor.
    fn end(self) -> Traces {
        self.host.end(self.executor);
        self.traces
    }
}

#[test]
fn a_callback_and_a_wake() {
    explore(|| {
        let scene = Scene::new();
        let (sender, receiver) = oneshot::channel();
        let call = scene.traces.library.call();
        let task = scene.spawn(async move {
            call.await;
            stepping(receiver).await.unwrap();
        });
        scene.run();
        let waking = thread::spawn(move || {
            step();
            sender.send(()).unwrap();
        });
        scene.complete();
        scene.serve(|| task.is_finished());
        block_on(task).unwrap();
        waking.join().unwrap();
        scene.end().assert_closed();
    });
}

/// The task is done by the time that the mail comes home, or it is woken in vain.
#[test]
fn a_callback_and_wakes_of_the_same_task() {
    explore(|| {
        let scene = Scene::new();
        let (task, wakers) = scene.waiting();
        scene.run();
        let waking = thread::spawn(move || {
            let waker = first(&wakers);
            waker.wake_by_ref();
            waker.wake();
        });
        scene.complete();
        assert!(task.is_finished());
        waking.join().unwrap();
        let traces = scene.end();
        drop(task);
        traces.assert_closed();
    });
}

#[test]
fn a_callback_and_an_abort() {
    explore(|| {
        let scene = Scene::new();
        let (call, next) = (scene.traces.library.call(), core::future::pending::<()>());
        let task = scene.spawn(async move {
            call.await;
            next.await;
        });
        scene.run();
        let aborting = thread::spawn(move || task.abort());
        scene.complete();
        scene.serve(|| scene.traces.futures.gone() == 1);
        aborting.join().unwrap();
        scene.end().assert_closed();
    });
}

/// The abort finds the task in the inbox, and relies on the mail that is on its way.
#[test]
fn an_abort_behind_a_wake() {
    explore(|| {
        let scene = Scene::new();
        let (task, wakers) = scene.waiting();
        scene.run();
        let aborting = thread::spawn(move || {
            let waker = first(&wakers);
            waker.wake();
            task.abort();
        });
        scene.serve(|| scene.traces.futures.gone() == 1);
        aborting.join().unwrap();
        scene.complete();
        scene.end().assert_closed();
    });
}

#[test]
fn a_callback_and_the_drop_of_the_last_waker() {
    explore(|| {
        let scene = Scene::new();
        let (task, wakers) = scene.waiting();
        drop(task);
        scene.run();
        let dropping = thread::spawn(move || {
            let waker = first(&wakers);
            drop(waker.clone());
            drop(waker);
            wakers
        });
        scene.complete();
        scene.traces.futures.assert_closed(1);
        let traces = scene.end();
        drop(dropping.join().unwrap());
        traces.assert_closed();
    });
}

/// Another thread polls a call of its own with the waker of the task, which ends meanwhile.
#[test]
fn a_callback_and_a_call_elsewhere_with_the_waker() {
    explore(|| {
        let scene = Scene::new();
        let (task, wakers) = scene.waiting();
        drop(task);
        scene.run();
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
            library.assert_closed();
            wakers
        });
        scene.complete();
        let traces = scene.end();
        drop(other.join().unwrap());
        traces.assert_closed();
    });
}

/// The record refers to a task that its executor's end has cancelled.
#[test]
fn a_wake_and_the_end_before_the_callback() {
    explore(|| {
        let scene = Scene::new();
        let (task, wakers) = scene.waiting();
        scene.run();
        let waking = thread::spawn(move || {
            let waker = first(&wakers);
            waker.wake();
        });
        let traces = scene.end();
        traces.futures.assert_closed(1);
        traces.library.complete();
        waking.join().unwrap();
        assert!(matches!(block_on(task), Err(JoinError::Cancelled)));
        traces.assert_closed();
    });
}

/// Whoever hears that a task is finished may rely on its future being gone.
#[test]
fn a_callback_and_a_look_whether_the_task_is_finished() {
    explore(|| {
        let scene = Scene::new();
        let entry = scene.traces.futures.entry_of_this_thread();
        let mut call = Box::pin(scene.traces.library.call());
        // Captured, so that it goes with the future and not by the end of the poll.
        let task = scene.executor.spawn(poll_fn(move |cx| {
            let _held = &entry;
            call.as_mut().poll(cx)
        }));
        scene.run();
        let seen = scene.traces.futures.clone();
        let looking = thread::spawn(move || {
            if task.is_finished() {
                step();
                assert_eq!(seen.gone(), 1, "finished, and the future is still there");
            }
        });
        scene.complete();
        scene.traces.futures.assert_closed(1);
        looking.join().unwrap();
        scene.end().assert_closed();
    });
}
