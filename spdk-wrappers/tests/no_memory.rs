//! More I/O at once than there are `spdk_bdev_io`s: operations wait and none fails.
//!
//! SPDK keeps the options of its bdev layer from one application of a process to the next, so each
//! test sets them.

mod common;

use core::pin::pin;

use common::*;
use futures_channel::oneshot;
use spdk_async::bdev::{Bdev, BlockDevice, IoChannel};
use spdk_async::{Worker, spawn_local, yield_now};

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

fn tiny(size: u32, cache: u32) -> String {
    config(&[pool(size, cache), malloc("Malloc0", 2048), null("Null0", 2048)])
}

/// Writes and reads back `count` blocks, all at once.
async fn flood(channel: &IoChannel, from: u64, count: u64) {
    let tasks = (from..from + count).map(|block| {
        let channel = channel.clone();
        spawn_local(async move {
            let (result, sent) = channel.write_blocks(pattern(block, BLOCK), block).await;
            result.unwrap();
            let (result, read) = channel.read_blocks(vec![0; BLOCK], block).await;
            result.unwrap();
            assert_eq!(read, sent);
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
}

#[test]
fn hundreds_of_operations_share_a_tiny_pool() {
    for (size, cache) in [(4, 1), (8, 4), (16, 2)] {
        with_app(tiny(size, cache), async || {
            flood(&open("Malloc0").await, 0, 500).await;
        });
    }
}

#[test]
fn a_pool_without_caches() {
    with_app(tiny(4, 0), async || {
        flood(&open("Malloc0").await, 0, 300).await;
    });
}

#[test]
fn every_kind_of_operation_waits() {
    with_app(tiny(4, 1), async || {
        let channel = open("Malloc0").await;
        let tasks: Vec<_> = (0..100_u64)
            .map(|block| {
                let ch = channel.clone();
                spawn_local(async move {
                    ch.writev_blocks(vec![vec![1; BLOCK]], block).await.0.unwrap();
                    // Not `compare_and_write`: SPDK takes further `spdk_bdev_io`s for its steps, and
                    // waits for ever when all are held by such operations.
                    ch.compare(vec![1; BLOCK], block).await.0.unwrap();
                    ch.copy(block + 1000, block, 1).await.unwrap();
                    ch.flush(block, 1).await.unwrap();
                    ch.unmap(block, 1).await.unwrap();
                    ch.write_zeroes(block, 1).await.unwrap();
                    assert_eq!(ch.seek_data(block).await.unwrap(), Some(block));
                    ch.zcopy(block, 1, true).await.unwrap().release().await.unwrap();
                    let (result, read) = ch.readv(vec![vec![0; BLOCK]], (block + 1000) * 512).await;
                    result.unwrap();
                    assert_eq!(read, [vec![1; BLOCK]]);
                })
            })
            .collect();
        join_all(tasks).await;
    });
}

#[test]
fn two_bdevs_on_one_thread_share_the_pool() {
    with_app(tiny(4, 1), async || {
        let (malloc, null) = (open("Malloc0").await, open("Null0").await);
        let other = spawn_local(async move {
            let reads = (0..300).map(|block| {
                let null = null.clone();
                spawn_local(async move { null.read_blocks(vec![0; BLOCK], block).await.0.unwrap() })
            });
            join_all(reads.collect::<Vec<_>>()).await;
        });
        flood(&malloc, 0, 300).await;
        other.await.unwrap();
    });
}

#[test]
fn two_threads_share_a_tiny_pool() {
    with_app(tiny(6, 1), async || {
        let device = BlockDevice::open("Malloc0").await.unwrap();
        drop(device.channel().unwrap());
        let worker = Worker::create("second", None).await.unwrap();
        // SPDK fills the cache of a channel's thread when it is opened, so both are opened first.
        let opened = device.clone();
        let open = worker.spawn(move || async move { drop(opened.channel().unwrap()) });
        open.unwrap().await.unwrap();
        // Channels first: one needs a full cache for its thread.
        let opened = device.clone();
        worker
            .spawn(move || async move { opened.channel().map(drop) })
            .unwrap()
            .await
            .unwrap()
            .unwrap();
        let far = {
            let device = device.clone();
            worker.spawn(move || async move {
                let channel = device.channel().unwrap();
                flood(&channel, 1000, 500).await;
            })
        };
        flood(&device.channel().unwrap(), 0, 500).await;
        far.unwrap().await.unwrap();
    });
}

/// The others' share of the pool is gone while a zero-copy has the only `spdk_bdev_io` that this
/// thread is sure of. Whoever waited in SPDK's queue then would wait until it is given back.
#[test]
fn a_read_beside_a_held_zero_copy_gets_what_another_thread_frees() {
    with_app(tiny(3, 1), async || {
        let device = BlockDevice::open("Malloc0").await.unwrap();
        let channel = device.channel().unwrap();
        let worker = Worker::create("second", None).await.unwrap();
        let opened = device.clone();
        let (taken, all_taken) = oneshot::channel();
        let (give_back, asked_back) = oneshot::channel::<()>();
        let far = worker.spawn(move || async move {
            // That of its cache and the last of the pool.
            let channel = opened.channel().unwrap();
            let first = channel.zcopy(0, 1, true).await.unwrap();
            let second = channel.zcopy(1, 1, true).await.unwrap();
            taken.send(()).unwrap();
            asked_back.await.unwrap();
            second.release().await.unwrap();
            first.release().await.unwrap();
        });
        let held = channel.zcopy(2, 1, true).await.unwrap();
        all_taken.await.unwrap();
        let mut read = pin!(channel.read_blocks(vec![0; BLOCK], 3));
        for _ in 0..10 {
            assert!(poll_once(read.as_mut()).is_pending(), "there is none left");
            turn().await;
        }
        give_back.send(()).unwrap();
        read.await.0.unwrap();
        far.unwrap().await.unwrap();
        held.release().await.unwrap();
    });
}

/// Twice as many as the pool has, at its usual size: waiting costs each operation the same,
/// however many others wait.
#[test]
fn more_reads_at_once_than_the_usual_pool() {
    with_app(config(&[pool(65_535, 256), null("Null0", 2048)]), async || {
        let channel = open("Null0").await;
        let reads = (0..131_072_u64).map(|block| {
            let channel = channel.clone();
            spawn_local(async move {
                channel.read_blocks(vec![0; BLOCK], block % 2048).await.0.unwrap();
            })
        });
        join_all(reads.collect::<Vec<_>>()).await;
    });
}

/// Those that wait may go, in any number, and the others still get their turn.
#[test]
fn operations_dropped_while_they_wait() {
    with_app(tiny(4, 1), async || {
        let channel = open("Malloc0").await;
        for polls in 0..6 {
            let mut doomed: Vec<_> = (0..50)
                .map(|block| {
                    let channel = channel.clone();
                    Box::pin(async move {
                        let _ = channel.write_blocks(vec![5; BLOCK], block).await;
                    })
                })
                .collect();
            for future in &mut doomed {
                poll_times(future.as_mut(), polls).await;
            }
            drop(doomed);
            flood(&channel, 0, 20).await;
        }
    });
}

#[test]
fn the_app_ends_with_operations_that_wait() {
    with_app(tiny(4, 1), async || {
        let channel = open("Malloc0").await;
        for block in 0..100 {
            let channel = channel.clone();
            drop(spawn_local(async move {
                let _ = channel.write_blocks(vec![1; BLOCK], block).await;
            }));
        }
        yield_now().await;
    });
}

/// Zero-copies hold their `spdk_bdev_io`s; a thread that has all of them and no I/O in flight still
/// gets on when one is given back.
#[test]
fn an_operation_waits_for_a_zero_copy_to_end() {
    with_app(tiny(4, 1), async || {
        let channel = open("Malloc0").await;
        let mut held = Vec::new();
        for block in 0..4 {
            held.push(channel.zcopy(block, 1, true).await.unwrap());
        }
        let mut read = pin!(channel.read_blocks(vec![0; BLOCK], 9));
        assert!(poll_once(read.as_mut()).is_pending());
        for _ in 0..50 {
            turn().await;
        }
        assert!(poll_once(read.as_mut()).is_pending(), "there is none left");
        held.pop().unwrap().release().await.unwrap();
        read.await.0.unwrap();
    });
}
