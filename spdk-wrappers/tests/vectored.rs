//! Reads and writes with several buffers.

mod common;

use common::*;
use spdk_async::DmaBuf;
use spdk_async::bdev::{Bdev, DifChecks, IoChannel, IoOptions};
use spdk_async::buf::{IntoInner, IoBuf};

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

/// Buffers of these lengths that hold the pattern one after another.
fn cut(seed: u64, lens: &[usize]) -> Vec<Vec<u8>> {
    let mut bytes = pattern(seed, lens.iter().sum());
    lens.iter().map(|len| bytes.drain(..*len).collect()).collect()
}

fn zeroed(lens: &[usize]) -> Vec<Vec<u8>> {
    lens.iter().map(|len| vec![0; *len]).collect()
}

/// Each writing operation followed by each reading one, with buffers that are no whole blocks.
async fn round_trips(channel: &IoChannel) {
    let lens = [BLOCK, 100, 2 * BLOCK - 100, 1, BLOCK - 1];
    let at = BLOCK as u64;
    for writer in 0..3 {
        let seed = 40 + writer;
        let (result, sent) = match writer {
            0 => channel.writev(cut(seed, &lens), at).await,
            1 => channel.writev_blocks(cut(seed, &lens), 1).await,
            _ => channel.writev_blocks_with(cut(seed, &lens), 1, IoOptions::default()).await,
        };
        result.unwrap();
        assert_eq!(sent, cut(seed, &lens));
        let (result, read) = channel.readv(zeroed(&lens), at).await;
        result.unwrap();
        assert_eq!(read, cut(seed, &lens));
        let (result, read) = channel.readv_blocks(zeroed(&lens), 1).await;
        result.unwrap();
        assert_eq!(read, cut(seed, &lens));
        let (result, read) =
            channel.readv_blocks_with(zeroed(&lens), 1, IoOptions::default()).await;
        result.unwrap();
        assert_eq!(read, cut(seed, &lens));
        let (result, read) = channel.read(vec![0; lens.iter().sum()], at).await;
        result.unwrap();
        assert_eq!(read, cut(seed, &lens).concat(), "the buffers lie one after another");
    }
}

#[test]
fn malloc_scatters_and_gathers() {
    with_app(malloc_and_null(), async || round_trips(&open("Malloc0").await).await);
}

#[test]
fn aio_scatters_and_gathers() {
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.as_file().set_len(64 * BLOCK as u64).unwrap();
    with_app(config(&[aio("Aio0", file.path())]), async || {
        round_trips(&open("Aio0").await).await;
    });
    let lens = [BLOCK, 100, 2 * BLOCK - 100, 1, BLOCK - 1];
    let total: usize = lens.iter().sum();
    let stored = std::fs::read(file.path()).unwrap();
    assert_eq!(stored[BLOCK..BLOCK + total], cut(42, &lens).concat()[..]);
}

#[test]
fn null_takes_vectors() {
    with_app(malloc_and_null(), async || {
        let channel = open("Null0").await;
        channel.writev(cut(1, &[BLOCK, BLOCK]), 0).await.0.unwrap();
        channel.readv(zeroed(&[BLOCK, BLOCK]), 0).await.0.unwrap();
    });
}

#[test]
fn one_buffer_and_very_many() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        channel.writev_blocks(cut(2, &[BLOCK]), 0).await.0.unwrap();
        let lens = [8; 1024];
        channel.writev_blocks(cut(3, &lens), 16).await.0.unwrap();
        let (result, read) = channel.readv_blocks(zeroed(&lens), 16).await;
        result.unwrap();
        assert_eq!(read, cut(3, &lens));
    });
}

#[test]
fn an_empty_buffer_among_others_is_no_matter() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let lens = [BLOCK, 0, BLOCK];
        channel.writev(cut(4, &lens), 0).await.0.unwrap();
        let (result, read) = channel.readv(zeroed(&lens), 0).await;
        result.unwrap();
        assert_eq!(read, cut(4, &lens));
    });
}

#[test]
fn vectors_of_dma_buffers_and_of_slices() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let bufs: Vec<DmaBuf> =
            cut(5, &[BLOCK; 4]).iter().map(|b| DmaBuf::copied_from(b, 64).unwrap()).collect();
        channel.writev(bufs, 0).await.0.unwrap();
        let slices = vec![vec![0; 3 * BLOCK].slice(BLOCK..2 * BLOCK); 4];
        let (result, slices) = channel.readv(slices, 0).await;
        result.unwrap();
        let read: Vec<u8> = slices.iter().flat_map(|slice| slice.as_init().to_vec()).collect();
        assert_eq!(read, cut(5, &[BLOCK; 4]).concat());
        assert!(slices.into_iter().all(|slice| slice.into_inner()[..BLOCK] == [0; BLOCK]));
    });
}

#[test]
fn options_are_kept_for_the_call() {
    let options = IoOptions::default().exclude_dif_checks(DifChecks::GUARD);
    assert_eq!(options.exclude_dif_checks, DifChecks::GUARD);
    with_app(malloc_and_null(), async move || {
        let channel = open("Malloc0").await;
        // A bdev without protection information has no checks to leave out.
        let (_, bufs) = channel.writev_blocks_with(cut(6, &[BLOCK]), 0, options).await;
        assert_eq!(bufs, cut(6, &[BLOCK]));
        let (_, bufs) = channel.readv_blocks_with(zeroed(&[BLOCK]), 0, options).await;
        assert_eq!(bufs.len(), 1);
    });
}
