//! Reads and writes with one buffer, on each kind of bdev and with each kind of buffer.

mod common;

use std::fs::OpenOptions;
use std::sync::LazyLock;

use common::*;
use spdk_async::DmaBuf;
use spdk_async::bdev::{Bdev, IoChannel, IoOptions};
use spdk_async::buf::{IntoInner, IoBuf, IoBufMut};

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

/// Writes bytes through one door and reads them back through each.
async fn round_trip(channel: &IoChannel) {
    let bytes = pattern(1, 3 * BLOCK);
    let (result, sent) = channel.write(bytes.clone(), 2 * BLOCK as u64).await;
    result.unwrap();
    assert_eq!(sent, bytes, "a write leaves its buffer alone");
    let (result, read) = channel.read(vec![0; 3 * BLOCK], 2 * BLOCK as u64).await;
    result.unwrap();
    assert_eq!(read, bytes);
    let (result, read) = channel.read_blocks(vec![0; 3 * BLOCK], 2).await;
    result.unwrap();
    assert_eq!(read, bytes);

    let bytes = pattern(2, 2 * BLOCK);
    channel.write_blocks(bytes.clone(), 3).await.0.unwrap();
    let (result, read) = channel.read_blocks(vec![0; 4 * BLOCK], 2).await;
    result.unwrap();
    assert_eq!(read[..BLOCK], pattern(1, BLOCK)[..], "the block before is as it was");
    assert_eq!(read[BLOCK..3 * BLOCK], bytes[..]);
    assert_eq!(read[3 * BLOCK..], [0; BLOCK], "the block after is as it was");
}

#[test]
fn malloc_keeps_what_is_written() {
    with_app(malloc_and_null(), async || round_trip(&open("Malloc0").await).await);
}

/// A file of this many zeroed blocks.
fn file(num_blocks: usize) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.as_file().set_len((num_blocks * BLOCK) as u64).unwrap();
    file
}

#[test]
fn aio_keeps_what_is_written_in_its_file() {
    let file = file(64);
    with_app(config(&[aio("Aio0", file.path())]), async || {
        assert_eq!(Bdev::lookup("Aio0").unwrap().num_blocks(), 64);
        round_trip(&open("Aio0").await).await;
    });
    let stored = std::fs::read(file.path()).unwrap();
    assert_eq!(stored.len(), 64 * BLOCK);
    assert_eq!(stored[2 * BLOCK..3 * BLOCK], pattern(1, BLOCK)[..]);
    assert_eq!(stored[3 * BLOCK..5 * BLOCK], pattern(2, 2 * BLOCK)[..]);
    assert!(stored[5 * BLOCK..].iter().all(|byte| *byte == 0));
}

#[test]
fn aio_reads_what_its_file_holds() {
    let file = file(16);
    std::fs::write(file.path(), pattern(3, 16 * BLOCK)).unwrap();
    with_app(config(&[aio("Aio0", file.path())]), async || {
        // A `Vec` is not aligned to blocks: SPDK copies.
        let (result, read) = open("Aio0").await.read(vec![0; 16 * BLOCK], 0).await;
        result.unwrap();
        assert_eq!(read, pattern(3, 16 * BLOCK));
    });
}

#[test]
fn aio_in_descending_blocks_of_many_tasks() {
    let file = file(128);
    with_app(config(&[aio("Aio0", file.path())]), async || {
        let channel = open("Aio0").await;
        let writes = (0..128_u64).rev().map(|block| {
            let channel = channel.clone();
            spdk_async::spawn_local(async move {
                let buf = DmaBuf::copied_from(&pattern(block, BLOCK), 512).unwrap();
                channel.write_blocks(buf, block).await.0.unwrap();
            })
        });
        join_all(writes.collect::<Vec<_>>()).await;
    });
    let stored = std::fs::read(file.path()).unwrap();
    for (block, bytes) in stored.chunks(BLOCK).enumerate() {
        assert_eq!(bytes, pattern(block as u64, BLOCK), "block {block}");
    }
}

#[test]
fn null_takes_everything_and_touches_nothing() {
    with_app(malloc_and_null(), async || {
        let channel = open("Null0").await;
        let bytes = pattern(4, BLOCK);
        let (result, sent) = channel.write(bytes.clone(), 0).await;
        result.unwrap();
        let (result, read) = channel.read(sent, 0).await;
        result.unwrap();
        assert_eq!(read, bytes);
    });
}

/// A read is a success, though a null bdev writes nothing: what nobody has initialised must be
/// initialised by then.
#[test]
fn a_read_into_fresh_memory_yields_initialised_bytes() {
    with_app(malloc_and_null(), async || {
        let channel = open("Null0").await;
        let mut stained = Vec::with_capacity(BLOCK);
        stained.resize(BLOCK, 0xa5_u8);
        stained.truncate(BLOCK / 2);
        let (result, read) = channel.read(stained, 0).await;
        result.unwrap();
        assert_eq!(read.len(), BLOCK);
        assert_eq!(read[..BLOCK / 2], [0xa5; BLOCK / 2]);
        assert_eq!(read[BLOCK / 2..], [0; BLOCK / 2], "fresh memory is zeroed for the read");
        let (result, read) = channel.readv(fresh(2), 0).await;
        result.unwrap();
        assert_eq!(read, vec![vec![0; BLOCK]; 2]);
        let (result, read) = channel.readv_blocks_with(fresh(2), 0, IoOptions::default()).await;
        result.unwrap();
        assert_eq!(read, vec![vec![0; BLOCK]; 2]);
    });
}

#[test]
fn a_read_that_fails_leaves_fresh_memory_fresh() {
    let file = file(64);
    with_app(config(&[aio("Aio0", file.path())]), async move || {
        let channel = open("Aio0").await;
        // What is read is there no more, which only the device finds out.
        OpenOptions::new().write(true).open(file.path()).unwrap().set_len(0).unwrap();
        let (result, read) = channel.read(Vec::with_capacity(BLOCK), 0).await;
        assert_eq!(result.unwrap_err().operation(), "spdk_bdev_read_blocks");
        assert!(read.is_empty());
        let (result, read) = channel.readv(fresh(2), 0).await;
        assert_eq!(result.unwrap_err().operation(), "spdk_bdev_readv_blocks");
        assert!(read.iter().all(Vec::is_empty));
        let (result, read) = channel.readv_blocks_with(fresh(2), 0, IoOptions::default()).await;
        assert_eq!(result.unwrap_err().operation(), "spdk_bdev_readv_blocks_ext");
        assert!(read.iter().all(Vec::is_empty));
    });
}

/// Memory for a block each, which nobody has written to.
fn fresh(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|_| Vec::with_capacity(BLOCK)).collect()
}

/// Reads what `pattern(seed, BLOCK)` was written to; gives the buffer back.
async fn reads_into<B: IoBufMut>(channel: &IoChannel, buf: B, seed: u64) -> B {
    channel.write_blocks(pattern(seed, BLOCK), 7).await.0.unwrap();
    let (result, buf) = channel.read_blocks(buf, 7).await;
    result.unwrap();
    assert_eq!(buf.as_init(), pattern(seed, BLOCK));
    buf
}

/// Writes from a buffer that holds `pattern(seed, BLOCK)`.
async fn writes_from<B: IoBuf>(channel: &IoChannel, buf: B, seed: u64) {
    let (result, buf) = channel.write_blocks(buf, 8).await;
    result.unwrap();
    assert_eq!(buf.as_init(), pattern(seed, BLOCK));
    let (result, read) = channel.read_blocks(vec![0; BLOCK], 8).await;
    result.unwrap();
    assert_eq!(read, pattern(seed, BLOCK));
}

#[test]
fn buffers_of_every_kind() {
    static FIXED: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(26, BLOCK));
    with_app(malloc_and_null(), async || {
        let channel = &open("Malloc0").await;
        reads_into(channel, vec![0; BLOCK], 10).await;
        reads_into(channel, Vec::with_capacity(BLOCK), 11).await;
        reads_into(channel, [0; BLOCK], 12).await;
        reads_into(channel, vec![0; BLOCK].into_boxed_slice(), 13).await;
        reads_into(channel, DmaBuf::zeroed(BLOCK, 4096).unwrap(), 14).await;
        reads_into(channel, vec![0; 4 * BLOCK].slice(BLOCK..2 * BLOCK), 15).await;
        let lent = reads_into(channel, Box::leak(Box::new([0_u8; BLOCK])), 16).await;
        // SAFETY: the buffer came back, and it is the box that was leaked for this one read.
        drop(unsafe { Box::from_raw(lent) });

        writes_from(channel, pattern(20, BLOCK), 20).await;
        writes_from(channel, pattern(21, BLOCK).into_boxed_slice(), 21).await;
        writes_from(channel, DmaBuf::copied_from(&pattern(22, BLOCK), 0).unwrap(), 22).await;
        let middle = [pattern(0, 100), pattern(23, BLOCK), pattern(0, 100)].concat();
        writes_from(channel, middle.slice(100..100 + BLOCK), 23).await;
        writes_from(channel, std::sync::Arc::<[u8]>::from(pattern(24, BLOCK)), 24).await;
        writes_from(channel, std::rc::Rc::<[u8]>::from(pattern(25, BLOCK)), 25).await;
        writes_from(channel, FIXED.as_slice(), 26).await;
        let array: [u8; BLOCK] = pattern(27, BLOCK).try_into().unwrap();
        writes_from(channel, array, 27).await;
    });
}

#[test]
fn a_slice_leaves_the_rest_of_its_buffer_alone() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        channel.write_blocks(pattern(30, BLOCK), 0).await.0.unwrap();
        let (result, slice) = channel.read(vec![0xff; 3 * BLOCK].slice(BLOCK..2 * BLOCK), 0).await;
        result.unwrap();
        let whole = slice.into_inner();
        assert_eq!(whole[..BLOCK], [0xff; BLOCK]);
        assert_eq!(whole[BLOCK..2 * BLOCK], pattern(30, BLOCK)[..]);
        assert_eq!(whole[2 * BLOCK..], [0xff; BLOCK]);
    });
}

#[test]
fn the_last_block_and_the_whole_bdev() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let all = pattern(31, 2048 * BLOCK);
        channel.write(all.clone(), 0).await.0.unwrap();
        let (result, read) = channel.read(vec![0; 2048 * BLOCK], 0).await;
        result.unwrap();
        assert!(read == all);
        let (result, read) = channel.read_blocks(vec![0; BLOCK], 2047).await;
        result.unwrap();
        assert_eq!(read, all[2047 * BLOCK..]);
    });
}

#[test]
fn many_reads_and_writes_at_once() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let tasks = (0..512_u64).map(|block| {
            let channel = channel.clone();
            spdk_async::spawn_local(async move {
                channel.write_blocks(pattern(block, BLOCK), block).await.0.unwrap();
                let (result, read) = channel.read_blocks(vec![0; BLOCK], block).await;
                result.unwrap();
                assert_eq!(read, pattern(block, BLOCK));
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
    });
}
