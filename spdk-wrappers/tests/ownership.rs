//! What one `spdk_thread` has opened ends on that thread, wherever, whenever and whether its value is
//! dropped. The applications of this file have one core, so all their threads run on one OS thread,
//! and what is not `Send` can reach each of them by a `thread_local!`.

mod common;

use core::any::Any;
use core::cell::RefCell;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::{Duration, Instant};

use common::*;
use spdk_async::bdev::{Bdev, Descriptor, Events, QosLimits, ZeroCopy, wait_for_examine};
use spdk_async::{
    JoinError, Sleep, Worker, shutdown_requested, sleep, spawn_local, timeout, yield_now,
};

fn thread_id() -> u64 {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    assert!(!thread.is_null());
    // SAFETY: the thread is current, so it is alive.
    unsafe { spdk_sys::spdk_thread_get_id(thread) }
}

/// How many `spdk_thread`s there are.
fn threads() -> u32 {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_thread_get_count() }
}

async fn until(condition: impl Fn() -> bool) {
    let until = async {
        while !condition() {
            turn().await;
        }
    };
    timeout(Duration::from_secs(20), until).await.expect("it comes soon");
}

/// The descriptor behind this stream of events is closed.
async fn closes(mut events: Events) {
    let end = timeout(Duration::from_secs(20), next(&mut events)).await;
    assert_eq!(end.expect("the descriptor is closed soon"), None);
}

/// Runs `work` on a value on another `spdk_thread` of this OS thread.
async fn elsewhere<T: 'static, O: Send + 'static>(
    value: T,
    work: impl AsyncFnOnce(T) -> O + Send + 'static,
) -> O {
    thread_local!(static PASSED: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) });
    PASSED.set(Some(Box::new(value)));
    let (thread, os_thread) = (thread_id(), std::thread::current().id());
    let worker = Worker::create("elsewhere", None).await.unwrap();
    let task = worker.spawn(move || async move {
        assert_ne!(thread_id(), thread);
        assert_eq!(std::thread::current().id(), os_thread);
        let value = PASSED.take().expect("it was passed").downcast::<T>();
        work(*value.expect("it has its type")).await
    });
    let output = task.unwrap().await.unwrap();
    worker.end();
    output
}

async fn drop_elsewhere<T: 'static>(value: T) {
    elsewhere(value, async |value| drop(value)).await;
}

/// Counts how often it wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

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
        core::mem::forget(begun(LONG, &Arc::default()));
        core::mem::forget(begun(Duration::from_millis(1), &Arc::default()));
        sleep(Duration::from_millis(10)).await;
    });
    assert!(start.elapsed() < Duration::from_secs(20));
}

async fn open_watched() -> (Descriptor, Events) {
    let descriptor = Bdev::open("Malloc0").await.unwrap();
    let events = descriptor.events();
    (descriptor, events)
}

#[test]
fn a_channel_dropped_on_another_thread_is_put_at_home() {
    with_app(malloc_and_null(), async || {
        for _ in 0..3 {
            let (descriptor, events) = open_watched().await;
            let channel = descriptor.channel().unwrap();
            drop(descriptor);
            drop_elsewhere(channel).await;
            closes(events).await;
        }
    });
}

#[test]
fn a_read_dropped_on_another_thread_completes_at_home() {
    with_app(malloc_and_null(), async || {
        let (descriptor, events) = open_watched().await;
        let channel = descriptor.channel().unwrap();
        drop(descriptor);
        let mut read = Box::pin(async move { channel.read(vec![0; BLOCK], 0).await });
        let _ = poll_once(read.as_mut());
        drop_elsewhere(read).await;
        closes(events).await;
    });
}

#[test]
fn a_zero_copy_dropped_on_another_thread_ends_at_home() {
    with_app(config(&[pool(64, 8), malloc("Malloc0", 64)]), async || {
        for _ in 0..100 {
            let (descriptor, events) = open_watched().await;
            let zcopy = descriptor.channel().unwrap().zcopy(0, 8, true).await.unwrap();
            drop(descriptor);
            drop_elsewhere(zcopy).await;
            closes(events).await;
        }
    });
}

/// An end needs the zero-copy's own thread. Where it cannot be made, the drop gives the buffers back.
#[test]
fn a_zero_copy_committed_on_another_thread_ends_at_home() {
    with_app(config(&[pool(64, 8), malloc("Malloc0", 64)]), async || {
        for _ in 0..3 {
            let (descriptor, events) = open_watched().await;
            let zcopy = descriptor.channel().unwrap().zcopy(0, 8, true).await.unwrap();
            drop(descriptor);
            let outcome = elsewhere(zcopy, async |zcopy: ZeroCopy| {
                catch_unwind(AssertUnwindSafe(|| poll_once(pin!(zcopy.commit())).map(drop)))
            });
            let panic = outcome.await.map(drop).unwrap_err();
            let text = panic.downcast_ref::<String>().unwrap();
            assert!(text.contains("away from its thread"), "{text}");
            closes(events).await;
        }
    });
}

/// The start is in flight, or done with its result unread.
#[test]
fn a_zero_copy_s_start_dropped_on_another_thread_ends_at_home() {
    with_app(config(&[pool(64, 8), malloc("Malloc0", 64)]), async || {
        for round in 0..100 {
            let (descriptor, events) = open_watched().await;
            let channel = descriptor.channel().unwrap();
            drop(descriptor);
            let mut start = Box::pin(async move { channel.zcopy(0, 8, true).await });
            assert!(poll_once(start.as_mut()).is_pending());
            if round % 2 == 0 {
                sleep(Duration::from_micros(500)).await;
            }
            drop_elsewhere(start).await;
            closes(events).await;
        }
    });
}

/// The zero-copy has the last reference to its channel, and that to the descriptor.
#[test]
fn a_zero_copy_dropped_at_any_moment_lets_its_bdev_close() {
    with_app(config(&[pool(64, 8), malloc("Malloc0", 64)]), async || {
        for round in 0..300 {
            let (descriptor, events) = open_watched().await;
            let channel = descriptor.channel().unwrap();
            drop(descriptor);
            let mut start = Box::pin(async move { channel.zcopy(0, 8, true).await.unwrap() });
            match round % 3 {
                0 => drop(start.await),
                1 => drop(poll_once(pin!(start.await.commit()))),
                _ => drop((poll_once(start.as_mut()), start)),
            }
            closes(events).await;
        }
    });
}

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

/// More than SPDK's queue of messages holds, which is 65536.
#[test]
fn very_many_descriptors_dropped_elsewhere_close_at_home() {
    const BDEVS: usize = 200;
    let names: Vec<_> = (0..BDEVS).map(|id| format!("N{id}")).collect();
    let bdevs: Vec<_> = names.iter().map(|name| null(name, 8)).collect();
    with_app(config(&bdevs), async move || {
        let mut events = Vec::new();
        let mut descriptors = Vec::new();
        for at in 0..70_000 {
            let descriptor = Bdev::open_read_only(&names[at % BDEVS]).await.unwrap();
            if at % 10_000 == 0 {
                events.push(descriptor.events());
            }
            descriptors.push(descriptor);
        }
        // This thread has no turn meanwhile, so nothing leaves its queue.
        std::thread::spawn(move || drop(descriptors)).join().unwrap();
        for events in events {
            closes(events).await;
        }
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
        core::mem::forget(examined);
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
        core::mem::forget(late);
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
