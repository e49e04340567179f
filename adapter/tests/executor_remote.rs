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

#[test]
fn many_spawn_at_once() {
    let (host, executor) = Host::with_executor();
    let sum = Rc::new(std::cell::Cell::new(0_u32));
    let remote = executor.remote();
    let spawning: Vec<_> = (0..4)
        .map(|_| {
            let remote = remote.clone();
            thread::spawn(move || {
                let spawn = |number| remote.spawn(move || async move { number });
                (0..100_u32).map(spawn).collect::<Result<Vec<_>, _>>().expect("it is open")
            })
        })
        .collect();
    let (counted, handles) = (Rc::clone(&sum), mpsc::channel());
    thread::spawn(move || {
        for thread in spawning {
            for handle in thread.join().expect("the other thread ends well") {
                handles.0.send(handle).expect("the home waits");
            }
        }
    });
    let collecting = handles.1;
    let mut finished = 0;
    let mut waiting = Vec::new();
    host.serve(&executor, || {
        waiting.extend(collecting.try_iter());
        waiting.retain_mut(|handle| match handle.now_or_never() {
            Some(number) => {
                finished += 1;
                counted.set(counted.get() + number.expect("it ended well"));
                false
            }
            None => true,
        });
        finished == 400
    });
    assert_eq!(sum.get(), 4 * (0..100).sum::<u32>());
}
