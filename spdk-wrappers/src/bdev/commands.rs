//! Block commands besides reads and writes. Ranges are in blocks.

use core::future::Future;
use std::rc::Rc;

use compio_buf::IoBuf;

use super::IoChannel;
use super::buffer::{Bufs, Source, Vectored};
use super::channel::ChannelInner;
use super::operation::{Record, operate};
use super::vectored::{Held, at_block, vector};
use crate::error::{Error, Result};
use crate::raw::bdev as raw;

impl IoChannel {
    /// Compares the bdev from `offset_blocks` with `buf` (`spdk_bdev_compare_blocks`). Where the bdev
    /// cannot, SPDK reads and compares.
    ///
    /// # Errors
    ///
    /// [`is_miscompare`](super::IoStatus::is_miscompare) if they differ; `EINVAL` if the range leaves
    /// the bdev.
    pub async fn compare<B: IoBuf>(&self, buf: B, offset_blocks: u64) -> (Result<()>, B) {
        const OPERATION: &str = "spdk_bdev_compare_blocks";
        let source = Source::new(buf);
        let num_blocks = match self.whole_blocks(OPERATION, source.len() as u64) {
            Ok(num_blocks) => num_blocks,
            Err(error) => return (Err(error), source.buf),
        };
        let desc = self.desc();
        let (result, (_, source)) = self
            .call((self.keep(), source), |(ch, buf)| {
                // SAFETY: W4, W5, W6: the record keeps the channel, which is of the current thread,
                // and through it the descriptor; and the buffers, which are as long as C is told.
                unsafe { raw::spdk_bdev_compare_blocks(desc, ch, buf, offset_blocks, num_blocks) }
            })
            .await;
        (result, source.buf)
    }

    /// Compares the bdev from `offset_blocks` with the buffers, one after another
    /// (`spdk_bdev_comparev_blocks`).
    ///
    /// # Errors
    ///
    /// As [`compare`](Self::compare).
    pub fn comparev<B: IoBuf>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
    ) -> impl Future<Output = (Result<()>, Vec<B>)> + use<B> {
        const OPERATION: &str = "spdk_bdev_comparev_blocks";
        let held: Held<Source<B>> = (self.keep(), Bufs::new(bufs), ());
        let range = at_block(OPERATION, offset_blocks);
        vector(OPERATION, held, range, |(ch, bufs, ()), told, (offset_blocks, num_blocks)| {
            let (desc, iov) = (ch.desc(), bufs.for_call(told));
            // SAFETY: W4, W5, W6: the record keeps the channel, which is of the current thread, and
            // through it the descriptor; and the buffers, which are as long as C is told.
            unsafe {
                raw::spdk_bdev_comparev_blocks(desc, ch, iov, told.count, offset_blocks, num_blocks)
            }
        })
    }

    /// Writes `write` at `offset_blocks` if the bdev holds `compare` there, in one step
    /// (`spdk_bdev_comparev_and_writev_blocks`). Both have the same length, of at most
    /// [`atomic_compare_and_write_blocks`](super::Bdev::atomic_compare_and_write_blocks).
    ///
    /// # Errors
    ///
    /// [`is_miscompare`](super::IoStatus::is_miscompare) if the bdev holds something else; `EBADF` if
    /// the descriptor is read-only; `EINVAL` for the range or the lengths.
    pub async fn compare_and_write<B: IoBuf>(
        &self,
        compare: B,
        write: B,
        offset_blocks: u64,
    ) -> (Result<()>, B, B) {
        const OPERATION: &str = "spdk_bdev_comparev_and_writev_blocks";
        let check = |(ch, compare, write): &mut Pair<B>| {
            let (compare, write) = (compare.measure(OPERATION)?, write.measure(OPERATION)?);
            let num_blocks = ch.whole_blocks(OPERATION, compare.total)?;
            if write.total == compare.total {
                return Ok((num_blocks, compare, write));
            }
            let reason = "the buffers to compare and to write must have the same length";
            Err(Error::invalid(OPERATION, reason))
        };
        let describe = |(ch, compare, write): Pair<B>, (num_blocks, compared, written)| {
            let desc = ch.desc();
            let (compare, write) = (compare.for_call(compared), write.for_call(written));
            // SAFETY: W4, W5, W6: the record keeps the channel, which is of the current thread, and
            // through it the descriptor; and the buffers, which are as long as C is told.
            unsafe {
                raw::spdk_bdev_comparev_and_writev_blocks(
                    desc,
                    ch,
                    compare,
                    1,
                    write,
                    1,
                    offset_blocks,
                    num_blocks,
                )
            }
        };
        let only = |bufs: Bufs<_>| bufs.into_inner().pop().expect("one buffer went in");
        let finish = |result, (_, compare, write): Pair<B>| (result, only(compare), only(write));
        let held = (self.keep(), Bufs::new(vec![compare]), Bufs::new(vec![write]));
        operate(held, check, describe, finish).await
    }

    /// Writes zeroes over `num_blocks` from `offset_blocks` (`spdk_bdev_write_zeroes_blocks`).
    ///
    /// # Errors
    ///
    /// `EBADF` if the descriptor is read-only, `EINVAL` if the range leaves the bdev, `ENOTSUP`.
    pub async fn write_zeroes(&self, offset_blocks: u64, num_blocks: u64) -> Result<()> {
        let desc = self.desc();
        self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, which is of the current thread, and through
            // it the descriptor.
            unsafe { raw::spdk_bdev_write_zeroes_blocks(desc, ch, offset_blocks, num_blocks) }
        })
        .await
    }

    /// Tells the bdev that `num_blocks` from `offset_blocks` are no longer needed
    /// (`spdk_bdev_unmap_blocks`).
    ///
    /// # Errors
    ///
    /// `EBADF` if the descriptor is read-only, `EINVAL` if the range leaves the bdev, an
    /// [`IoStatus`](super::IoStatus) if the bdev cannot unmap.
    pub async fn unmap(&self, offset_blocks: u64, num_blocks: u64) -> Result<()> {
        let desc = self.desc();
        self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, which is of the current thread, and through
            // it the descriptor.
            unsafe { raw::spdk_bdev_unmap_blocks(desc, ch, offset_blocks, num_blocks) }
        })
        .await
    }

    /// Makes the writes to `num_blocks` from `offset_blocks` that have completed durable
    /// (`spdk_bdev_flush_blocks`).
    ///
    /// # Errors
    ///
    /// `EBADF` if the descriptor is read-only, `ENOTSUP`, `EINVAL` if the range leaves the bdev.
    pub async fn flush(&self, offset_blocks: u64, num_blocks: u64) -> Result<()> {
        let desc = self.desc();
        self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, which is of the current thread, and through
            // it the descriptor.
            unsafe { raw::spdk_bdev_flush_blocks(desc, ch, offset_blocks, num_blocks) }
        })
        .await
    }

    /// Copies `num_blocks` from `source_blocks` to `target_blocks` (`spdk_bdev_copy_blocks`). Where
    /// the bdev cannot, SPDK reads and writes.
    ///
    /// # Errors
    ///
    /// `EBADF` if the descriptor is read-only, `EINVAL` if a range leaves the bdev.
    pub async fn copy(
        &self,
        target_blocks: u64,
        source_blocks: u64,
        num_blocks: u64,
    ) -> Result<()> {
        let desc = self.desc();
        self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, which is of the current thread, and through
            // it the descriptor.
            unsafe {
                raw::spdk_bdev_copy_blocks(desc, ch, target_blocks, source_blocks, num_blocks)
            }
        })
        .await
    }

    /// Finds the first block at or after `offset_blocks` that holds data (`spdk_bdev_seek_data`).
    /// A bdev that cannot tell answers `offset_blocks` itself. `None` when there is none.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `offset_blocks` lies beyond the end.
    pub async fn seek_data(&self, offset_blocks: u64) -> Result<Option<u64>> {
        let desc = self.desc();
        let found = self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, which is of the current thread, and through
            // it the descriptor.
            unsafe { raw::spdk_bdev_seek_data(desc, ch, offset_blocks) }
        });
        found.await.map(found_block)
    }

    /// Finds the first block at or after `offset_blocks` that holds none (`spdk_bdev_seek_hole`).
    /// `None` when there is none, or the bdev cannot tell.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `offset_blocks` lies beyond the end.
    pub async fn seek_hole(&self, offset_blocks: u64) -> Result<Option<u64>> {
        let desc = self.desc();
        let found = self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, which is of the current thread, and through
            // it the descriptor.
            unsafe { raw::spdk_bdev_seek_hole(desc, ch, offset_blocks) }
        });
        found.await.map(found_block)
    }

    /// Resets the bdev (`spdk_bdev_reset`). I/O that is submitted to any channel meanwhile is
    /// aborted.
    ///
    /// # Errors
    ///
    /// An [`IoStatus`](super::IoStatus) if the device fails the reset.
    pub async fn reset(&self) -> Result<()> {
        let desc = self.desc();
        self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, which is of the current thread, and through
            // it the descriptor.
            unsafe { raw::spdk_bdev_reset(desc, ch) }
        })
        .await
    }
}

/// What `compare_and_write` holds.
type Pair<B> = (Rc<ChannelInner>, Bufs<Source<B>>, Bufs<Source<B>>);

impl<B: IoBuf> Record<Pair<B>> for (Rc<ChannelInner>, Vectored<Source<B>>, Vectored<Source<B>>) {
    fn succeeded(&mut self) {}

    fn give_back(self) -> Pair<B> {
        (self.0, self.1.give_back(), self.2.give_back())
    }
}

/// SPDK answers the largest number for "none".
const fn found_block(offset: u64) -> Option<u64> {
    if offset == u64::MAX { None } else { Some(offset) }
}
