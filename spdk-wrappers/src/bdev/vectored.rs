//! Reads and writes with several buffers.
//!
//! The `Vec` that goes in comes out, and up to four buffers take nothing else of the heap; more take one
//! array. Options take one allocation, for with them the record's body is larger than its room.

use core::any::Any;
use core::future::Future;
use std::rc::Rc;

use compio_buf::{IoBuf, IoBufMut};

use super::buffer::{Bufs, Piece, Source, Target, Told, Vectored};
use super::channel::ChannelInner;
use super::ext::{ExtOptions, IoOptions};
use super::io::end_keep;
use super::operation::{Record, operate};
use super::{IoChannel, IoStatus};
use crate::adapter::{Call, Kept, Submit};
use crate::error::Result;
use crate::raw::bdev::{self as raw, spdk_bdev_io_completion_cb};

impl IoChannel {
    /// Reads into the buffers, one after another, from `offset`. Offset and the sum of the lengths are in
    /// bytes, and multiples of the block size; SPDK is asked for blocks, as by [`read`](Self::read)
    /// (`spdk_bdev_readv_blocks`).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn readv<B: IoBufMut>(
        &self,
        bufs: Vec<B>,
        offset: u64,
    ) -> impl Future<Output = (Result<()>, Vec<B>)> + use<B> {
        readv((self.keep(), Bufs::new(bufs), ()), at_byte(READV, offset))
    }

    /// Writes the buffers, one after another, at `offset`. Offset and the sum of the lengths are in
    /// bytes, and multiples of the block size; SPDK is asked for blocks, as by [`read`](Self::read)
    /// (`spdk_bdev_writev_blocks`).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn writev<B: IoBuf>(
        &self,
        bufs: Vec<B>,
        offset: u64,
    ) -> impl Future<Output = (Result<()>, Vec<B>)> + use<B> {
        writev((self.keep(), Bufs::new(bufs), ()), at_byte(WRITEV, offset))
    }

    /// Reads into the buffers, one after another, from block `offset_blocks`
    /// (`spdk_bdev_readv_blocks`).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn readv_blocks<B: IoBufMut>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
    ) -> impl Future<Output = (Result<()>, Vec<B>)> + use<B> {
        readv((self.keep(), Bufs::new(bufs), ()), at_block(READV, offset_blocks))
    }

    /// Writes the buffers, one after another, at block `offset_blocks`
    /// (`spdk_bdev_writev_blocks`).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn writev_blocks<B: IoBuf>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
    ) -> impl Future<Output = (Result<()>, Vec<B>)> + use<B> {
        writev((self.keep(), Bufs::new(bufs), ()), at_block(WRITEV, offset_blocks))
    }

    /// As [`readv_blocks`](Self::readv_blocks), with options (`spdk_bdev_readv_blocks_ext`).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and `EINVAL` for options that the bdev cannot follow.
    pub fn readv_blocks_with<B: IoBufMut>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
        options: IoOptions,
    ) -> impl Future<Output = (Result<()>, Vec<B>)> + use<B> {
        const OPERATION: &str = "spdk_bdev_readv_blocks_ext";
        let held: Held<Target<B>, _> = (self.keep(), Bufs::new(bufs), ExtOptions::new(options));
        let range = at_block(OPERATION, offset_blocks);
        vector(OPERATION, held, range, |(ch, bufs, opts), told, (offset_blocks, num_blocks)| {
            let (desc, iov) = (ch.desc(), bufs.for_call(told));
            // SAFETY: as in `readv`; the options are in the record too.
            unsafe {
                raw::spdk_bdev_readv_blocks_ext(
                    desc,
                    ch,
                    iov,
                    told.count,
                    offset_blocks,
                    num_blocks,
                    opts,
                )
            }
        })
    }

    /// As [`writev_blocks`](Self::writev_blocks), with options (`spdk_bdev_writev_blocks_ext`).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write), and `EINVAL` for options that the bdev cannot follow.
    pub fn writev_blocks_with<B: IoBuf>(
        &self,
        bufs: Vec<B>,
        offset_blocks: u64,
        options: IoOptions,
    ) -> impl Future<Output = (Result<()>, Vec<B>)> + use<B> {
        const OPERATION: &str = "spdk_bdev_writev_blocks_ext";
        let held: Held<Source<B>, _> = (self.keep(), Bufs::new(bufs), ExtOptions::new(options));
        let range = at_block(OPERATION, offset_blocks);
        vector(OPERATION, held, range, |(ch, bufs, opts), told, (offset_blocks, num_blocks)| {
            let (desc, iov) = (ch.desc(), bufs.for_call(told));
            // SAFETY: as in `readv_blocks_with`.
            unsafe {
                raw::spdk_bdev_writev_blocks_ext(
                    desc,
                    ch,
                    iov,
                    told.count,
                    offset_blocks,
                    num_blocks,
                    opts,
                )
            }
        })
    }
}

const READV: &str = "spdk_bdev_readv_blocks";
const WRITEV: &str = "spdk_bdev_writev_blocks";

/// Reads into the buffers, where `range` says.
#[inline(always)]
fn readv<B: IoBufMut>(
    held: Held<Target<B>>,
    range: impl Fn(&ChannelInner, u64) -> Result<Range>,
) -> impl Future<Output = (Result<()>, Vec<B>)> {
    vector(READV, held, range, |(ch, bufs, ()), told, (offset_blocks, num_blocks)| {
        let (desc, iov) = (ch.desc(), bufs.for_call(told));
        // SAFETY: W4, W5, W6: the record keeps the channel, through it the descriptor, and the buffers,
        // which are as many, and as long together, as C is told; a channel is of the current thread.
        unsafe { raw::spdk_bdev_readv_blocks(desc, ch, iov, told.count, offset_blocks, num_blocks) }
    })
}

/// Writes the buffers, where `range` says.
#[inline(always)]
fn writev<B: IoBuf>(
    held: Held<Source<B>>,
    range: impl Fn(&ChannelInner, u64) -> Result<Range>,
) -> impl Future<Output = (Result<()>, Vec<B>)> {
    vector(WRITEV, held, range, |(ch, bufs, ()), told, (offset_blocks, num_blocks)| {
        let (desc, iov) = (ch.desc(), bufs.for_call(told));
        // SAFETY: as in `readv`.
        unsafe {
            raw::spdk_bdev_writev_blocks(desc, ch, iov, told.count, offset_blocks, num_blocks)
        }
    })
}

/// Where an operation begins, and how long it is; in blocks.
type Range = (u64, u64);

/// The range of so many bytes from a byte. None at all is refused, because SPDK may never complete it.
pub(super) fn at_byte(
    operation: &'static str,
    offset: u64,
) -> impl Fn(&ChannelInner, u64) -> Result<Range> {
    move |ch, bytes| ch.blocks(operation, offset, bytes)
}

/// The same from a block.
pub(super) fn at_block(
    operation: &'static str,
    offset_blocks: u64,
) -> impl Fn(&ChannelInner, u64) -> Result<Range> {
    move |ch, bytes| Ok((offset_blocks, ch.whole_blocks(operation, bytes)?))
}

/// What a call with several buffers holds: the channel, the buffers, and what else it needs.
pub(super) type Held<T, E = ()> = (Rc<ChannelInner>, Bufs<T>, E);

/// Makes a call with several buffers.
#[inline(always)]
pub(super) fn vector<T, E, K, S>(
    operation: &'static str,
    held: Held<T, E>,
    range: impl Fn(&ChannelInner, u64) -> Result<Range>,
    mut describe: impl FnMut(Held<T, E>, Told, Range) -> Call<spdk_bdev_io_completion_cb, Kept<K>, S>,
) -> impl Future<Output = (Result<()>, Vec<T::Buffer>)>
where
    T: Piece,
    E: 'static,
    K: Record<Held<T, E>>,
    S: Submit<spdk_bdev_io_completion_cb, Kept<K>>,
{
    let check = move |(ch, bufs, _): &mut Held<T, E>| {
        let told = bufs.measure(operation)?;
        Ok((told, range(ch, told.total)?))
    };
    let describe = move |held, (told, range)| describe(held, told, range);
    let finish = |result, (ch, bufs, _): Held<T, E>| {
        end_keep(ch);
        (result, bufs.into_inner())
    };
    operate(held, check, describe, finish)
}

impl<T: Piece> Record<Held<T>> for (Rc<ChannelInner>, Vectored<T>) {
    #[inline(always)]
    fn succeeded(&mut self) {
        self.1.fill();
    }

    #[inline(always)]
    fn give_back(self) -> Held<T> {
        (self.0, self.1.give_back(), ())
    }
}

impl<T: Piece> Record<Held<T, ExtOptions>> for (Rc<ChannelInner>, Vectored<T>, ExtOptions) {
    fn succeeded(&mut self) {
        self.1.fill();
    }

    fn give_back(self) -> Held<T, ExtOptions> {
        (self.0, self.1.give_back(), self.2)
    }
}

/// As a record of the adapter holds it: what the callback reports or the panic of reading it, and the payload.
type Body<T> = (Report, Kept<(Rc<ChannelInner>, Vectored<T>)>);

#[expect(dead_code, reason = "only its size counts")]
enum Report {
    Value(()),
    Error(IoStatus),
    Panic(Box<Box<dyn Any + Send>>),
}

// So much room has a record of its own; a larger body goes to the heap. With options it always does.
const _: () = assert!(size_of::<Body<Source<Vec<u8>>>>() <= 128);
