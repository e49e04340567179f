//! Workers, and the application itself, end in order where somebody else holds what they have opened,
//! where nobody waits for them, and where their end starts something new.

mod common;

use core::pin::pin;
use std::time::Duration;

use common::elsewhere::*;
use common::*;
use spdk_async::bdev::{Bdev, QosLimits, wait_for_examine};
use spdk_async::{JoinError, Worker, sleep, spawn_local, timeout, yield_now};

/// SPDK's own poller for the limits stays on the worker as long as the bdev is open.
#[test]
fn a_worker_with_the_rate_limits_of_an_open_bdev_is_not_forced_to_exit() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Malloc0").await.unwrap();
        let worker = Worker::create("limits", None).await.unwrap();
        let far = descriptor.clone();
        let limited = worker.spawn(move || async move {
            let _channel = far.channel().unwrap();
            let limits = QosLimits { rw_ios_per_sec: Some(100_000), ..QosLimits::default() };
            far.set_qos_limits(limits).await.unwrap();
            thread_id()
        });
        let id = limited.unwrap().await.unwrap();
        let before = threads();
        worker.end();
        until(|| worker.has_ended()).await;
        sleep(Duration::from_millis(50)).await;
        // SAFETY: no precondition; the id has been in use.
        let thread = unsafe { spdk_sys::spdk_thread_get_by_id(id) };
        assert!(!thread.is_null());
        // SAFETY: a thread of this OS thread does not go while this one runs.
        assert!(unsafe { spdk_sys::spdk_thread_is_running(thread) }, "its exit has not begun");
        drop(descriptor);
        until(|| threads() < before).await;
    });
}

#[test]
fn the_app_ends_where_its_task_holds_what_a_worker_opened() {
    with_app(malloc_and_null(), async || {
        let worker = Worker::create("opener", None).await.unwrap();
        let descriptor = worker.spawn(|| async { Bdev::open("Malloc0").await.unwrap() });
        let descriptor = descriptor.unwrap().await.unwrap();
        drop(spawn_local(async move {
            let _held = descriptor;
            core::future::pending::<()>().await;
        }));
        yield_now().await;
    });
}

#[test]
fn the_app_ends_where_a_worker_s_task_holds_what_the_app_opened() {
    with_app(malloc_and_null(), async || {
        let worker = Worker::create("holder", None).await.unwrap();
        let descriptor = Bdev::open("Malloc0").await.unwrap();
        let holds = worker.spawn(move || async move {
            drop(spawn_local(async move {
                let _held = descriptor;
                core::future::pending::<()>().await;
            }));
            yield_now().await;
        });
        holds.unwrap().await.unwrap();
    });
}

/// A worker that waits for a descriptor is given it back.
#[test]
fn a_task_spawned_on_an_ending_worker_is_cancelled() {
    with_app(malloc_and_null(), async || {
        let before = threads();
        let worker = Worker::create("ending", None).await.unwrap();
        let descriptor = worker.spawn(|| async { Bdev::open("Malloc0").await.unwrap() });
        let descriptor = descriptor.unwrap().await.unwrap();
        let events = descriptor.events();
        worker.end();
        sleep(Duration::from_millis(20)).await;
        assert!(!worker.has_ended(), "it waits for its descriptor");
        let task = worker.spawn(move || async move {
            let _held = descriptor;
            core::future::pending::<()>().await;
        });
        let cancelled = timeout(Duration::from_secs(20), task.unwrap()).await;
        assert!(matches!(cancelled, Ok(Err(JoinError::Cancelled))), "{cancelled:?}");
        closes(events).await;
        until(|| threads() == before).await;
        assert!(worker.has_ended());
    });
}

/// Its record keeps a result that nobody will read.
#[test]
fn a_forgotten_future_whose_call_is_done_holds_nothing_up() {
    with_app(config(&[]), async || {
        let mut examined = Box::pin(wait_for_examine());
        assert!(poll_once(examined.as_mut()).is_pending());
        forget(examined);
        sleep(Duration::from_millis(10)).await;
    });
}

#[test]
fn a_worker_that_nobody_waits_for_ends() {
    with_app(config(&[]), async || {
        let before = threads();
        for _ in 0..20 {
            let _ = poll_once(pin!(Worker::create("unclaimed", None)));
        }
        assert!(threads() > before);
        until(|| threads() == before).await;
        // One that is up before it is dropped.
        let mut up = Box::pin(Worker::create("unclaimed", None));
        assert!(poll_once(up.as_mut()).is_pending());
        sleep(Duration::from_millis(10)).await;
        assert_eq!(threads(), before + 1);
        drop(up);
        until(|| threads() == before).await;
    });
}

/// Asks for a worker when it is dropped, and never hears whether there is one.
struct CreateLate;

impl Drop for CreateLate {
    fn drop(&mut self) {
        let mut late = Box::pin(Worker::create("late", None));
        let _ = poll_once(late.as_mut());
        forget(late);
    }
}

#[test]
fn the_app_ends_where_its_end_creates_workers() {
    for round in 0..10 {
        with_app(malloc_and_null(), async move || {
            let late = || async {
                let _late = CreateLate;
                core::future::pending::<()>().await;
            };
            if round % 2 == 0 {
                drop(spawn_local(late()));
            }
            let worker = Worker::create("parent", None).await.unwrap();
            drop(worker.spawn(late));
            drop(worker.spawn(|| async {
                while let Ok(worker) = Worker::create("child", None).await {
                    worker.end();
                }
            }));
            sleep(Duration::from_millis(round)).await;
        });
    }
}

/// A buffer that asks for a worker when it is dropped, after its operation.
struct LateBuffer(Vec<u8>, CreateLate);

impl spdk_async::buf::IoBuf for LateBuffer {
    fn as_init(&self) -> &[u8] {
        &self.0
    }
}

#[test]
fn the_app_ends_where_a_buffer_creates_a_worker() {
    with_app(config(&[null("Null0", 1 << 20)]), async || {
        let channel = Bdev::open("Null0").await.unwrap().channel().unwrap();
        let limits = QosLimits { write_bytes_per_sec: Some(1 << 20), ..QosLimits::default() };
        channel.descriptor().set_qos_limits(limits).await.unwrap();
        channel.write_blocks(vec![0; 1 << 20], 0).await.0.unwrap();
        let buffer = LateBuffer(vec![0; BLOCK], CreateLate);
        assert!(poll_once(pin!(channel.write_blocks(buffer, 0))).is_pending());
    });
    // Nothing of it is left.
    with_app(config(&[]), async || {
        let worker = Worker::create("afterwards", None).await.unwrap();
        assert_eq!(worker.spawn(|| async { 3 }).unwrap().await.unwrap(), 3);
    });
}
