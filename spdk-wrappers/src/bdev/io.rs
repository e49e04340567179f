//! Reads and writes with one buffer.

use core::future::Future;
use std::rc::Rc;

use compio_buf::{IoBuf, IoBufMut};

use super::IoChannel;
use super::buffer::{Source, Target};
use super::channel::ChannelInner;
use super::operation::operate;
use crate::adapter::{Errno, guard_named};
use crate::error::{Error, Result};
use crate::raw::bdev as raw;

impl IoChannel {
    /// Reads into the whole of `buf`, from `offset`. Offset and length are in bytes, and multiples of the
    /// block size; SPDK is asked for blocks (`spdk_bdev_read_blocks`), which is all that `spdk_bdev_read`
    /// does more slowly.
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
        let check = move |(ch, target): &mut One<Target<B>>| {
            ch.blocks("spdk_bdev_read_blocks", offset, target.len() as u64)
        };
        let describe = |(ch, target): One<Target<B>>, (offset_blocks, num_blocks)| {
            let desc = ch.desc();
            // SAFETY: W4, W5, W6: the record keeps the channel, through it the descriptor, and the
            // buffer of `num_blocks` blocks; a channel is of the current thread.
            unsafe { raw::spdk_bdev_read_blocks(desc, ch, target, offset_blocks, num_blocks) }
        };
        operate((self.keep(), Target::new(buf)), check, describe, finish_read)
    }

    /// Writes the whole of `buf`, at `offset`. Offset and length are in bytes, and multiples of the block
    /// size; SPDK is asked for blocks, as by [`read`](Self::read) (`spdk_bdev_write_blocks`).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and `EBADF` if the descriptor is read-only.
    pub fn write<B: IoBuf>(
        &self,
        buf: B,
        offset: u64,
    ) -> impl Future<Output = (Result<()>, B)> + use<B> {
        let check = move |(ch, source): &mut One<Source<B>>| {
            ch.blocks("spdk_bdev_write_blocks", offset, source.len() as u64)
        };
        let describe = |(ch, source): One<Source<B>>, (offset_blocks, num_blocks)| {
            let desc = ch.desc();
            // SAFETY: as in `read`.
            unsafe { raw::spdk_bdev_write_blocks(desc, ch, source, offset_blocks, num_blocks) }
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
        let check =
            |(ch, target): &mut One<Target<B>>| ch.whole_blocks(OPERATION, target.len() as u64);
        let describe = move |(ch, target): One<Target<B>>, num_blocks| {
            let desc = ch.desc();
            // SAFETY: as in `read`.
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
        let check =
            |(ch, source): &mut One<Source<B>>| ch.whole_blocks(OPERATION, source.len() as u64);
        let describe = move |(ch, source): One<Source<B>>, num_blocks| {
            let desc = ch.desc();
            // SAFETY: as in `read`.
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
        match self.block_size().whole([0, bytes]) {
            Some([_, 0]) => Err(empty(operation)),
            Some([_, blocks]) => Ok(blocks),
            None => Err(self.not_whole(operation, bytes)),
        }
    }

    /// A range of bytes in blocks: where it begins, and how many. As SPDK has it, a range that is not in
    /// whole blocks is no more than `EINVAL`.
    #[inline(always)]
    pub(super) fn blocks(
        &self,
        operation: &'static str,
        offset: u64,
        bytes: u64,
    ) -> Result<(u64, u64)> {
        match self.block_size().whole([offset, bytes]) {
            Some([offset_blocks, num_blocks]) if num_blocks > 0 => Ok((offset_blocks, num_blocks)),
            _ => Err(no_blocks(operation, bytes)),
        }
    }

    #[cold]
    fn not_whole(&self, operation: &'static str, bytes: u64) -> Error {
        let block_size = self.descriptor().block_size();
        let reason = format!(
            "the buffer has {bytes} bytes, which is no multiple of the block size, {block_size}"
        );
        Error::invalid(operation, reason)
    }
}

/// What a record keeps for an operation with one buffer.
type One<T> = (Rc<ChannelInner>, T);

#[inline]
fn finish_read<B: IoBufMut>(result: Result<()>, (ch, target): One<Target<B>>) -> (Result<()>, B) {
    let filled = result.is_ok();
    end_keep(ch);
    (result, target.filled(filled))
}

#[inline]
fn finish_write<B: IoBuf>(result: Result<()>, (ch, source): One<Source<B>>) -> (Result<()>, B) {
    end_keep(ch);
    (result, source.buf)
}

/// Lets go of a channel. As that does not unwind, nothing has to be in memory for the case.
#[inline]
pub(super) fn end_keep(ch: Rc<ChannelInner>) {
    guard_named(|| "the end of a channel", || drop(ch));
}

#[cold]
#[inline(never)]
fn no_blocks(operation: &'static str, bytes: u64) -> Error {
    if bytes == 0 { empty(operation) } else { Error::errno_of(operation, Errno::EINVAL) }
}

#[cold]
pub(super) fn empty(operation: &'static str) -> Error {
    Error::invalid(operation, "the buffer is empty; it must hold at least one block")
}
