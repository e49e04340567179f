//! Reads and writes with several buffers.

use compio_buf::{IoBuf, IoBufMut};

use super::IoChannel;
use super::buffer::{Source, Target, Vectored};
use super::ext::{ExtOptions, IoOptions};
use super::io::empty;
use crate::error::{Error, Result};
use crate::raw::bdev as raw;

impl IoChannel {
    /// Reads into the buffers, one after another, from `offset` (`spdk_bdev_readv`). Offset and the
    /// sum of the lengths are in bytes, and multiples of the block size.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn readv<B: IoBufMut>(&self, bufs: Vec<B>, offset: u64) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_readv";
        let targets = targets(bufs);
        let (iovcnt, nbytes) = match counted(OPERATION, &targets) {
            Ok(counts) => counts,
            Err(error) => return (Err(error), emptied(targets)),
        };
        let desc = self.desc();
        let (result, (_, targets)) = self
            .call(OPERATION, (self.keep(), targets), |(ch, targets)| {
                // SAFETY: the record keeps the channel, through it the descriptor, and the `iovcnt`
                // buffers of `nbytes` bytes together; a channel is of the current thread.
                unsafe { raw::spdk_bdev_readv(desc, ch, targets, iovcnt, offset, nbytes) }
            })
            .await;
        let filled = result.is_ok();
        (result, finished(targets, filled))
    }

    /// Writes the buffers, one after another, at `offset` (`spdk_bdev_writev`). Offset and the sum
    /// of the lengths are in bytes, and multiples of the block size.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn writev<B: IoBuf>(&self, bufs: Vec<B>, offset: u64) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_writev";
        let sources = sources(bufs);
        let (iovcnt, nbytes) = match counted(OPERATION, &sources) {
            Ok(counts) => counts,
            Err(error) => return (Err(error), returned(sources)),
        };
        let desc = self.desc();
        let (result, (_, sources)) = self
            .call(OPERATION, (self.keep(), sources), |(ch, sources)| {
                // SAFETY: as in `readv`.
                unsafe { raw::spdk_bdev_writev(desc, ch, sources, iovcnt, offset, nbytes) }
            })
            .await;
        (result, returned(sources))
    }

    /// Reads into the buffers, one after another, from block `offset_blocks`
    /// (`spdk_bdev_readv_blocks`).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn readv_blocks<B: IoBufMut>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
    ) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_readv_blocks";
        let targets = targets(bufs);
        let (iovcnt, num_blocks) = match self.counted_blocks(OPERATION, &targets) {
            Ok(counts) => counts,
            Err(error) => return (Err(error), emptied(targets)),
        };
        let desc = self.desc();
        let (result, (_, targets)) = self
            .call(OPERATION, (self.keep(), targets), |(ch, iov)| {
                // SAFETY: as in `readv`, for `num_blocks` blocks.
                unsafe {
                    raw::spdk_bdev_readv_blocks(desc, ch, iov, iovcnt, offset_blocks, num_blocks)
                }
            })
            .await;
        let filled = result.is_ok();
        (result, finished(targets, filled))
    }

    /// Writes the buffers, one after another, at block `offset_blocks`
    /// (`spdk_bdev_writev_blocks`).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn writev_blocks<B: IoBuf>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
    ) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_writev_blocks";
        let sources = sources(bufs);
        let (iovcnt, num_blocks) = match self.counted_blocks(OPERATION, &sources) {
            Ok(counts) => counts,
            Err(error) => return (Err(error), returned(sources)),
        };
        let desc = self.desc();
        let (result, (_, sources)) = self
            .call(OPERATION, (self.keep(), sources), |(ch, iov)| {
                // SAFETY: as in `readv_blocks`.
                unsafe {
                    raw::spdk_bdev_writev_blocks(desc, ch, iov, iovcnt, offset_blocks, num_blocks)
                }
            })
            .await;
        (result, returned(sources))
    }

    /// As [`readv_blocks`](Self::readv_blocks), with options (`spdk_bdev_readv_blocks_ext`).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and `EINVAL` for options that the bdev cannot follow.
    pub async fn readv_blocks_with<B: IoBufMut>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
        options: IoOptions,
    ) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_readv_blocks_ext";
        let targets = targets(bufs);
        let (iovcnt, num_blocks) = match self.counted_blocks(OPERATION, &targets) {
            Ok(counts) => counts,
            Err(error) => return (Err(error), emptied(targets)),
        };
        let desc = self.desc();
        let (result, (_, targets, _)) = self
            .call(OPERATION, (self.keep(), targets, ExtOptions::new(options)), |(ch, iov, opts)| {
                // SAFETY: as in `readv_blocks`; the options are in the record too.
                unsafe {
                    raw::spdk_bdev_readv_blocks_ext(
                        desc,
                        ch,
                        iov,
                        iovcnt,
                        offset_blocks,
                        num_blocks,
                        opts,
                    )
                }
            })
            .await;
        let filled = result.is_ok();
        (result, finished(targets, filled))
    }

    /// As [`writev_blocks`](Self::writev_blocks), with options (`spdk_bdev_writev_blocks_ext`).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write), and `EINVAL` for options that the bdev cannot follow.
    pub async fn writev_blocks_with<B: IoBuf>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
        options: IoOptions,
    ) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_writev_blocks_ext";
        let sources = sources(bufs);
        let (iovcnt, num_blocks) = match self.counted_blocks(OPERATION, &sources) {
            Ok(counts) => counts,
            Err(error) => return (Err(error), returned(sources)),
        };
        let desc = self.desc();
        let (result, (_, sources, _)) = self
            .call(OPERATION, (self.keep(), sources, ExtOptions::new(options)), |(ch, iov, opts)| {
                // SAFETY: as in `readv_blocks_with`.
                unsafe {
                    raw::spdk_bdev_writev_blocks_ext(
                        desc,
                        ch,
                        iov,
                        iovcnt,
                        offset_blocks,
                        num_blocks,
                        opts,
                    )
                }
            })
            .await;
        (result, returned(sources))
    }

    pub(super) fn counted_blocks<T>(
        &self,
        operation: &'static str,
        bufs: &Vectored<T>,
    ) -> Result<(i32, u64)> {
        Ok((bufs.count(operation)?, self.whole_blocks(operation, bufs.total())?))
    }
}

pub(super) fn sources<B: IoBuf>(bufs: Vec<B>) -> Vectored<Source<B>> {
    Vectored::new(bufs.into_iter().map(Source::new).collect(), Source::len)
}

pub(super) fn returned<B>(sources: Vectored<Source<B>>) -> Vec<B> {
    sources.bufs.into_iter().map(|source| source.buf).collect()
}

fn targets<B: IoBufMut>(bufs: Vec<B>) -> Vectored<Target<B>> {
    Vectored::new(bufs.into_iter().map(Target::new).collect(), Target::len)
}

fn finished<B: IoBufMut>(targets: Vectored<Target<B>>, filled: bool) -> Vec<B> {
    targets.bufs.into_iter().map(|target| target.filled(filled)).collect()
}

fn emptied<B: IoBufMut>(targets: Vectored<Target<B>>) -> Vec<B> {
    finished(targets, false)
}

fn counted<T>(operation: &'static str, bufs: &Vectored<T>) -> Result<(i32, u64), Error> {
    match bufs.total() {
        0 => Err(empty(operation)),
        total => Ok((bufs.count(operation)?, total)),
    }
}
