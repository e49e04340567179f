//! Reads and writes with one buffer.

use compio_buf::{IoBuf, IoBufMut};

use super::IoChannel;
use super::buffer::{Source, Target};
use crate::error::{Error, Result};
use crate::raw::bdev as raw;

impl IoChannel {
    /// Reads into the whole of `buf`, from `offset` (`spdk_bdev_read`). Offset and length are in
    /// bytes, and multiples of the block size.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the range is not in whole blocks or leaves the bdev; an
    /// [`IoStatus`](super::IoStatus) if the device fails the read. The buffer comes back either way.
    pub async fn read<B: IoBufMut>(&self, buf: B, offset: u64) -> (Result<()>, B) {
        const OPERATION: &str = "spdk_bdev_read";
        let target = Target::new(buf);
        let nbytes = target.len() as u64;
        if nbytes == 0 {
            return (Err(empty(OPERATION)), target.buf);
        }
        let desc = self.desc();
        let (result, (_, target)) = self
            .call(OPERATION, (self.keep(), target), |(ch, target)| {
                // SAFETY: the record keeps the channel, through it the descriptor, and the buffer of
                // `nbytes` bytes; a channel is of the current thread.
                unsafe { raw::spdk_bdev_read(desc, ch, target, offset, nbytes) }
            })
            .await;
        let filled = result.is_ok();
        (result, target.filled(filled))
    }

    /// Writes the whole of `buf`, at `offset` (`spdk_bdev_write`). Offset and length are in bytes,
    /// and multiples of the block size.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and `EBADF` if the descriptor is read-only.
    pub async fn write<B: IoBuf>(&self, buf: B, offset: u64) -> (Result<()>, B) {
        const OPERATION: &str = "spdk_bdev_write";
        let source = Source::new(buf);
        let nbytes = source.len() as u64;
        if nbytes == 0 {
            return (Err(empty(OPERATION)), source.buf);
        }
        let desc = self.desc();
        let (result, (_, source)) = self
            .call(OPERATION, (self.keep(), source), |(ch, source)| {
                // SAFETY: as in `read`.
                unsafe { raw::spdk_bdev_write(desc, ch, source, offset, nbytes) }
            })
            .await;
        (result, source.buf)
    }

    /// Reads into the whole of `buf`, from block `offset_blocks` (`spdk_bdev_read_blocks`). The
    /// length of `buf` is a multiple of the block size.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn read_blocks<B: IoBufMut>(&self, buf: B, offset_blocks: u64) -> (Result<()>, B) {
        const OPERATION: &str = "spdk_bdev_read_blocks";
        let target = Target::new(buf);
        let num_blocks = match self.whole_blocks(OPERATION, target.len() as u64) {
            Ok(num_blocks) => num_blocks,
            Err(error) => return (Err(error), target.buf),
        };
        let desc = self.desc();
        let (result, (_, target)) = self
            .call(OPERATION, (self.keep(), target), |(ch, target)| {
                // SAFETY: as in `read`; the buffer holds `num_blocks` blocks.
                unsafe { raw::spdk_bdev_read_blocks(desc, ch, target, offset_blocks, num_blocks) }
            })
            .await;
        let filled = result.is_ok();
        (result, target.filled(filled))
    }

    /// Writes the whole of `buf`, at block `offset_blocks` (`spdk_bdev_write_blocks`). The length of
    /// `buf` is a multiple of the block size.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn write_blocks<B: IoBuf>(&self, buf: B, offset_blocks: u64) -> (Result<()>, B) {
        const OPERATION: &str = "spdk_bdev_write_blocks";
        let source = Source::new(buf);
        let num_blocks = match self.whole_blocks(OPERATION, source.len() as u64) {
            Ok(num_blocks) => num_blocks,
            Err(error) => return (Err(error), source.buf),
        };
        let desc = self.desc();
        let (result, (_, source)) = self
            .call(OPERATION, (self.keep(), source), |(ch, source)| {
                // SAFETY: as in `read_blocks`.
                unsafe { raw::spdk_bdev_write_blocks(desc, ch, source, offset_blocks, num_blocks) }
            })
            .await;
        (result, source.buf)
    }

    /// How many blocks `bytes` are. None at all is refused, because SPDK may never complete it.
    pub(super) fn whole_blocks(&self, operation: &'static str, bytes: u64) -> Result<u64> {
        let block_size = self.block_size();
        if bytes == 0 {
            return Err(empty(operation));
        }
        if !bytes.is_multiple_of(block_size) {
            let reason = format!(
                "the buffer has {bytes} bytes, which is no multiple of the block size, {block_size}"
            );
            return Err(Error::invalid(operation, reason));
        }
        Ok(bytes / block_size)
    }
}

pub(super) fn empty(operation: &'static str) -> Error {
    Error::invalid(operation, "the buffer is empty; it must hold at least one block")
}
