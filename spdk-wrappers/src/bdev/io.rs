//! Reads and writes with one buffer.

use core::future::Future;
use std::rc::Rc;

use compio_buf::{IoBuf, IoBufMut};

use super::IoChannel;
use super::buffer::{Source, Target};
use super::channel::ChannelInner;
use super::operation::operate;
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
    pub fn read<B: IoBufMut>(
        &self,
        buf: B,
        offset: u64,
    ) -> impl Future<Output = (Result<()>, B)> + use<B> {
        const OPERATION: &str = "spdk_bdev_read";
        let check = |(_, target): &One<Target<B>>| match target.len() {
            0 => Err(empty(OPERATION)),
            nbytes => Ok(nbytes as u64),
        };
        let describe = move |(ch, target): One<Target<B>>, nbytes| {
            let desc = ch.desc();
            // SAFETY: W4, W5, W6: the record keeps the channel, through it the descriptor, and the
            // buffer of `nbytes` bytes; a channel is of the current thread.
            unsafe { raw::spdk_bdev_read(desc, ch, target, offset, nbytes) }
        };
        operate((self.keep(), Target::new(buf)), check, describe, finish_read)
    }

    /// Writes the whole of `buf`, at `offset` (`spdk_bdev_write`). Offset and length are in bytes,
    /// and multiples of the block size.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and `EBADF` if the descriptor is read-only.
    pub fn write<B: IoBuf>(
        &self,
        buf: B,
        offset: u64,
    ) -> impl Future<Output = (Result<()>, B)> + use<B> {
        const OPERATION: &str = "spdk_bdev_write";
        let check = |(_, source): &One<Source<B>>| match source.len() {
            0 => Err(empty(OPERATION)),
            nbytes => Ok(nbytes as u64),
        };
        let describe = move |(ch, source): One<Source<B>>, nbytes| {
            let desc = ch.desc();
            // SAFETY: as in `read`.
            unsafe { raw::spdk_bdev_write(desc, ch, source, offset, nbytes) }
        };
        operate((self.keep(), Source::new(buf)), check, describe, finish_write)
    }

    /// Reads into the whole of `buf`, from block `offset_blocks` (`spdk_bdev_read_blocks`). The
    /// length of `buf` is a multiple of the block size.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_blocks<B: IoBufMut>(
        &self,
        buf: B,
        offset_blocks: u64,
    ) -> impl Future<Output = (Result<()>, B)> + use<B> {
        const OPERATION: &str = "spdk_bdev_read_blocks";
        let check = |(ch, target): &One<Target<B>>| ch.whole_blocks(OPERATION, target.len() as u64);
        let describe = move |(ch, target): One<Target<B>>, num_blocks| {
            let desc = ch.desc();
            // SAFETY: as in `read`; the buffer holds `num_blocks` blocks.
            unsafe { raw::spdk_bdev_read_blocks(desc, ch, target, offset_blocks, num_blocks) }
        };
        operate((self.keep(), Target::new(buf)), check, describe, finish_read)
    }

    /// Writes the whole of `buf`, at block `offset_blocks` (`spdk_bdev_write_blocks`). The length of
    /// `buf` is a multiple of the block size.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_blocks<B: IoBuf>(
        &self,
        buf: B,
        offset_blocks: u64,
    ) -> impl Future<Output = (Result<()>, B)> + use<B> {
        const OPERATION: &str = "spdk_bdev_write_blocks";
        let check = |(ch, source): &One<Source<B>>| ch.whole_blocks(OPERATION, source.len() as u64);
        let describe = move |(ch, source): One<Source<B>>, num_blocks| {
            let desc = ch.desc();
            // SAFETY: as in `read_blocks`.
            unsafe { raw::spdk_bdev_write_blocks(desc, ch, source, offset_blocks, num_blocks) }
        };
        operate((self.keep(), Source::new(buf)), check, describe, finish_write)
    }

    /// As [`ChannelInner::whole_blocks`].
    pub(super) fn whole_blocks(&self, operation: &'static str, bytes: u64) -> Result<u64> {
        self.inner().whole_blocks(operation, bytes)
    }
}

impl ChannelInner {
    /// How many blocks `bytes` are. None at all is refused, because SPDK may never complete it.
    pub(super) fn whole_blocks(&self, operation: &'static str, bytes: u64) -> Result<u64> {
        let block_size = u64::from(self.descriptor().block_size());
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

/// What a record keeps for an operation with one buffer.
type One<T> = (Rc<ChannelInner>, T);

#[inline]
fn finish_read<B: IoBufMut>(result: Result<()>, (_, target): One<Target<B>>) -> (Result<()>, B) {
    let filled = result.is_ok();
    (result, target.filled(filled))
}

#[inline]
fn finish_write<B: IoBuf>(result: Result<()>, (_, source): One<Source<B>>) -> (Result<()>, B) {
    (result, source.buf)
}

#[cold]
pub(super) fn empty(operation: &'static str) -> Error {
    Error::invalid(operation, "the buffer is empty; it must hold at least one block")
}
