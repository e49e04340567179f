//! `BlockDevice`, `with_bdev` and the routes by which descriptors and channels are closed.

mod common;

use core::pin::pin;
use std::time::Duration;

use common::*;
use spdk_async::bdev::{Bdev, BlockDevice, wait_for_examine, with_bdev};
use spdk_async::{DmaBuf, ErrorKind, Worker, sleep, spawn_local, yield_now};

/// Whether a bdev has no descriptor any more: removed, it then goes at once.
async fn is_closed(name: &str) -> bool {
    unsafe extern "C" fn gone(_ctx: *mut core::ffi::c_void, _rc: core::ffi::c_int) {}
    let c_name = std::ffi::CString::new(name).unwrap();
    // SAFETY: on the app thread, with a C string.
    let bdev = unsafe { spdk_sys::spdk_bdev_get_by_name(c_name.as_ptr()) };
    assert!(!bdev.is_null());
    // SAFETY: the bdev is registered, and this is the app thread.
    unsafe { spdk_sys::spdk_bdev_unregister(bdev, Some(gone), core::ptr::null_mut()) };
    for _ in 0..200 {
        // SAFETY: as above.
        if unsafe { spdk_sys::spdk_bdev_get_by_name(c_name.as_ptr()) }.is_null() {
            return true;
        }
        sleep(Duration::from_millis(1)).await;
    }
    false
}

#[test]
fn a_device_reads_and_writes_at_byte_offsets() {
    with_app(malloc_and_null(), async || {
        let device = BlockDevice::open("Malloc0").await.unwrap();
        assert_eq!((device.block_size(), device.num_blocks()), (512, 2048));
        assert_eq!(device.dma_alignment(), device.descriptor().buf_align());
        assert!(format!("{device:?}").contains("Malloc0"));
        let buf = DmaBuf::copied_from(&pattern(1, 4096), device.dma_alignment()).unwrap();
        let (result, buf) = device.write_at(buf, 8192).await;
        result.unwrap();
        let (result, read) = device.read_at(vec![0; 4096], 8192).await;
        result.unwrap();
        assert_eq!(read[..], buf[..]);
        let (result, read) = device.read_at(vec![5; 4096], 1).await;
        assert_eq!(errno_of(result), Some(libc::EINVAL));
        assert_eq!(read, vec![5; 4096]);
        let (result, _) = device.write_at(vec![5; 10], 0).await;
        assert_eq!(errno_of(result), Some(libc::EINVAL));
        assert_eq!(device.stat().await.unwrap().write.bytes, 4096);
        device.close().await;
    });
}

#[test]
fn an_unknown_device() {
    with_app(malloc_and_null(), async || {
        let unknown = ErrorKind::NoSuchBdev("Nothing0".into());
        assert_eq!(kind_of(BlockDevice::open("Nothing0").await), unknown);
        assert_eq!(kind_of(with_bdev("Nothing0", async |_| ()).await), unknown);
    });
}

#[test]
fn each_thread_has_one_channel_of_a_device() {
    with_app(malloc_and_null(), async || {
        let device = BlockDevice::open("Malloc0").await.unwrap();
        let workers = {
            let mut workers = Vec::new();
            for id in 0..3_u64 {
                let worker = Worker::create(&format!("user{id}"), None).await.unwrap();
                let device = device.clone();
                let task = worker.spawn(move || async move {
                    for round in 0..50 {
                        let at = (id * 50 + round) * BLOCK as u64;
                        device.write_at(pattern(id + round, BLOCK), at).await.0.unwrap();
                        let (result, read) = device.read_at(vec![0; BLOCK], at).await;
                        result.unwrap();
                        assert_eq!(read, pattern(id + round, BLOCK));
                    }
                });
                workers.push((worker, task.unwrap()));
            }
            workers
        };
        for (worker, task) in workers {
            task.await.unwrap();
            worker.end();
        }
        let (result, read) = device.read_at(vec![0; BLOCK], 149 * BLOCK as u64).await;
        result.unwrap();
        assert_eq!(read, pattern(51, BLOCK));
        device.close().await;
        assert!(is_closed("Malloc0").await);
    });
}

#[test]
fn the_last_clone_closes_wherever_it_is_dropped() {
    with_app(malloc_and_null(), async || {
        let device = BlockDevice::open("Malloc0").await.unwrap();
        device.read_at(vec![0; BLOCK], 0).await.0.unwrap();
        let worker = Worker::create("last", None).await.unwrap();
        let last = device.clone();
        device.close().await;
        let task = worker.spawn(move || async move {
            last.read_at(vec![0; BLOCK], 0).await.0.unwrap();
            // Dropped here, far from the thread that opened it.
        });
        task.unwrap().await.unwrap();
        assert!(is_closed("Malloc0").await);

        let device = BlockDevice::open("Null0").await.unwrap();
        device.read_at(vec![0; BLOCK], 0).await.0.unwrap();
        // A plain OS thread, without an spdk_thread.
        let elsewhere = std::thread::spawn(move || drop(device));
        while !elsewhere.is_finished() {
            yield_now().await;
        }
        assert!(is_closed("Null0").await);
    });
}

#[test]
fn a_descriptor_opened_by_a_worker_that_ends_first() {
    with_app(malloc_and_null(), async || {
        let worker = Worker::create("opener", None).await.unwrap();
        let opened = worker.spawn(|| async { Bdev::open("Malloc0").await.unwrap() }).unwrap();
        let descriptor = opened.await.unwrap();
        // The worker stays for what is open on it.
        worker.end();
        let channel = descriptor.channel().unwrap();
        channel.write_blocks(pattern(2, BLOCK), 0).await.0.unwrap();
        drop((descriptor, channel));
        assert!(is_closed("Malloc0").await);
    });
}

#[test]
fn with_bdev_closes_after_success_and_failure() {
    with_app(malloc_and_null(), async || {
        let length = with_bdev("Malloc0", async |device| {
            device.write_at(pattern(3, BLOCK), 0).await.0.unwrap();
            device.num_blocks()
        });
        assert_eq!(length.await.unwrap(), 2048);
        let failed = with_bdev("Malloc0", async |device| device.read_at(vec![0; 1], 0).await.0);
        assert_eq!(errno_of(failed.await.unwrap()), Some(libc::EINVAL));
        assert!(is_closed("Malloc0").await);
    });
}

#[test]
fn with_bdev_closes_when_it_is_cancelled_or_panics() {
    with_app(malloc_and_null(), async || {
        {
            let mut cancelled = pin!(with_bdev("Malloc0", async |device| {
                loop {
                    device.write_at(vec![1; BLOCK], 0).await.0.unwrap();
                }
            }));
            for _ in 0..20 {
                assert!(poll_once(cancelled.as_mut()).is_pending());
                turn().await;
            }
        }
        assert!(is_closed("Malloc0").await);
        let panicked = spawn_local(with_bdev("Null0", async |device: BlockDevice| {
            device.read_at(vec![1; BLOCK], 0).await.0.unwrap();
            std::panic::panic_any("on purpose");
        }));
        let error = panicked.await.map(drop).unwrap_err();
        assert!(format!("{error:?}").contains("on purpose"), "{error:?}");
        assert!(is_closed("Null0").await);
    });
}

#[test]
fn many_devices_on_one_thread() {
    let bdevs: Vec<_> = (0..20).map(|id| malloc(&format!("M{id}"), 64)).collect();
    with_app(config(&bdevs), async || {
        let mut devices = Vec::new();
        for id in 0..20_u64 {
            let device = BlockDevice::open(&format!("M{id}")).await.unwrap();
            device.write_at(pattern(id, BLOCK), 0).await.0.unwrap();
            devices.push(device);
        }
        for (id, device) in devices.iter().enumerate() {
            let (result, read) = device.read_at(vec![0; BLOCK], 0).await;
            result.unwrap();
            assert_eq!(read, pattern(id as u64, BLOCK));
        }
        // Two of one bdev are two.
        let twin = BlockDevice::new(Bdev::open("M0").await.unwrap());
        let (result, read) = twin.read_at(vec![0; BLOCK], 0).await;
        result.unwrap();
        assert_eq!(read, pattern(0, BLOCK));
    });
}

#[test]
fn examine_is_over_when_the_app_is_up() {
    with_app(malloc_and_null(), async || {
        wait_for_examine().await.unwrap();
        let both = [spawn_local(wait_for_examine()), spawn_local(wait_for_examine())];
        for result in join_all(both).await {
            result.unwrap();
        }
        let _ = poll_once(pin!(wait_for_examine()));
    });
}
