//! Sleeps and waits end on their own thread, wherever, whenever and whether their value is dropped.

mod common;

use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::elsewhere::*;
use common::*;
use spdk_async::{Sleep, shutdown_requested, sleep, timeout};

/// A sleep that has begun, and wakes `count`.
fn begun(duration: Duration, count: &Arc<Count>) -> Pin<Box<Sleep>> {
    let waker = Waker::from(Arc::clone(count));
    let mut sleep = Box::pin(sleep(duration));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    sleep
}

const LONG: Duration = Duration::from_secs(1000);

#[test]
fn a_sleep_dropped_on_another_thread_stops_at_home() {
    with_app(config(&[]), async || {
        let count = Arc::<Count>::default();
        drop_elsewhere(begun(Duration::from_millis(30), &count)).await;
        sleep(Duration::from_millis(60)).await;
        assert_eq!(count.0.load(Ordering::SeqCst), 0, "it does not ring");
        assert_eq!(Arc::strong_count(&count), 1, "its waker is dropped");
    });
}

#[test]
fn a_sleep_outlives_its_application() {
    hosted(|| {
        let count = Arc::<Count>::default();
        let waking = Arc::clone(&count);
        let sleep = app().run(async move || begun(LONG, &waking)).unwrap();
        drop(sleep);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_sleep_of_an_earlier_application_is_not_one_of_this() {
    hosted(|| {
        let earlier = app().run(async || begun(LONG, &Arc::default())).unwrap();
        let rings = app().run(async move || {
            let own = sleep(Duration::from_millis(20));
            let mut own = pin!(own);
            assert!(poll_once(own.as_mut()).is_pending());
            drop(earlier);
            timeout(Duration::from_secs(10), own).await
        });
        assert_eq!(rings.unwrap(), Ok(()));
    });
}

#[test]
fn a_forgotten_sleep_holds_nothing_up() {
    let start = Instant::now();
    with_app(config(&[]), async || {
        forget(begun(LONG, &Arc::default()));
        forget(begun(Duration::from_millis(1), &Arc::default()));
        sleep(Duration::from_millis(10)).await;
    });
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn dropped_waits_for_a_shutdown_leave_no_wakers() {
    with_app(config(&[]), async || {
        let count = Arc::<Count>::default();
        let mut kept = Box::pin(shutdown_requested());
        for _ in 0..100_000 {
            // Each in a task of its own, so to speak.
            let waker = Waker::from(Arc::clone(&count));
            let mut wait = pin!(shutdown_requested());
            for _ in 0..2 {
                let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
                assert_eq!(polled, Poll::Pending);
            }
        }
        assert_eq!(Arc::strong_count(&count), 1);
        let waker = Waker::from(Arc::clone(&count));
        assert!(kept.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 2, "one that waits has its waker");
        drop(kept);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}
