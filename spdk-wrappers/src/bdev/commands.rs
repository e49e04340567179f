//! Block commands besides reads and writes. Ranges are in blocks.

use compio_buf::IoBuf;

use super::IoChannel;
use super::buffer::{Source, Vectored};
use super::vectored::{Unit, sources};
use crate::error::Result;
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
    pub async fn comparev<B: IoBuf>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
    ) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_comparev_blocks";
        let kept = (self.keep(), sources(bufs));
        self.vector(OPERATION, kept, Unit::Blocks, |desc, (ch, iov), iovcnt, num_blocks| {
            // SAFETY: W4, W5, W6: the record keeps the channel, which is of the current thread, and
            // through it the descriptor; and the buffers, which are as long as C is told.
            unsafe {
                raw::spdk_bdev_comparev_blocks(desc, ch, iov, iovcnt, offset_blocks, num_blocks)
            }
        })
        .await
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
        let (compare, write) = (sources(vec![compare]), sources(vec![write]));
        let ch = self.inner();
        let counts = ch.count(OPERATION, &compare, Unit::Blocks).and_then(|(_, num_blocks)| {
            if write.total() == compare.total() {
                return Ok(num_blocks);
            }
            let reason = "the buffers to compare and to write must have the same length";
            Err(crate::error::Error::invalid(OPERATION, reason))
        });
        let (result, compare, write) = match counts {
            Err(error) => (Err(error), compare, write),
            Ok(num_blocks) => {
                let desc = self.desc();
                let kept = (self.keep(), compare, write);
                let (result, (_, compare, write)) = self
                    .call(kept, |(ch, compare, write)| {
                        // SAFETY: W4, W5, W6: the record keeps the channel, which is of the current
                        // thread, and through it the descriptor; and the buffers, which are as long
                        // as C is told.
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
                    })
                    .await;
                (result, compare, write)
            }
        };
        let only = |bufs: Vectored<_>| bufs.into_inner().pop().expect("one buffer went in");
        (result, only(compare), only(write))
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

/// SPDK answers the largest number for "none".
const fn found_block(offset: u64) -> Option<u64> {
    if offset == u64::MAX { None } else { Some(offset) }
}
