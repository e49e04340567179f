//! Operations, channels, descriptors and bdevs that go in the wrong order: each keeps what it needs,
//! and the last one to go closes the bdev.

#[path = "common/buffers.rs"]
mod buffers;
mod common;

use core::ffi::{CStr, c_int, c_void};
use core::pin::Pin;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Poll;
use std::time::Duration;

use buffers::Counted;
use common::*;
use spdk_async::bdev::{Bdev, BdevEvent, Descriptor, Events, IoChannel, QosLimits};
use spdk_async::{ErrorKind, sleep, spawn_local, timeout};

async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(20), future).await.expect("it comes soon")
}

/// The descriptor behind this stream of events is closed.
async fn closes(events: &mut Events) {
    assert_eq!(soon(next(events)).await, None);
}

/// Nothing has closed the descriptor behind this stream, and nothing will in the next turns.
async fn stays_open(events: &mut Events) {
    for _ in 0..20 {
        assert_eq!(poll_once(core::pin::pin!(next(events))), Poll::Pending);
        turn().await;
    }
}

async fn open(name: &str) -> (Descriptor, IoChannel, Events) {
    let descriptor = Bdev::open(name).await.unwrap();
    let channel = descriptor.channel().unwrap();
    let events = descriptor.events();
    (descriptor, channel, events)
}

/// A write that waits for its share for seconds.
async fn stuck(channel: &IoChannel) -> Pin<Box<dyn Future<Output = bool>>> {
    let limits = QosLimits { write_bytes_per_sec: Some(1 << 20), ..QosLimits::default() };
    channel.descriptor().set_qos_limits(limits).await.unwrap();
    channel.write_blocks(vec![0; 3 << 20], 0).await.0.unwrap();
    let channel = channel.clone();
    let write = async move { channel.write_blocks(Counted::new(&[1; BLOCK]), 0).await.0.is_ok() };
    let mut write: Pin<Box<dyn Future<Output = bool>>> = Box::pin(write);
    assert!(poll_once(write.as_mut()).is_pending());
    write
}

fn large() -> String {
    config(&[malloc("Malloc0", 2048), null("Null0", 1 << 20)])
}

#[test]
fn a_descriptor_is_dropped_before_its_channel() {
    with_app(large(), async || {
        let (descriptor, channel, mut events) = open("Malloc0").await;
        drop(descriptor);
        stays_open(&mut events).await;
        channel.write_blocks(pattern(1, BLOCK), 7).await.0.unwrap();
        assert_eq!(channel.descriptor().bdev().name(), "Malloc0");
        let again = channel.descriptor().channel().unwrap();
        drop(channel);
        stays_open(&mut events).await;
        let (result, read) = again.read_blocks(vec![0; BLOCK], 7).await;
        result.unwrap();
        assert_eq!(read, pattern(1, BLOCK));
        drop(again);
        closes(&mut events).await;
    });
}

#[test]
fn a_channel_is_dropped_before_its_operation() {
    with_app(large(), async || {
        let (descriptor, channel, mut events) = open("Null0").await;
        let write = stuck(&channel).await;
        drop((descriptor, channel));
        stays_open(&mut events).await;
        assert!(soon(write).await, "the write goes on and succeeds");
        closes(&mut events).await;
    });
}

/// As before, and nobody waits for the operation either.
#[test]
fn a_channel_is_dropped_before_an_operation_that_is_dropped() {
    with_app(large(), async || {
        let (descriptor, channel, mut events) = open("Null0").await;
        let write = stuck(&channel).await;
        drop((descriptor, channel));
        drop(write);
        stays_open(&mut events).await;
        assert_eq!(buffers::live(), 1, "SPDK has the buffer");
        closes(&mut events).await;
        assert_eq!(buffers::live(), 0, "it went before the bdev was closed");
    });
}

static REMOVED: AtomicBool = AtomicBool::new(false);

/// Removes a bdev, as a device that is pulled out would be.
fn remove(name: &CStr) {
    unsafe extern "C" fn removed(_ctx: *mut c_void, rc: c_int) {
        REMOVED.store(rc == 0, Ordering::SeqCst);
    }
    REMOVED.store(false, Ordering::SeqCst);
    // SAFETY: on an spdk_thread, with a C string.
    let bdev = unsafe { spdk_sys::spdk_bdev_get_by_name(name.as_ptr()) };
    assert!(!bdev.is_null());
    // SAFETY: the bdev is registered, and this is the app thread.
    unsafe { spdk_sys::spdk_bdev_unregister(bdev, Some(removed), ptr::null_mut()) };
}

#[test]
fn a_bdev_is_removed_with_io_in_flight_and_streams_open() {
    with_app(large(), async || {
        let (descriptor, channel, mut events) = open("Null0").await;
        let mut timeouts = descriptor.timeouts(Duration::from_secs(1)).unwrap();
        let mut second = descriptor.events();
        let write = stuck(&channel).await;
        let dropped = stuck_next(&channel);
        remove(c"Null0");
        // Each stream is told, and nothing else happens: what is open works on.
        assert_eq!(soon(next(&mut events)).await, Some(BdevEvent::Remove));
        assert_eq!(soon(next(&mut second)).await, Some(BdevEvent::Remove));
        drop(dropped);
        channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
        let report = soon(next(&mut timeouts)).await.expect("reports go on");
        assert!(report.age() >= Duration::from_secs(1));
        assert_eq!(kind_of(Bdev::open("Null0").await), ErrorKind::NoSuchBdev("Null0".into()));
        assert!(soon(write).await, "the write is not failed by the removal");
        assert!(!REMOVED.load(Ordering::SeqCst), "it waits for the descriptor");
        // The stream of timeouts holds the descriptor too; the streams of events do not.
        drop((descriptor, channel));
        stays_open(&mut events).await;
        assert!(!REMOVED.load(Ordering::SeqCst));
        drop(timeouts);
        closes(&mut events).await;
        closes(&mut second).await;
        soon(async {
            while !REMOVED.load(Ordering::SeqCst) {
                turn().await;
            }
        })
        .await;
        assert_eq!(buffers::live(), 0);
    });
}

/// One more write behind those that wait.
fn stuck_next(channel: &IoChannel) -> Pin<Box<dyn Future<Output = bool>>> {
    let channel = channel.clone();
    let write = async move { channel.write_blocks(Counted::new(&[2; BLOCK]), 1).await.0.is_ok() };
    let mut write: Pin<Box<dyn Future<Output = bool>>> = Box::pin(write);
    assert!(poll_once(write.as_mut()).is_pending());
    write
}

/// The task that hears of the removal is the one that holds the descriptor.
#[test]
fn a_task_gives_up_its_bdev_when_that_is_removed() {
    with_app(large(), async || {
        let (descriptor, channel, mut events) = open("Malloc0").await;
        let user = spawn_local(async move {
            let mut writes = 0;
            loop {
                let mut event = core::pin::pin!(next(&mut events));
                if let Poll::Ready(event) = futures_util::poll!(event.as_mut()) {
                    assert_eq!(event, Some(BdevEvent::Remove));
                    break writes;
                }
                channel.write_blocks(vec![1; BLOCK], 0).await.0.unwrap();
                writes += 1;
            }
        });
        drop(descriptor);
        sleep(Duration::from_millis(2)).await;
        remove(c"Malloc0");
        assert!(soon(user).await.unwrap() > 0);
        soon(async {
            while !REMOVED.load(Ordering::SeqCst) {
                turn().await;
            }
        })
        .await;
    });
}

/// The end of the application comes between the removal and the last descriptor.
#[test]
fn the_app_ends_while_a_bdev_is_being_removed() {
    with_app(large(), async || {
        let (descriptor, channel, mut events) = open("Null0").await;
        let write = stuck(&channel).await;
        remove(c"Null0");
        drop(spawn_local(async move {
            let _held = (descriptor, channel);
            assert_eq!(next(&mut events).await, Some(BdevEvent::Remove));
            write.await
        }));
        turn().await;
    });
    assert_eq!(buffers::live(), 0);
}
