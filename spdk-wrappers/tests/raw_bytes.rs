//! The raw commands whose ranges are in bytes: their effect, and what they refuse.

mod common;

use std::rc::Rc;

use common::raw::*;
use common::*;
use spdk_async::adapter::CallError;
use spdk_async::bdev::IoStatus;
use spdk_async::raw::bdev as raw;

/// One of the three commands.
#[derive(Clone, Copy, Debug)]
enum Command {
    Unmap,
    WriteZeroes,
    Flush,
}

impl Command {
    const ALL: [Self; 3] = [Self::Unmap, Self::WriteZeroes, Self::Flush];

    async fn run(
        self,
        opened: Rc<Opened>,
        offset: u64,
        length: u64,
    ) -> Result<(), CallError<IoStatus>> {
        let desc = opened.desc();
        match self {
            // SAFETY: the record keeps the channel of this thread, and through it the descriptor.
            Self::Unmap => unsafe { raw::spdk_bdev_unmap(desc, opened, offset, length) }.await.0,
            Self::WriteZeroes => {
                // SAFETY: as above.
                unsafe { raw::spdk_bdev_write_zeroes(desc, opened, offset, length) }.await.0
            }
            // SAFETY: as above.
            Self::Flush => unsafe { raw::spdk_bdev_flush(desc, opened, offset, length) }.await.0,
        }
    }
}

const BLOCKS: usize = 64;

async fn read_all(opened: &Rc<Opened>) -> Vec<u8> {
    let (ch, buf, nbytes) = (opened.clone(), Bytes::zeroed(BLOCKS * BLOCK), BLOCKS * BLOCK);
    // SAFETY: the record keeps the channel of this thread, through it the descriptor, and the buffer,
    // which is as long as C is told.
    let (result, (_, buf)) =
        unsafe { raw::spdk_bdev_read(opened.desc(), ch, buf, 0, nbytes as u64) }.await;
    result.unwrap();
    buf.to_vec()
}

/// A bdev of random bytes.
async fn filled(seed: u64) -> (Rc<Opened>, Vec<u8>) {
    let opened = Opened::writable(c"Malloc0");
    let bytes = pattern(seed, BLOCKS * BLOCK);
    let (ch, buf, nbytes) = (opened.clone(), Bytes::of(&bytes), bytes.len() as u64);
    // SAFETY: as in `read_all`.
    let (result, _) = unsafe { raw::spdk_bdev_write(opened.desc(), ch, buf, 0, nbytes) }.await;
    result.unwrap();
    (opened, bytes)
}

fn malloc_bdev() -> String {
    config(&[malloc("Malloc0", BLOCKS as u64)])
}

#[test]
fn the_bytes_of_the_range_change_and_no_others() {
    with_app(malloc_bdev(), async || {
        for (seed, command) in [(1, Command::Unmap), (2, Command::WriteZeroes)] {
            let (opened, mut expected) = filled(seed).await;
            let (offset, length) = (5 * BLOCK, 9 * BLOCK);
            command.run(opened.clone(), offset as u64, length as u64).await.unwrap();
            expected[offset..offset + length].fill(0);
            assert!(read_all(&opened).await == expected, "{command:?}");
        }
    });
}

#[test]
fn a_flush_leaves_the_bytes_alone() {
    with_app(malloc_bdev(), async || {
        let (opened, expected) = filled(3).await;
        Command::Flush.run(opened.clone(), 0, (BLOCKS * BLOCK) as u64).await.unwrap();
        assert!(read_all(&opened).await == expected);
    });
}

/// Ranges that are not whole blocks, that leave the bdev, or on a read-only descriptor.
#[test]
fn refused_ranges_change_nothing() {
    with_app(malloc_bdev(), async || {
        let (opened, expected) = filled(4).await;
        let (block, end) = (BLOCK as u64, (BLOCKS * BLOCK) as u64);
        for command in Command::ALL {
            for (offset, length) in
                [(1, block), (block, block - 1), (end - block, 2 * block), (u64::MAX - 511, block)]
            {
                let result = command.run(opened.clone(), offset, length).await;
                assert_eq!(refused(result), libc::EINVAL, "{command:?} {offset} {length}");
            }
            let result = command.run(Opened::read_only(c"Malloc0"), 0, block).await;
            assert_eq!(refused(result), libc::EBADF, "{command:?}");
        }
        assert!(read_all(&opened).await == expected);
    });
}

/// A flush that the bdev does not know is refused; an unmap is taken and fails.
#[test]
fn a_bdev_that_cannot_says_so() {
    with_app(malloc_and_null(), async || {
        let opened = Opened::writable(c"Null0");
        let result = Command::Flush.run(opened.clone(), 0, BLOCK as u64).await;
        assert_eq!(refused(result), libc::ENOTSUP);
        let result = Command::Unmap.run(opened.clone(), 0, BLOCK as u64).await;
        assert!(!failed(result).is_aborted());
        Command::WriteZeroes.run(opened, 0, BLOCK as u64).await.unwrap();
    });
}
