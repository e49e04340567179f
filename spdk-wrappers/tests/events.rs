//! Events of an open bdev.

mod common;

use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use std::time::Duration;

use common::*;
use spdk_async::bdev::{Bdev, BdevEvent};
use spdk_async::{ErrorKind, Worker, spawn_local, timeout};

fn bdev(name: &CStr) -> *mut spdk_sys::spdk_bdev {
    // SAFETY: on an spdk_thread, with a C string.
    let bdev = unsafe { spdk_sys::spdk_bdev_get_by_name(name.as_ptr()) };
    assert!(!bdev.is_null());
    bdev
}

/// Removes a bdev, as a device that is pulled out would be.
fn unregister(name: &CStr) {
    unsafe extern "C" fn gone(_ctx: *mut c_void, _rc: c_int) {}
    // SAFETY: the bdev is registered, and this is the app thread.
    unsafe { spdk_sys::spdk_bdev_unregister(bdev(name), Some(gone), ptr::null_mut()) };
}

fn resize(name: &CStr, num_blocks: u64) -> c_int {
    // SAFETY: the bdev is registered, and this is the app thread.
    unsafe { spdk_sys::spdk_bdev_notify_blockcnt_change(bdev(name), num_blocks) }
}

/// A future that must not hang.
async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(10), future).await.expect("it comes soon")
}

#[test]
fn a_removal_is_told_and_waits_for_the_descriptor() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let mut events = descriptor.events();
        let channel = descriptor.channel().unwrap();
        unregister(c"Null0");
        assert_eq!(soon(next(&mut events)).await, Some(BdevEvent::Remove));
        // It cannot be opened any more, but what is open works on.
        let gone = ErrorKind::NoSuchBdev("Null0".into());
        assert_eq!(kind_of(Bdev::open("Null0").await), gone);
        assert_eq!(Bdev::all().unwrap().len(), 1);
        channel.write_blocks(vec![0; BLOCK], 0).await.0.unwrap();
        assert_eq!(descriptor.bdev().name(), "Null0");
        drop((channel, descriptor));
        assert_eq!(soon(next(&mut events)).await, None, "the stream ends with the descriptor");
        assert_eq!(next(&mut events).await, None);
        assert_eq!(kind_of(Bdev::lookup("Null0")), gone);
    });
}

#[test]
fn a_resize_changes_the_number_of_blocks() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let mut events = descriptor.events();
        assert_eq!(resize(c"Null0", 4096), 0);
        assert_eq!(descriptor.num_blocks(), 4096);
        assert_eq!(soon(next(&mut events)).await, Some(BdevEvent::Resize));
        descriptor.channel().unwrap().read_blocks(vec![0; BLOCK], 4095).await.0.unwrap();
        // The same size is no event, and an open bdev does not shrink.
        assert_eq!(resize(c"Null0", 4096), 0);
        assert_eq!(resize(c"Null0", 2048), -libc::EBUSY);
        timeout(Duration::from_millis(20), next(&mut events)).await.unwrap_err();
        assert!(format!("{events:?}").contains("Events"));
    });
}

#[test]
fn every_stream_and_every_descriptor_is_told_in_order() {
    with_app(malloc_and_null(), async || {
        let first = Bdev::open("Null0").await.unwrap();
        let second = Bdev::open_read_only("Null0").await.unwrap();
        let mut streams = vec![first.events(), first.events(), second.events()];
        assert_eq!(resize(c"Null0", 4096), 0);
        for stream in &mut streams {
            assert_eq!(soon(next(stream)).await, Some(BdevEvent::Resize));
        }
        // A stream that comes later hears of later events only.
        let late = first.events();
        streams.push(late);
        assert_eq!(resize(c"Null0", 8192), 0);
        unregister(c"Null0");
        for stream in &mut streams {
            assert_eq!(soon(next(stream)).await, Some(BdevEvent::Resize));
            assert_eq!(soon(next(stream)).await, Some(BdevEvent::Remove));
        }
        drop((first, second));
        for stream in &mut streams {
            assert_eq!(soon(next(stream)).await, None);
        }
    });
}

#[test]
fn a_waiting_task_is_woken() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let mut events = descriptor.events();
        let waiting = spawn_local(async move {
            let mut seen = Vec::new();
            while let Some(event) = next(&mut events).await {
                seen.push(event);
            }
            seen
        });
        spdk_async::yield_now().await;
        assert_eq!(resize(c"Null0", 4096), 0);
        spdk_async::sleep(Duration::from_millis(5)).await;
        unregister(c"Null0");
        spdk_async::sleep(Duration::from_millis(5)).await;
        drop(descriptor);
        assert_eq!(soon(waiting).await.unwrap(), [BdevEvent::Resize, BdevEvent::Remove]);
    });
}

#[test]
fn a_stream_may_be_read_on_another_thread() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let mut events = descriptor.events();
        let worker = Worker::create("listener", None).await.unwrap();
        let seen = worker.spawn(move || async move { next(&mut events).await }).unwrap();
        assert_eq!(resize(c"Null0", 4096), 0);
        assert_eq!(soon(seen).await.unwrap(), Some(BdevEvent::Resize));
    });
}

#[test]
fn a_stream_that_nobody_reads_and_one_that_is_dropped_first() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let _unread = descriptor.events();
        drop(descriptor.events());
        for size in 1..100 {
            assert_eq!(resize(c"Null0", 2048 + size), 0);
        }
        spdk_async::sleep(Duration::from_millis(5)).await;
        unregister(c"Null0");
    });
}

/// Events that are on their way when the descriptor goes.
#[test]
fn events_raised_just_before_the_close() {
    with_app(malloc_and_null(), async || {
        for size in 1..50 {
            let descriptor = Bdev::open("Null0").await.unwrap();
            let mut events = descriptor.events();
            assert_eq!(resize(c"Null0", 2048 + size), 0);
            drop(descriptor);
            // It was raised, but whether it arrives before the close is up to SPDK.
            while let Some(event) = soon(next(&mut events)).await {
                assert_eq!(event, BdevEvent::Resize);
            }
        }
    });
}
