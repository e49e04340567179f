//! Everything that a channel does besides reads and writes.

mod common;

use common::*;
use spdk_async::Errno;
use spdk_async::bdev::{Bdev, IoChannel};

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

async fn blocks(channel: &IoChannel, offset: u64, count: usize) -> Vec<u8> {
    let (result, read) = channel.read_blocks(vec![0xee; count * BLOCK], offset).await;
    result.unwrap();
    read
}

async fn put(channel: &IoChannel, offset: u64, bytes: Vec<u8>) {
    channel.write_blocks(bytes, offset).await.0.unwrap();
}

#[test]
fn compare_finds_equal_and_different_bytes() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let bytes = pattern(1, 2 * BLOCK);
        put(&channel, 4, bytes.clone()).await;
        let (result, compared) = channel.compare(bytes.clone(), 4).await;
        result.unwrap();
        assert_eq!(compared, bytes);

        let mut other = bytes.clone();
        other[2 * BLOCK - 1] ^= 1;
        let (result, compared) = channel.compare(other.clone(), 4).await;
        let error = result.unwrap_err();
        assert_eq!(error.operation(), "spdk_bdev_compare_blocks");
        let status = error.io_status().unwrap();
        assert!(status.is_miscompare() && !status.is_aborted());
        assert_eq!((status.status_code_type(), status.status_code()), (2, 0x85));
        assert!(!error.is_retryable() && error.errno().is_none());
        assert!(error.to_string().contains("comparison failed"), "{error}");
        assert_eq!(compared, other);
        assert_eq!(blocks(&channel, 4, 2).await, bytes, "a compare changes nothing");
    });
}

#[test]
fn comparev_compares_buffers_one_after_another() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let bytes = pattern(2, 3 * BLOCK);
        put(&channel, 0, bytes.clone()).await;
        let pieces = vec![bytes[..100].to_vec(), bytes[100..].to_vec()];
        let (result, compared) = channel.comparev(pieces.clone(), 0).await;
        result.unwrap();
        assert_eq!(compared, pieces);
        let swapped = vec![bytes[100..].to_vec(), bytes[..100].to_vec()];
        let (result, compared) = channel.comparev(swapped.clone(), 0).await;
        assert!(result.unwrap_err().io_status().unwrap().is_miscompare());
        assert_eq!(compared, swapped);
    });
}

#[test]
fn compare_works_on_a_read_only_descriptor() {
    with_app(malloc_and_null(), async || {
        let channel = Bdev::open_read_only("Malloc0").await.unwrap().channel().unwrap();
        channel.compare(vec![0; BLOCK], 0).await.0.unwrap();
        channel.comparev(vec![vec![0; BLOCK]], 0).await.0.unwrap();
    });
}

#[test]
fn compare_and_write_writes_on_a_match_only() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let (old, new) = (pattern(3, BLOCK), pattern(4, BLOCK));
        put(&channel, 9, old.clone()).await;

        let (result, compared, written) =
            channel.compare_and_write(new.clone(), old.clone(), 9).await;
        assert!(result.unwrap_err().io_status().unwrap().is_miscompare());
        assert_eq!((compared, written), (new.clone(), old.clone()));
        assert_eq!(blocks(&channel, 9, 1).await, old);

        let (result, compared, written) =
            channel.compare_and_write(old.clone(), new.clone(), 9).await;
        result.unwrap();
        assert_eq!((compared, written), (old, new.clone()));
        assert_eq!(blocks(&channel, 9, 1).await, new);
    });
}

/// Only one of many that race from the same value can win.
#[test]
fn compare_and_write_is_one_step() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        put(&channel, 0, vec![0; BLOCK]).await;
        let racers = (1..=20_u8).map(|id| {
            let channel = channel.clone();
            spdk_async::spawn_local(async move {
                let (result, ..) =
                    channel.compare_and_write(vec![0; BLOCK], vec![id; BLOCK], 0).await;
                result.is_ok().then_some(id)
            })
        });
        let winners: Vec<u8> =
            join_all(racers.collect::<Vec<_>>()).await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(blocks(&channel, 0, 1).await, vec![winners[0]; BLOCK]);
    });
}

#[test]
fn write_zeroes_and_unmap_clear_their_blocks_only() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        for unmap in [false, true] {
            let bytes = pattern(5, 4 * BLOCK);
            put(&channel, 0, bytes.clone()).await;
            if unmap {
                channel.unmap(1, 2).await.unwrap();
            } else {
                channel.write_zeroes(1, 2).await.unwrap();
            }
            let read = blocks(&channel, 0, 4).await;
            assert_eq!(read[..BLOCK], bytes[..BLOCK]);
            assert_eq!(read[BLOCK..3 * BLOCK], [0; 2 * BLOCK]);
            assert_eq!(read[3 * BLOCK..], bytes[3 * BLOCK..]);
        }
        // No blocks at all.
        channel.unmap(0, 0).await.unwrap();
        open("Null0").await.write_zeroes(0, 8).await.unwrap();
    });
}

#[test]
fn flush_succeeds_where_there_is_a_cache() {
    with_app(malloc_and_null(), async || {
        open("Malloc0").await.flush(0, 2048).await.unwrap();
        let error = open("Null0").await.flush(0, 8).await.unwrap_err();
        assert_eq!(error.errno().map(Errno::get), Some(libc::ENOTSUP));
        assert_eq!(error.operation(), "spdk_bdev_flush_blocks");
    });
}

#[test]
fn flush_makes_a_file_durable() {
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.as_file().set_len(16 * BLOCK as u64).unwrap();
    with_app(config(&[aio("Aio0", file.path())]), async || {
        let channel = open("Aio0").await;
        put(&channel, 0, pattern(6, BLOCK)).await;
        channel.flush(0, 16).await.unwrap();
    });
    assert_eq!(std::fs::read(file.path()).unwrap()[..BLOCK], pattern(6, BLOCK)[..]);
}

#[test]
fn copy_moves_blocks_within_the_bdev() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let bytes = pattern(7, 8 * BLOCK);
        put(&channel, 0, bytes.clone()).await;
        channel.copy(100, 0, 8).await.unwrap();
        assert_eq!(blocks(&channel, 100, 8).await, bytes);
        assert_eq!(blocks(&channel, 0, 8).await, bytes, "the source stays");
        assert_eq!(blocks(&channel, 108, 1).await, vec![0; BLOCK]);
        // Nothing to do.
        channel.copy(5, 5, 3).await.unwrap();
        channel.copy(0, 100, 0).await.unwrap();
        assert_eq!(blocks(&channel, 0, 8).await, bytes);
        // Emulated where the bdev cannot.
        open("Null0").await.copy(100, 0, 8).await.unwrap();
    });
}

#[test]
fn seek_on_a_bdev_that_cannot_tell() {
    with_app(malloc_and_null(), async || {
        for name in ["Malloc0", "Null0"] {
            let channel = open(name).await;
            for offset in [0, 7, 2047] {
                assert_eq!(channel.seek_data(offset).await.unwrap(), Some(offset));
                assert_eq!(channel.seek_hole(offset).await.unwrap(), None);
            }
        }
    });
}

#[test]
fn reset_succeeds_and_the_bdev_works_on() {
    with_app(malloc_and_null(), async || {
        for name in ["Malloc0", "Null0"] {
            let channel = open(name).await;
            channel.reset().await.unwrap();
            channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
        }
        // A reset asks for no writable descriptor.
        let reader = Bdev::open_read_only("Null0").await.unwrap();
        reader.channel().unwrap().reset().await.unwrap();
    });
}

#[test]
fn io_begun_during_a_reset_is_aborted_or_done() {
    with_app(malloc_and_null(), async || {
        let channel = open("Null0").await;
        let reset = {
            let channel = channel.clone();
            spdk_async::spawn_local(async move { channel.reset().await })
        };
        // SPDK freezes the channels by messages, so the reads are begun over several turns.
        let mut reads = Vec::new();
        for block in 0..64 {
            let channel = channel.clone();
            reads.push(spdk_async::spawn_local(async move {
                channel.read_blocks(vec![1; BLOCK], block).await
            }));
            turn().await;
        }
        reset.await.unwrap().unwrap();
        let mut aborted = 0;
        for (result, buf) in join_all(reads).await {
            assert_eq!(buf, vec![1; BLOCK], "the buffer comes back");
            if let Err(error) = result {
                assert!(error.io_status().unwrap().is_aborted(), "{error}");
                assert!(error.is_retryable());
                assert!(error.to_string().contains("aborted"), "{error}");
                aborted += 1;
            }
        }
        assert!(aborted > 0, "the channel was frozen for some of them");
        channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
    });
}

#[test]
fn what_a_device_cannot_do_fails_with_a_status() {
    with_app(malloc_and_null(), async || {
        let error = open("Null0").await.unmap(0, 8).await.unwrap_err();
        // Nobody asks the bdev before: its module fails the unmap.
        assert!(error.io_status().is_some(), "{error:?}");
    });
}
