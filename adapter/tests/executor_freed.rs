//! A task's memory goes when nobody refers to it any more, whatever kind of reference was the last, and
//! wherever. Each task keeps the executor's `Wakeup`, so that its drop shows that all are gone; what
//! goes twice is for the address sanitizer to see.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;

use callback_adapter::{Executor, Home, Kept, Pool, Wakeup};
use futures_util::FutureExt;
use futures_util::future::{pending, poll_fn};

use crate::common::host::Host;
use crate::common::library::{Library, Script, elsewhere};
use crate::common::storage::pool;
use crate::common::trace::{Probe, Trace};
use crate::common::watchdog::watched;

const ALL: usize = usize::MAX;

struct Noted(Probe);

impl Wakeup for Noted {
    fn wake(&self) {
        let Self(_probe) = self;
    }
}

/// An executor that notes `drop wakeup` when it and all its tasks are gone.
fn executor(pool: Pool, trace: &Trace) -> Executor {
    Executor::new(pool, Noted(trace.probe("wakeup")))
}

/// A future that may be polled by several tasks in turn.
type Shared<T> = Rc<RefCell<Pin<Box<dyn Future<Output = T>>>>>;

fn shared<T>(future: impl Future<Output = T> + 'static) -> Shared<T> {
    Rc::new(RefCell::new(Box::pin(future)))
}

/// Polls it until it is ready; leaves the waker of each poll.
fn polling<T>(
    future: &Shared<T>,
    wakers: &Rc<RefCell<Vec<Waker>>>,
) -> impl Future<Output = T> + use<T> {
    let (future, wakers) = (Rc::clone(future), Rc::clone(wakers));
    poll_fn(move |cx| {
        wakers.borrow_mut().push(cx.waker().clone());
        future.borrow_mut().as_mut().poll(cx)
    })
}

#[test]
fn by_the_end_of_a_resumed_task() {
    let library = Library::new();
    let executor = executor(pool(), &library.trace);
    let call = library.call(Script::Later, Kept(library.trace.probe("payload")));
    drop(executor.spawn(async move { drop(call.await) }));
    executor.run(ALL);
    library.complete(0);
    library.trace.expect(["call", "drop payload"]);
    drop(executor);
    library.trace.expect(["drop wakeup"]);
}

/// The task is done and its executor gone, but the record still refers to it.
#[test]
fn by_the_callback_of_a_call_that_a_done_task_left_behind() {
    let library = Library::new();
    let executor = executor(pool(), &library.trace);
    let call = shared(library.call(Script::Later, ()).into_future());
    let mut polled = Box::pin(polling(&call, &Rc::default()));
    drop(executor.spawn(poll_fn(move |cx| Poll::Ready(polled.as_mut().poll(cx).is_pending()))));
    executor.run(ALL);
    assert_eq!(executor.active(), 0);
    drop(executor);
    library.trace.expect(["call"]);
    library.complete(0);
    library.trace.expect(["drop wakeup"]);
}

#[test]
fn by_a_waker_that_goes_elsewhere() {
    let library = Library::new();
    let executor = executor(pool(), &library.trace);
    let wakers = Rc::default();
    let call = shared(library.call(Script::Later, ()).into_future());
    drop(executor.spawn(polling(&call, &wakers)));
    executor.run(ALL);
    library.complete(0);
    drop((executor, call));
    library.trace.expect(["call"]);
    let wakers = wakers.take();
    assert_eq!(wakers.len(), 2);
    elsewhere(move || wakers.into_iter().for_each(Waker::wake));
    library.trace.expect(["drop wakeup"]);
}

/// A call that one task begins and the next goes on with; the first is done, or waits.
fn moved_between_tasks(first_waits: bool) {
    let (library, wakers) = (Library::new(), Rc::default());
    let executor = executor(pool(), &library.trace);
    let call = shared(library.call(Script::Later, Kept(5)).into_future());
    let mut first = Box::pin(polling(&call, &wakers));
    drop(executor.spawn(async move {
        poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await;
        if first_waits {
            pending::<()>().await;
        }
    }));
    executor.run(ALL);
    let second = executor.spawn(polling(&call, &wakers));
    executor.run(ALL);
    library.complete(0);
    assert!(matches!(second.now_or_never(), Some(Ok((Ok(()), 5)))), "the latest was resumed");
    assert_eq!(wakers.take().len(), 3);
    drop((executor, call));
    library.trace.expect(["call", "drop wakeup"]);
}

#[test]
fn of_a_done_task_whose_call_went_to_another() {
    moved_between_tasks(false);
}

#[test]
fn of_an_idle_task_whose_call_went_to_another() {
    moved_between_tasks(true);
}

/// Executors of two pools of one thread; the call is of the first pool, in a task of the second.
#[test]
fn of_a_task_that_waits_for_a_record_of_another_pool() {
    let (library, wakers) = (Library::new(), Rc::default());
    let (host, own) = Host::with_executor();
    let other = executor(pool(), &library.trace);
    let call = shared(library.call(Script::Later, Kept(5)).on(own.pool()));
    let waiting = own.spawn(polling(&call, &wakers));
    own.run(ALL);
    let task = other.spawn(polling(&call, &wakers));
    other.run(ALL);
    host.asked();
    library.complete(0);
    assert!(!task.is_finished(), "it is queued: its executor is not that of the record");
    assert_eq!((host.asked(), other.run(ALL)), (0, 1));
    assert!(matches!(task.now_or_never(), Some(Ok((Ok(()), 5)))));
    assert!(!waiting.is_finished());
    wakers.take();
    drop((other, call));
    library.trace.expect(["call", "drop wakeup"]);
}

/// Two executors share a pool: a callback resumes the task in its own.
#[test]
fn of_tasks_of_two_executors_with_one_pool() {
    let (library, pool) = (Library::new(), pool());
    let executors =
        [executor(pool.clone(), &library.trace), executor(pool.clone(), &library.trace)];
    let tasks = executors.each_ref().map(|executor| {
        let call = library.call(Script::Later, Kept(3));
        executor.spawn(call.into_future())
    });
    executors.iter().for_each(|executor| assert_eq!(executor.run(ALL), 1));
    assert_eq!(pool.in_use(), 2);
    for task in tasks {
        library.complete(0);
        assert!(matches!(task.now_or_never(), Some(Ok((Ok(()), 3)))));
    }
    drop(executors);
    library.trace.expect(["call", "call", "drop wakeup", "drop wakeup"]);
}

/// The waker of a task that is done meets a pool that may have the address of the old one.
#[test]
fn of_done_tasks_whose_wakers_meet_later_pools() {
    let library = Library::new();
    for _ in 0..20 {
        let executor = executor(pool(), &library.trace);
        let wakers = Rc::default();
        drop(executor.spawn(polling(&shared(pending::<()>()), &wakers)));
        executor.run(ALL);
        drop(executor);
        library.trace.expect([]);
        let later = pool();
        let waker = wakers.take().pop().expect("the task was polled");
        let mut call = library.call(Script::Later, ()).on(&later);
        assert!(Pin::new(&mut call).poll(&mut Context::from_waker(&waker)).is_pending());
        library.complete(0);
        drop(call);
        drop(waker);
        library.trace.expect(["call", "drop wakeup"]);
    }
}

/// A waker is used to poll calls of another thread's pool, while its task lives and afterwards.
#[test]
fn of_tasks_whose_wakers_wait_for_calls_elsewhere() {
    let library = Library::new();
    let executor = executor(pool(), &library.trace);
    let wakers = Rc::default();
    drop(executor.spawn(polling(&shared(pending::<()>()), &wakers)));
    executor.run(ALL);
    let waker = wakers.borrow_mut().pop().expect("the task was polled");
    let there = library.clone();
    let (ended, wait) = std::sync::mpsc::channel();
    let other = thread::spawn(move || {
        let later = Pool::new(Home::os_thread());
        for _ in 0..2 {
            let mut call = there.call(Script::Later, ()).on(&later);
            assert!(Pin::new(&mut call).poll(&mut Context::from_waker(&waker)).is_pending());
            there.complete(0);
            wait.recv().expect("the home lives");
        }
    });
    watched("executor_freed: the waker of another thread wakes the task", || {
        while executor.is_idle() {
            thread::yield_now();
        }
    });
    assert_eq!(executor.run(ALL), 1, "the other thread has woken the task");
    wakers.take();
    drop(executor);
    ended.send(()).expect("the thread runs");
    ended.send(()).expect("the thread runs");
    other.join().expect("the other thread ends well");
    library.trace.expect(["call", "call", "drop wakeup"]);
}
