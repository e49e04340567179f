//! What is refused: with which error, and with the buffers back.

mod common;

use common::*;
use spdk_async::bdev::{Bdev, IoChannel, IoOptions};
use spdk_async::{DmaBuf, Errno, Error, Result};

const EINVAL: Option<i32> = Some(libc::EINVAL);
const EBADF: Option<i32> = Some(libc::EBADF);
const ENOTSUP: Option<i32> = Some(libc::ENOTSUP);
const END: u64 = 2048;

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

fn buf() -> Vec<u8> {
    vec![7; BLOCK]
}

/// The errno of a failed operation whose buffer came back as it was.
#[track_caller]
fn refused<B: PartialEq + core::fmt::Debug>(
    (result, back): (Result<()>, B),
    sent: B,
) -> Option<i32> {
    assert_eq!(back, sent, "the buffer comes back as it was");
    errno_of(result)
}

#[test]
fn bytes_that_are_no_whole_blocks() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        for (len, offset) in [(BLOCK - 1, 0), (1, 0), (BLOCK + 1, 0), (BLOCK, 1), (BLOCK, 511)] {
            let bytes = vec![1; len].into_boxed_slice();
            assert_eq!(refused(ch.read(bytes.clone(), offset).await, bytes.clone()), EINVAL);
            assert_eq!(refused(ch.write(bytes.clone(), offset).await, bytes.clone()), EINVAL);
            let bytes = vec![bytes];
            assert_eq!(refused(ch.readv(bytes.clone(), offset).await, bytes.clone()), EINVAL);
            assert_eq!(refused(ch.writev(bytes.clone(), offset).await, bytes.clone()), EINVAL);
        }
    });
}

#[test]
fn lengths_that_are_no_whole_blocks() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        let options = IoOptions::default();
        let bytes = vec![1; BLOCK + 1].into_boxed_slice();
        let both = vec![bytes.clone()];
        let words = "513 bytes, which is no multiple of the block size, 512";
        assert_invalid(ch.read_blocks(bytes.clone(), 0).await.0, words);
        assert_invalid(ch.write_blocks(bytes.clone(), 0).await.0, words);
        assert_invalid(ch.compare(bytes.clone(), 0).await.0, words);
        assert_invalid(ch.readv_blocks(both.clone(), 0).await.0, words);
        assert_invalid(ch.writev_blocks(both.clone(), 0).await.0, words);
        assert_invalid(ch.readv_blocks_with(both.clone(), 0, options).await.0, words);
        assert_invalid(ch.writev_blocks_with(both.clone(), 0, options).await.0, words);
        assert_invalid(ch.comparev(both.clone(), 0).await.0, words);
        assert_invalid(ch.compare_and_write(bytes.clone(), bytes.clone(), 0).await.0, words);
        // They come back, and the errno is the one that SPDK would have reported.
        assert_eq!(refused(ch.read_blocks(bytes.clone(), 0).await, bytes.clone()), EINVAL);
        assert_eq!(refused(ch.comparev(both.clone(), 0).await, both.clone()), EINVAL);
    });
}

/// Of the function that is called, also where none was.
#[test]
fn errors_of_calls_with_several_buffers_name_their_function() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        let options = IoOptions::default();
        let name = |(result, _): (Result<()>, Vec<Vec<u8>>)| result.unwrap_err().operation();
        for len in [0, 1] {
            let bufs = || vec![vec![0; len]];
            assert_eq!(name(ch.readv(bufs(), 0).await), "spdk_bdev_readv_blocks");
            assert_eq!(name(ch.writev(bufs(), 0).await), "spdk_bdev_writev_blocks");
            assert_eq!(name(ch.readv_blocks(bufs(), 0).await), "spdk_bdev_readv_blocks");
            assert_eq!(name(ch.writev_blocks(bufs(), 0).await), "spdk_bdev_writev_blocks");
            let read = ch.readv_blocks_with(bufs(), 0, options).await;
            assert_eq!(name(read), "spdk_bdev_readv_blocks_ext");
            let write = ch.writev_blocks_with(bufs(), 0, options).await;
            assert_eq!(name(write), "spdk_bdev_writev_blocks_ext");
            assert_eq!(name(ch.comparev(bufs(), 0).await), "spdk_bdev_comparev_blocks");
        }
    });
}

#[test]
fn empty_buffers() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        let options = IoOptions::default();
        let none = || -> Box<[u8]> { Box::default() };
        assert_invalid(ch.read(none(), 0).await.0, "the buffer is empty");
        assert_invalid(ch.write(none(), 0).await.0, "the buffer is empty");
        assert_invalid(ch.read_blocks(none(), 0).await.0, "the buffer is empty");
        assert_invalid(ch.write_blocks(none(), 0).await.0, "the buffer is empty");
        assert_invalid(ch.compare(none(), 0).await.0, "the buffer is empty");
        assert_invalid(ch.compare_and_write(none(), none(), 0).await.0, "the buffer is empty");
        // No buffers, and only empty ones.
        for bufs in [vec![], vec![none()], vec![none(), none()]] {
            let back = bufs.clone();
            assert_eq!(refused(ch.readv(bufs.clone(), 0).await, back.clone()), EINVAL);
            assert_eq!(refused(ch.writev(bufs.clone(), 0).await, back.clone()), EINVAL);
            assert_eq!(refused(ch.readv_blocks(bufs.clone(), 0).await, back.clone()), EINVAL);
            assert_eq!(refused(ch.writev_blocks(bufs.clone(), 0).await, back.clone()), EINVAL);
            assert_eq!(
                refused(ch.readv_blocks_with(bufs.clone(), 0, options).await, back.clone()),
                EINVAL
            );
            assert_eq!(
                refused(ch.writev_blocks_with(bufs.clone(), 0, options).await, back.clone()),
                EINVAL
            );
            assert_eq!(refused(ch.comparev(bufs.clone(), 0).await, back), EINVAL);
        }
    });
}

/// Places and numbers of blocks beyond the end, across it, and so far that the sum overflows.
const LEAVING: [(u64, usize); 4] = [(END, 1), (END - 1, 2), (u64::MAX, 1), (u64::MAX - 1, 2)];

#[test]
fn buffers_whose_range_leaves_the_bdev() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        let options = IoOptions::default();
        for (at, blocks) in LEAVING {
            let bytes = || vec![7; blocks * BLOCK];
            let both = || vec![bytes()];
            assert_eq!(refused(ch.read_blocks(bytes(), at).await, bytes()), EINVAL);
            assert_eq!(refused(ch.write_blocks(bytes(), at).await, bytes()), EINVAL);
            assert_eq!(refused(ch.readv_blocks(both(), at).await, both()), EINVAL);
            assert_eq!(refused(ch.writev_blocks(both(), at).await, both()), EINVAL);
            assert_eq!(refused(ch.readv_blocks_with(both(), at, options).await, both()), EINVAL);
            assert_eq!(refused(ch.writev_blocks_with(both(), at, options).await, both()), EINVAL);
            assert_eq!(refused(ch.compare(bytes(), at).await, bytes()), EINVAL);
            assert_eq!(refused(ch.comparev(both(), at).await, both()), EINVAL);
        }
        let (result, compared, written) = ch.compare_and_write(buf(), buf(), END).await;
        assert_eq!(refused((result, (compared, written)), (buf(), buf())), EINVAL);
    });
}

#[test]
fn commands_whose_range_leaves_the_bdev() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        for (at, blocks) in LEAVING {
            let count = blocks as u64;
            assert_eq!(errno_of(ch.write_zeroes(at, count).await), EINVAL);
            assert_eq!(errno_of(ch.unmap(at, count).await), EINVAL);
            assert_eq!(errno_of(ch.flush(at, count).await), EINVAL);
            assert_eq!(errno_of(ch.copy(at, 0, count).await), EINVAL);
            assert_eq!(errno_of(ch.copy(0, at, count).await), EINVAL);
            assert_eq!(errno_of(ch.zcopy(at, count, true).await), EINVAL);
        }
        for offset in [END, u64::MAX] {
            assert_eq!(errno_of(ch.seek_data(offset).await), EINVAL);
            assert_eq!(errno_of(ch.seek_hole(offset).await), EINVAL);
        }
        // The very end is no place, but nothing fits there.
        ch.write_zeroes(END, 0).await.ok();
    });
}

#[test]
fn bytes_beyond_the_end() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        assert_eq!(refused(ch.read(buf(), END * 512).await, buf()), EINVAL);
        assert_eq!(refused(ch.write(buf(), END * 512).await, buf()), EINVAL);
        assert_eq!(refused(ch.read(buf(), u64::MAX - 511).await, buf()), EINVAL);
        // The last block is none of them.
        ch.read_blocks(buf(), END - 1).await.0.unwrap();
    });
}

#[test]
fn writes_through_a_read_only_descriptor() {
    with_app(malloc_and_null(), async || {
        let ch = &Bdev::open_read_only("Malloc0").await.unwrap().channel().unwrap();
        let options = IoOptions::default();
        let both = || vec![buf()];
        assert_eq!(refused(ch.write(buf(), 0).await, buf()), EBADF);
        assert_eq!(refused(ch.write_blocks(buf(), 0).await, buf()), EBADF);
        assert_eq!(refused(ch.writev(both(), 0).await, both()), EBADF);
        assert_eq!(refused(ch.writev_blocks(both(), 0).await, both()), EBADF);
        assert_eq!(refused(ch.writev_blocks_with(both(), 0, options).await, both()), EBADF);
        let (result, compared, written) = ch.compare_and_write(buf(), buf(), 0).await;
        assert_eq!(refused((result, (compared, written)), (buf(), buf())), EBADF);
        assert_eq!(errno_of(ch.write_zeroes(0, 1).await), EBADF);
        assert_eq!(errno_of(ch.unmap(0, 1).await), EBADF);
        assert_eq!(errno_of(ch.flush(0, 1).await), EBADF);
        assert_eq!(errno_of(ch.copy(8, 0, 1).await), EBADF);
        assert_eq!(errno_of(ch.zcopy(0, 1, true).await), EBADF);
        // The descriptor is looked at before the range, but the block size before all.
        assert_eq!(refused(ch.write_blocks(buf(), END).await, buf()), EBADF);
        assert_eq!(refused(ch.write(buf(), 1).await, buf()), EINVAL);
        // Reading is no writing.
        ch.read(buf(), 0).await.0.unwrap();
    });
}

#[test]
fn what_the_bdev_does_not_support() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Null0").await;
        assert_eq!(errno_of(ch.flush(0, 1).await), ENOTSUP);
        assert_eq!(errno_of(ch.zcopy(0, 1, true).await), ENOTSUP);
    });
}

#[test]
fn compare_and_write_of_unlike_or_too_many_blocks() {
    with_app(malloc_and_null(), async || {
        let ch = &open("Malloc0").await;
        let (result, one, two) = ch.compare_and_write(buf(), vec![7; 2 * BLOCK], 0).await;
        assert_invalid(result, "the same length");
        assert_eq!((one.len(), two.len()), (BLOCK, 2 * BLOCK));
        // A malloc bdev does one block at a time.
        let bufs = || (vec![7; 2 * BLOCK], vec![7; 2 * BLOCK]);
        let (result, compared, written) = ch.compare_and_write(bufs().0, bufs().1, 0).await;
        assert_eq!(refused((result, (compared, written)), bufs()), EINVAL);
    });
}

#[test]
fn an_empty_zero_copy() {
    with_app(malloc_and_null(), async || {
        assert_invalid(open("Malloc0").await.zcopy(0, 0, true).await, "the range is empty");
    });
}

#[test]
fn an_error_tells_the_operation_and_whether_to_try_again() {
    with_app(malloc_and_null(), async || {
        let ch = open("Malloc0").await;
        let error: Error = ch.read_blocks(buf(), END).await.0.unwrap_err();
        assert_eq!(error.operation(), "spdk_bdev_read_blocks");
        assert_eq!(error.errno(), Some(Errno::EINVAL));
        assert!(!error.is_retryable() && error.io_status().is_none());
        let text = error.to_string();
        assert!(text.starts_with("spdk_bdev_read_blocks: Invalid argument"), "{text}");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), error.kind().to_string());
    });
}

/// A buffer that comes back is still good for the next operation.
#[test]
fn a_refused_buffer_works_again() {
    with_app(malloc_and_null(), async || {
        let ch = open("Malloc0").await;
        let bytes = DmaBuf::copied_from(&pattern(9, BLOCK), 0).unwrap();
        let (result, bytes) = ch.write_blocks(bytes, END).await;
        result.unwrap_err();
        let (result, bytes) = ch.write_blocks(bytes, 0).await;
        result.unwrap();
        let (result, bytes) = ch.read_blocks(bytes, END).await;
        result.unwrap_err();
        assert_eq!(bytes[..], pattern(9, BLOCK));
        ch.read_blocks(bytes, 0).await.0.unwrap();
    });
}
