//! The host is asked for a run when one is needed: at most once between runs, and never in vain.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::thread;

use callback_adapter::{Executor, yield_now};
use futures_util::future::poll_fn;

use crate::common::host::Host;
use crate::common::library::elsewhere;

/// Spawns a task that leaves its waker behind, and polls it once.
fn idle_task(host: &Host, executor: &Executor) -> Waker {
    let waker = Rc::new(RefCell::new(None));
    let left = Rc::clone(&waker);
    drop(executor.spawn(poll_fn(move |cx| {
        left.replace(Some(cx.waker().clone()));
        Poll::<()>::Pending
    })));
    executor.run(usize::MAX);
    host.asked();
    waker.take().expect("the task was polled")
}

#[test]
fn nothing_is_asked_for_without_tasks() {
    let (host, executor) = Host::with_executor();
    executor.run(10);
    assert!(executor.is_idle());
    drop(executor);
    assert_eq!(host.asked(), 0);
}

#[test]
fn once_for_several_tasks() {
    let (host, executor) = Host::with_executor();
    (0..3).for_each(|_| drop(executor.spawn(async {})));
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(10), 3);
    assert_eq!(host.asked(), 0);
    drop(executor.spawn(async {}));
    assert_eq!(host.asked(), 1);
}

#[test]
fn once_for_tasks_woken_here_and_elsewhere() {
    let (host, executor) = Host::with_executor();
    let wakers: Vec<_> = (0..4).map(|_| idle_task(&host, &executor)).collect();
    let [first, second, third, fourth] = <[Waker; 4]>::try_from(wakers).expect("there are four");
    first.wake_by_ref();
    elsewhere(|| second.wake_by_ref());
    elsewhere(|| third.wake_by_ref());
    fourth.wake_by_ref();
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(10), 4);
    assert_eq!(host.asked(), 0);
    elsewhere(|| second.wake_by_ref());
    first.wake_by_ref();
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(10), 2);
}

/// However often a task is woken, it is queued once, and stays in its place.
#[test]
fn woken_often_and_polled_once() {
    let (host, executor) = Host::with_executor();
    let wakers = [(); 2].map(|()| idle_task(&host, &executor));
    for waker in [&wakers[0], &wakers[1], &wakers[0], &wakers[0], &wakers[1]] {
        waker.wake_by_ref();
    }
    assert_eq!((host.asked(), executor.run(10)), (1, 2));
    assert_eq!((host.asked(), executor.run(10)), (0, 0));
}

#[test]
fn once_at_the_end_of_a_run_that_leaves_tasks_over() {
    let (host, executor) = Host::with_executor();
    (0..4).for_each(|_| drop(executor.spawn(async { yield_now().await })));
    assert_eq!(host.asked(), 1);
    executor.run(6);
    assert_eq!(host.asked(), 1);
    drop(executor.spawn(async {}));
    assert_eq!(host.asked(), 0, "a run is due");
    while executor.run(10) > 0 {}
    assert_eq!(host.asked(), 0);
}

#[test]
fn not_for_what_the_run_itself_gets_to() {
    let (host, executor) = Host::with_executor();
    drop(executor.spawn(async {
        for _ in 0..10 {
            yield_now().await;
        }
    }));
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(100), 11);
    assert_eq!(host.asked(), 0);
}

/// Mail that comes during a run is asked for at its end.
#[test]
fn once_for_a_task_woken_elsewhere_during_a_run() {
    let (host, executor) = Host::with_executor();
    let waker = idle_task(&host, &executor);
    drop(executor.spawn(async move {
        elsewhere(|| waker.wake_by_ref());
    }));
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(10), 1);
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(10), 1);
    assert_eq!(host.asked(), 0);
}

/// A host that runs all the time, asked or not.
#[test]
fn runs_that_nobody_asked_for() {
    let (host, executor) = Host::with_executor();
    let waker = idle_task(&host, &executor);
    for _ in 0..5 {
        assert_eq!(executor.run(10), 0);
    }
    elsewhere(|| waker.wake_by_ref());
    assert_eq!(executor.run(10), 1);
    assert_eq!(host.asked(), 1);
    waker.wake_by_ref();
    assert_eq!(host.asked(), 1, "the flag was cleared by the run");
    assert_eq!(executor.run(10), 1);
}

/// No wake-up is lost and none is doubled, whatever the interleaving.
#[test]
fn a_ping_pong_with_another_thread() {
    const ROUNDS: usize = 2000;
    let (host, executor) = Host::with_executor();
    let (pings, received) = std::sync::mpsc::channel::<Waker>();
    let ponging = thread::spawn(move || received.into_iter().for_each(Waker::wake));
    let mut round = 0;
    let handle = executor.spawn(poll_fn(move |cx| {
        round += 1;
        if round > ROUNDS {
            return Poll::Ready(());
        }
        pings.send(cx.waker().clone()).expect("the other thread runs");
        Poll::Pending
    }));
    host.serve(&executor, || handle.is_finished());
    ponging.join().expect("the other thread ends well");
}

#[test]
fn nothing_is_asked_for_by_the_executors_end() {
    let (host, executor) = Host::with_executor();
    let wakers: Vec<_> = (0..3).map(|_| idle_task(&host, &executor)).collect();
    drop(executor);
    wakers.iter().for_each(Waker::wake_by_ref);
    elsewhere(move || wakers.into_iter().for_each(Waker::wake));
    assert_eq!(host.asked(), 0);
}
