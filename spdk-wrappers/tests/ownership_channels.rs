//! Descriptors, channels and what is in flight on them end on the thread that opened them, wherever
//! and whenever their value is dropped.

mod common;

use core::pin::pin;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use common::elsewhere::*;
use common::*;
use spdk_async::bdev::{Bdev, ZeroCopy};
use spdk_async::sleep;

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

/// More than SPDK's queue of messages holds, which is 65536.
#[test]
fn very_many_descriptors_dropped_elsewhere_close_at_home() {
    with_app(config(&[null("Null0", 8)]), async || {
        let mut events = Vec::new();
        let mut descriptors = Vec::new();
        for at in 0..70_000 {
            let descriptor = Bdev::open_read_only("Null0").await.unwrap();
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
