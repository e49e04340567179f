//! Zero-copy.

mod common;

use core::pin::pin;

use common::*;
use spdk_async::bdev::{Bdev, IoChannel};
use spdk_async::yield_now;

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

async fn blocks(channel: &IoChannel, offset: u64, count: usize) -> Vec<u8> {
    let (result, read) = channel.read_blocks(vec![0; count * BLOCK], offset).await;
    result.unwrap();
    read
}

#[test]
fn populate_shows_what_the_blocks_hold() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let bytes = pattern(1, 4 * BLOCK);
        channel.write_blocks(bytes.clone(), 8).await.0.unwrap();
        let zcopy = channel.zcopy(8, 4, true).await.unwrap();
        assert_eq!(zcopy.len(), 4 * BLOCK);
        assert!(!zcopy.is_empty());
        assert!(format!("{zcopy:?}").contains("2048"));

        let mut seen = vec![0; 4 * BLOCK];
        assert_eq!(zcopy.copy_to(0, &mut seen), 4 * BLOCK);
        assert_eq!(seen, bytes);
        let mut part = [0; 100];
        assert_eq!(zcopy.copy_to(700, &mut part), 100);
        assert_eq!(part[..], bytes[700..800]);
        // At the end there is less, and beyond it nothing.
        assert_eq!(zcopy.copy_to(4 * BLOCK - 40, &mut part), 40);
        assert_eq!(part[..40], bytes[4 * BLOCK - 40..]);
        assert_eq!(zcopy.copy_to(4 * BLOCK, &mut part), 0);
        assert_eq!(zcopy.copy_to(usize::MAX, &mut part), 0);
        assert_eq!(zcopy.copy_to(0, &mut []), 0);
        zcopy.release().await.unwrap();
        assert_eq!(blocks(&channel, 8, 4).await, bytes);
    });
}

#[test]
fn commit_writes() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let bytes = pattern(2, 2 * BLOCK);
        let mut zcopy = channel.zcopy(3, 2, false).await.unwrap();
        assert_eq!(zcopy.copy_from(0, &bytes), 2 * BLOCK);
        assert_eq!(zcopy.copy_from(2 * BLOCK, &bytes), 0);
        zcopy.commit().await.unwrap();
        assert_eq!(blocks(&channel, 3, 2).await, bytes);

        let mut zcopy = channel.zcopy(3, 2, true).await.unwrap();
        assert_eq!(zcopy.copy_from(2 * BLOCK - 10, &[9; 100]), 10);
        zcopy.commit().await.unwrap();
        let mut expected = bytes;
        expected[2 * BLOCK - 10..].fill(9);
        assert_eq!(blocks(&channel, 3, 2).await, expected);
    });
}

/// How many zero-copies a test leaves to SPDK: more than a few, for the pool of `spdk_bdev_io`s to
/// tell whether they come back.
const MANY: usize = 200;

#[test]
fn a_dropped_zero_copy_ends_by_itself() {
    with_app(config(&[pool(64, 8), malloc("Malloc0", 64)]), async || {
        let channel = open("Malloc0").await;
        for round in 0..MANY {
            let zcopy = channel.zcopy(round as u64 % 64, 1, true).await.unwrap();
            drop(zcopy);
        }
        blocks(&channel, 0, 1).await;
    });
}

/// The last reference to the channel and the descriptor goes with the zero-copy.
#[test]
fn a_zero_copy_dropped_last_keeps_its_channel_until_its_end() {
    for _ in 0..3 {
        with_app(malloc_and_null(), async || {
            let zcopy = open("Malloc0").await.zcopy(0, 8, true).await.unwrap();
            drop(zcopy);
        });
    }
}

#[test]
fn an_end_dropped_in_flight_keeps_its_channel() {
    for commit in [false, true] {
        with_app(malloc_and_null(), async move || {
            let zcopy = open("Malloc0").await.zcopy(0, 8, true).await.unwrap();
            if commit {
                let _ = poll_once(pin!(zcopy.commit()).as_mut());
            } else {
                let _ = poll_once(pin!(zcopy.release()).as_mut());
            }
        });
    }
}

#[test]
fn a_start_dropped_in_flight_is_ended_and_keeps_its_channel() {
    with_app(config(&[pool(64, 8), malloc("Malloc0", 64)]), async || {
        let channel = open("Malloc0").await;
        for round in 0..MANY {
            let mut start = Box::pin(channel.zcopy(0, 1, true));
            let _ = poll_once(start.as_mut());
            drop(start);
            if round % 7 == 0 {
                turn().await;
            }
        }
        blocks(&channel, 0, 1).await;
        // The last one goes with its channel.
        let channel = { channel };
        let mut start = Box::pin(async move { channel.zcopy(0, 1, true).await });
        let _ = poll_once(start.as_mut());
    });
}

#[test]
fn a_zero_copy_left_in_a_task_ends_with_the_app() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let zcopy = channel.zcopy(0, 8, true).await.unwrap();
        drop(spdk_async::spawn_local(async move {
            let _zcopy = zcopy;
            core::future::pending::<()>().await;
        }));
        yield_now().await;
    });
}
