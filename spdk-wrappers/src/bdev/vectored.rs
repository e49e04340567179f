//! Reads and writes with several buffers.
//!
//! The `Vec` that goes in comes out, and up to four buffers take nothing else of the heap; more take one
//! array. Options take one allocation, for with them the record's body is larger than its room.

use core::any::Any;
use core::ffi::c_int;
use core::future::Future;
use std::rc::Rc;

use compio_buf::{IoBuf, IoBufMut};
use spdk_sys::spdk_bdev_desc;

use super::buffer::{Piece, Source, Target, Vectored};
use super::channel::ChannelInner;
use super::ext::{ExtOptions, IoOptions};
use super::io::empty;
use super::operation::{Keeps, operate};
use super::{IoChannel, IoStatus};
use crate::adapter::{Call, Kept, Submit};
use crate::error::Result;
use crate::raw::bdev::{self as raw, spdk_bdev_io_completion_cb};

impl IoChannel {
    /// Reads into the buffers, one after another, from `offset` (`spdk_bdev_readv`). Offset and the
    /// sum of the lengths are in bytes, and multiples of the block size.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn readv<B: IoBufMut>(&self, bufs: Vec<B>, offset: u64) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_readv";
        let kept = (self.keep(), targets(bufs));
        self.vector(OPERATION, kept, Unit::Bytes, |desc, (ch, iov), iovcnt, nbytes| {
            // SAFETY: W4, W5, W6: the record keeps the channel, through it the descriptor, and the
            // `iovcnt` buffers, which are as long together as C is told; a channel is of the
            // current thread.
            unsafe { raw::spdk_bdev_readv(desc, ch, iov, iovcnt, offset, nbytes) }
        })
        .await
    }

    /// Writes the buffers, one after another, at `offset` (`spdk_bdev_writev`). Offset and the sum
    /// of the lengths are in bytes, and multiples of the block size.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn writev<B: IoBuf>(&self, bufs: Vec<B>, offset: u64) -> (Result<()>, Vec<B>) {
        const OPERATION: &str = "spdk_bdev_writev";
        let kept = (self.keep(), sources(bufs));
        self.vector(OPERATION, kept, Unit::Bytes, |desc, (ch, iov), iovcnt, nbytes| {
            // SAFETY: W4, W5, W6: the record keeps the channel, through it the descriptor, and the
            // `iovcnt` buffers, which are as long together as C is told; a channel is of the
            // current thread.
            unsafe { raw::spdk_bdev_writev(desc, ch, iov, iovcnt, offset, nbytes) }
        })
        .await
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
        let kept = (self.keep(), targets(bufs));
        self.vector(OPERATION, kept, Unit::Blocks, |desc, (ch, iov), iovcnt, num_blocks| {
            // SAFETY: W4, W5, W6: the record keeps the channel, through it the descriptor, and the
            // `iovcnt` buffers, which are as long together as C is told; a channel is of the
            // current thread.
            unsafe { raw::spdk_bdev_readv_blocks(desc, ch, iov, iovcnt, offset_blocks, num_blocks) }
        })
        .await
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
        let kept = (self.keep(), sources(bufs));
        self.vector(OPERATION, kept, Unit::Blocks, |desc, (ch, iov), iovcnt, num_blocks| {
            // SAFETY: W4, W5, W6: the record keeps the channel, through it the descriptor, and the
            // `iovcnt` buffers, which are as long together as C is told; a channel is of the
            // current thread.
            unsafe {
                raw::spdk_bdev_writev_blocks(desc, ch, iov, iovcnt, offset_blocks, num_blocks)
            }
        })
        .await
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
        let kept = (self.keep(), targets(bufs), ExtOptions::new(options));
        self.vector(OPERATION, kept, Unit::Blocks, |desc, (ch, iov, opts), iovcnt, num_blocks| {
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
        .await
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
        let kept = (self.keep(), sources(bufs), ExtOptions::new(options));
        self.vector(OPERATION, kept, Unit::Blocks, |desc, (ch, iov, opts), iovcnt, num_blocks| {
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
        .await
    }

    /// Makes a call with several buffers, whose lengths C is told in `unit`.
    #[inline]
    pub(super) fn vector<K: KeepsBuffers, S>(
        &self,
        operation: &'static str,
        kept: K,
        unit: Unit,
        mut describe: impl FnMut(
            *mut spdk_bdev_desc,
            K,
            c_int,
            u64,
        ) -> Call<spdk_bdev_io_completion_cb, Kept<K>, S>,
    ) -> impl Future<Output = (Result<()>, Vec<<K::Piece as Piece>::Buffer>)>
    where
        S: Submit<spdk_bdev_io_completion_cb, Kept<K>>,
    {
        let (desc, total) = (self.desc(), kept.bufs().total());
        let check = move |kept: &K| kept.channel().count(operation, kept.bufs(), unit);
        let describe = move |kept, (iovcnt, length)| describe(desc, kept, iovcnt, length);
        operate(kept, check, describe, move |result: Result<()>, kept: K| {
            let bufs = kept.into_bufs();
            let bufs = if result.is_ok() { bufs.filled(total) } else { bufs.into_inner() };
            (result, bufs)
        })
    }
}

impl ChannelInner {
    /// How many buffers there are, and how long they are together. None at all is refused, because
    /// SPDK may never complete it.
    #[inline]
    pub(super) fn count<T: Piece>(
        &self,
        operation: &'static str,
        bufs: &Vectored<T>,
        unit: Unit,
    ) -> Result<(c_int, u64)> {
        let length = match (unit, bufs.total()) {
            (Unit::Bytes, 0) => return Err(empty(operation)),
            (Unit::Bytes, total) => total,
            (Unit::Blocks, total) => self.whole_blocks(operation, total)?,
        };
        Ok((bufs.count(operation)?, length))
    }
}

/// What a call counts in.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    Blocks,
}

/// What the record of a call with several buffers keeps: the channel, the buffers, and what else
/// the call needs.
pub(super) trait KeepsBuffers: Keeps {
    /// What the vector is made of.
    type Piece: Piece;
    /// The buffers.
    fn bufs(&self) -> &Vectored<Self::Piece>;
    /// The buffers alone.
    fn into_bufs(self) -> Vectored<Self::Piece>;
}

impl<T: Piece> KeepsBuffers for (Rc<ChannelInner>, Vectored<T>) {
    type Piece = T;

    fn bufs(&self) -> &Vectored<T> {
        &self.1
    }

    fn into_bufs(self) -> Vectored<T> {
        self.1
    }
}

impl<T: Piece> KeepsBuffers for (Rc<ChannelInner>, Vectored<T>, ExtOptions) {
    type Piece = T;

    fn bufs(&self) -> &Vectored<T> {
        &self.1
    }

    fn into_bufs(self) -> Vectored<T> {
        self.1
    }
}

#[inline]
pub(super) fn sources<B: IoBuf>(bufs: Vec<B>) -> Vectored<Source<B>> {
    Vectored::new(bufs)
}

#[inline]
fn targets<B: IoBufMut>(bufs: Vec<B>) -> Vectored<Target<B>> {
    Vectored::new(bufs)
}

/// What the callback reports, or the panic of reading it.
type Report = core::result::Result<core::result::Result<(), IoStatus>, Box<dyn Any + Send>>;

/// What a record of the adapter holds.
type Body<T> = (Report, Kept<(Rc<ChannelInner>, Vectored<T>)>);

// So much room has a record of its own; a larger body goes to the heap. With options it always does.
const _: () = assert!(size_of::<Body<Source<Vec<u8>>>>() <= 128);
