//! The executor from other threads: spawning, waking, joining, aborting.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use callback_adapter::{JoinError, yield_now};
use futures_util::FutureExt;
use futures_util::future::{pending, poll_fn};

use crate::common::host::Host;
use crate::common::library::{Library, elsewhere};

#[test]
fn spawned_from_another_thread_and_run_at_home() {
    let (host, executor) = Host::with_executor();
    let (remote, home) = (executor.remote(), thread::current().id());
    let spawning = thread::spawn(move || {
        let generator = move || async move {
            // What the task holds from here on need not be `Send`.
            let local = Rc::new(thread::current().id());
            yield_now().await;
            *local
        };
        remote.spawn(generator).expect("the executor is open")
    });
    let handle = spawning.join().expect("the other thread ends well");
    host.serve(&executor, || handle.is_finished());
    assert_eq!(handle.now_or_never().expect("it is finished").expect("it ended well"), home);
}

#[test]
fn awaited_on_another_thread() {
    let (host, executor) = Host::with_executor();
    let mut handle = executor.spawn(async {
        yield_now().await;
        7
    });
    let (done, finished) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let (woken, wake) = (thread::current(), ());
        let waker = Waker::from(std::sync::Arc::new(Unpark(woken)));
        loop {
            let mut cx = std::task::Context::from_waker(&waker);
            if let Poll::Ready(outcome) = handle.poll_unpin(&mut cx) {
                done.send(wake).expect("the home waits");
                return outcome.expect("it ended well");
            }
            thread::park();
        }
    });
    host.serve(&executor, || executor.is_idle());
    finished.recv().expect("the other thread runs");
    assert_eq!(waiting.join().expect("the other thread ends well"), 7);
}

struct Unpark(thread::Thread);

impl std::task::Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn woken_elsewhere_while_it_is_polled() {
    let (host, executor) = Host::with_executor();
    let mut polls = 0;
    let handle = executor.spawn(poll_fn(move |cx| {
        polls += 1;
        if polls == 3 {
            return Poll::Ready(thread::current().id());
        }
        let waker = cx.waker();
        elsewhere(|| waker.wake_by_ref());
        Poll::Pending
    }));
    host.serve(&executor, || handle.is_finished());
    let ran_on = handle.now_or_never().expect("it is finished").expect("it ended well");
    assert_eq!(ran_on, thread::current().id());
}

#[test]
fn aborted_from_another_thread_and_dropped_at_home() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let probe = Rc::new(library.trace.probe("task"));
    let handle = executor.spawn(async move {
        let _probe = probe;
        pending::<()>().await;
    });
    executor.run(10);
    elsewhere(move || handle.abort());
    library.trace.expect([]);
    executor.run(10);
    assert_eq!(library.trace.thread_of("drop task"), thread::current().id());
}

/// The last waker goes on another thread; the future is still dropped at home.
#[test]
fn the_last_waker_goes_on_another_thread() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let probe = Rc::new(library.trace.probe("task"));
    let waker = Rc::new(RefCell::new(None));
    let left = Rc::clone(&waker);
    drop(executor.spawn(poll_fn(move |cx| {
        let _probe = &probe;
        left.replace(Some(cx.waker().clone()));
        Poll::<()>::Pending
    })));
    executor.run(10);
    let waker = waker.take().expect("the task was polled");
    elsewhere(move || drop(waker));
    library.trace.expect([]);
    executor.run(10);
    drop(executor);
    assert_eq!(library.trace.thread_of("drop task"), thread::current().id());
    library.trace.expect(["drop task"]);
}

#[test]
fn a_panicking_generator() {
    let (_, executor) = Host::with_executor();
    let generator = || -> std::future::Ready<()> { panic!("cannot make it") };
    let handle = executor.remote().spawn(generator).expect("the executor is open");
    executor.run(10);
    let outcome = handle.now_or_never().expect("it is finished");
    assert!(matches!(outcome, Err(JoinError::Panicked(_))));
}

thread_local! {
    /// The numbers of the tasks that have run on this thread.
    static NUMBERS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn many_spawn_at_once() {
    let (host, executor) = Host::with_executor();
    let spawning: Vec<_> = (0..4)
        .map(|_| {
            let remote = executor.remote();
            let spawn = move |number| {
                remote.spawn(move || async move {
                    NUMBERS.with_borrow_mut(|numbers| numbers.push(number));
                    number
                })
            };
            thread::spawn(move || {
                (0..100).map(spawn).collect::<Result<Vec<_>, _>>().expect("the executor is open")
            })
        })
        .collect();
    host.serve(&executor, || NUMBERS.with_borrow(Vec::len) == 400);
    for thread in spawning {
        let handles = thread.join().expect("the other thread ends well");
        for (number, handle) in (0..100).zip(handles) {
            assert!(matches!(handle.now_or_never(), Some(Ok(spawned)) if spawned == number));
        }
    }
    assert_eq!(NUMBERS.take().into_iter().sum::<u32>(), 4 * (0..100).sum::<u32>());
    assert!(executor.is_idle());
}
