//! Tasks and time on one thread.

mod common;

use core::future::pending;
use core::pin::pin;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::*;
use spdk_async::{Elapsed, ErrorKind, JoinError, sleep, spawn_local, timeout, yield_now};

fn bare<T: Send + 'static>(main: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    with_app(config(&[]), main)
}

#[test]
fn tasks_share_what_is_not_send() {
    bare(async || {
        let log = Rc::new(RefCell::new(Vec::new()));
        let tasks = (0..5).map(|id| {
            let log = Rc::clone(&log);
            spawn_local(async move {
                for round in 0..3 {
                    log.borrow_mut().push((round, id));
                    yield_now().await;
                }
                id
            })
        });
        assert_eq!(join_all(tasks.collect::<Vec<_>>()).await, [0, 1, 2, 3, 4]);
        let mut fair = log.borrow().clone();
        fair.sort_unstable();
        assert_eq!(*log.borrow(), fair, "each task has its turn before any has the next");
    });
}

#[test]
fn a_handle_tells_when_its_task_is_finished() {
    bare(async || {
        let gate = Rc::new(Cell::new(false));
        let task = {
            let gate = Rc::clone(&gate);
            spawn_local(async move {
                while !gate.get() {
                    yield_now().await;
                }
                "through"
            })
        };
        yield_now().await;
        assert!(!task.is_finished());
        gate.set(true);
        while !task.is_finished() {
            yield_now().await;
        }
        assert!(format!("{task:?}").contains("true"));
        assert_eq!(task.await.unwrap(), "through");
    });
}

#[test]
fn a_dropped_handle_lets_its_task_run_on() {
    bare(async || {
        let done = Rc::new(Cell::new(false));
        drop(spawn_local({
            let done = Rc::clone(&done);
            async move {
                yield_now().await;
                done.set(true);
            }
        }));
        while !done.get() {
            yield_now().await;
        }
    });
}

#[test]
fn an_aborted_task_is_dropped() {
    bare(async || {
        let alive = Rc::new(());
        let task = spawn_local({
            let alive = Rc::clone(&alive);
            async move {
                pending::<()>().await;
                drop(alive);
            }
        });
        yield_now().await;
        assert_eq!(Rc::strong_count(&alive), 2);
        task.abort();
        while Rc::strong_count(&alive) > 1 {
            yield_now().await;
        }
    });
}

#[test]
fn a_panic_stays_in_its_task() {
    bare(async || {
        let error = spawn_local(async { std::panic::panic_any(String::from("on purpose")) });
        match error.await {
            Err(JoinError::Panicked(panic)) => {
                assert_eq!(panic.downcast_ref::<String>().unwrap(), "on purpose");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(spawn_local(async { 1 }).await.unwrap(), 1);
    });
}

#[test]
fn very_many_tasks() {
    bare(async || {
        let tasks: Vec<_> = (0..20_000_u64)
            .map(|id| {
                spawn_local(async move {
                    yield_now().await;
                    id
                })
            })
            .collect();
        assert_eq!(join_all(tasks).await.into_iter().sum::<u64>(), 19_999 * 20_000 / 2);
    });
}

#[test]
fn sleep_lasts_as_long_as_it_says() {
    bare(async || {
        for millis in [0, 1, 10, 50] {
            let start = Instant::now();
            sleep(Duration::from_millis(millis)).await;
            assert!(start.elapsed() >= Duration::from_millis(millis), "{millis}");
        }
        assert!(format!("{:?}", sleep(Duration::from_secs(1))).contains("Sleep"));
    });
}

#[test]
fn sleeps_end_in_the_order_of_their_times() {
    bare(async || {
        let log = Rc::new(RefCell::new(Vec::new()));
        let tasks = [30, 10, 20].map(|millis| {
            let log = Rc::clone(&log);
            spawn_local(async move {
                sleep(Duration::from_millis(millis)).await;
                log.borrow_mut().push(millis);
            })
        });
        join_all(tasks).await;
        assert_eq!(*log.borrow(), [10, 20, 30]);
    });
}

#[test]
fn a_very_long_sleep_does_not_end_early() {
    bare(async || {
        for long in [Duration::MAX, Duration::from_micros(u64::MAX), Duration::from_secs(1 << 40)] {
            assert_eq!(timeout(Duration::from_millis(20), sleep(long)).await, Err(Elapsed));
        }
        assert_eq!(timeout(Duration::MAX, sleep(Duration::from_millis(5))).await, Ok(()));
    });
}

#[test]
fn a_timeout_drops_its_future_or_yields_its_output() {
    bare(async || {
        assert_eq!(timeout(Duration::from_secs(5), async { 5 }).await, Ok(5));
        assert_eq!(timeout(Duration::ZERO, async { 5 }).await, Ok(5), "ready comes first");
        let alive = Rc::new(());
        let stuck = {
            let alive = Rc::clone(&alive);
            async move {
                pending::<()>().await;
                drop(alive);
            }
        };
        let start = Instant::now();
        let elapsed = timeout(Duration::from_millis(20), stuck).await.unwrap_err();
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(elapsed.to_string(), "the deadline has passed");
        assert_eq!(Rc::strong_count(&alive), 1);
    });
}

#[test]
fn a_sleep_may_be_dropped_or_moved_between_tasks() {
    bare(async || {
        for _ in 0..100 {
            let mut short = Box::pin(sleep(Duration::from_micros(50)));
            let _ = poll_once(short.as_mut());
        }
        let mut moved = Box::pin(sleep(Duration::from_millis(5)));
        assert!(poll_once(moved.as_mut()).is_pending());
        timeout(Duration::from_secs(5), spawn_local(moved)).await.unwrap().unwrap();
        // Asking again after the end is harmless.
        let mut ended = pin!(sleep(Duration::ZERO));
        (&mut ended).await;
        (&mut ended).await;
    });
}

#[test]
fn tasks_outside_of_an_application() {
    let panic = std::panic::catch_unwind(|| spawn_local(async {})).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("must be called on an spdk_thread"), "{text}");
    let panic = std::panic::catch_unwind(|| {
        let _ = poll_once(pin!(sleep(Duration::ZERO)));
    });
    let panic = panic.unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("spdk_thread"));
    assert!(ErrorKind::NoThread.to_string().contains("inside of App::run or a Worker"));
}

#[test]
fn wakers_of_other_os_threads() {
    bare(async || {
        let tasks = (0..50).map(|id| {
            let (sender, receiver) = futures_channel::oneshot::channel();
            std::thread::spawn(move || sender.send(id));
            spawn_local(async move { receiver.await.unwrap() })
        });
        let all: Vec<i32> = join_all(tasks.collect::<Vec<_>>()).await;
        assert_eq!(all, (0..50).collect::<Vec<_>>());
    });
}
