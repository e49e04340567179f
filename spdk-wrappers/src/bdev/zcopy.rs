//! Zero-copy: the device's own buffers, borrowed.
//!
//! A zero-copy needs its channel until it has ended. One that is awaited keeps it in its record; for
//! one that is abandoned (dropped, or started for a future that is gone) nobody waits, so channels
//! that held a zero-copy stay until the thread's abandoned ones have ended.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicU8, Ordering};
use std::rc::Rc;

use libc::iovec;
use spdk_sys::{spdk_bdev_io, spdk_io_channel};

use super::IoChannel;
use super::channel::ChannelInner;
use super::operation::KeptChannel;
use crate::adapter::{Handle, Keep, Parent, With};
use crate::error::{Error, Result};
use crate::raw::bdev as raw;
use crate::thread::{Owner, run_at_home};

/// The buffers behind a range of blocks, borrowed from the bdev. Dropping it gives them back without
/// writing them.
///
/// The bytes may be the device's live store: others who do I/O to the range may change them. They
/// are therefore copied in and out, not lent as slices.
///
/// ```no_run
/// # async fn example() -> spdk_async::Result<()> {
/// # let channel = spdk_async::bdev::Bdev::open("Malloc0").await?.channel()?;
/// let mut borrowed = channel.zcopy(0, 8, true).await?;
/// let mut head = [0; 16];
/// borrowed.copy_to(0, &mut head);
/// borrowed.copy_from(16, &head);
/// borrowed.commit().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it gives the buffers back without writing them"]
pub struct ZeroCopy {
    // Before the channel, which then sees that it was abandoned. Each is routed to its thread.
    bdev_io: Handle<spdk_bdev_io>,
    channel: ZeroCopyChannel,
}

/// The channel of a zero-copy, held on to for those that were abandoned. From before the start to
/// after the end, so it also counts the zero-copies of the thread.
struct ZeroCopyChannel(Rc<ChannelInner>);

impl ZeroCopyChannel {
    fn new(channel: Rc<ChannelInner>) -> Self {
        let held = &channel.runtime().zero_copies.held;
        held.set(held.get() + 1);
        Self(channel)
    }
}

// SAFETY: as for the `Rc` inside.
unsafe impl Keep<*mut spdk_io_channel> for ZeroCopyChannel {
    fn arg(&mut self) -> *mut spdk_io_channel {
        self.0.as_arg()
    }
}

impl KeptChannel for ZeroCopyChannel {
    fn channel(&self) -> &Rc<ChannelInner> {
        &self.0
    }
}

impl Drop for ZeroCopyChannel {
    fn drop(&mut self) {
        let runtime = self.0.runtime();
        if !runtime.is_current() {
            // Its drop there comes after the end of the zero-copy, which has been routed before.
            let (owner, channel) = (Owner::new(runtime), Self(Rc::clone(&self.0)));
            // SAFETY: a channel is not `Send`, so it has never left the OS thread that runs it.
            unsafe { run_at_home(owner, channel, drop) };
            return;
        }
        let zero_copies = &runtime.zero_copies;
        zero_copies.held.set(zero_copies.held.get() - 1);
        if zero_copies.ending.get() > 0 {
            zero_copies.channels.borrow_mut().push(Rc::clone(&self.0));
        }
    }
}

/// The zero-copies of a thread.
#[derive(Default)]
pub(crate) struct ZeroCopies {
    /// How many may hold an `spdk_bdev_io` for as long as the program likes.
    held: Cell<usize>,
    /// How many end without anybody waiting.
    ending: Cell<usize>,
    /// What those need until then.
    channels: RefCell<Vec<Rc<ChannelInner>>>,
}

impl ZeroCopies {
    pub(super) fn held(&self) -> usize {
        self.held.get()
    }

    pub(crate) fn begun(&self) {
        self.ending.set(self.ending.get() + 1);
    }

    pub(crate) fn ended(&self) {
        self.ending.set(self.ending.get() - 1);
        if self.ending.get() == 0 {
            let channels = self.channels.take();
            drop(channels);
        }
    }
}

impl IoChannel {
    /// Borrows the buffers behind `num_blocks` from `offset_blocks` (`spdk_bdev_zcopy_start`). With
    /// `populate`, they hold what the blocks hold; without, their content is arbitrary.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` if the bdev cannot, `EBADF` if the descriptor is read-only (also to read), `EINVAL`
    /// if the range is empty or leaves the bdev.
    pub async fn zcopy(
        &self,
        offset_blocks: u64,
        num_blocks: u64,
        populate: bool,
    ) -> Result<ZeroCopy> {
        const OPERATION: &str = "spdk_bdev_zcopy_start";
        if num_blocks == 0 {
            return Err(Error::invalid(OPERATION, "the range is empty; it must hold a block"));
        }
        let desc = self.desc();
        let no_iov: *mut iovec = ptr::null_mut();
        let kept = (ZeroCopyChannel::new(self.keep()), no_iov);
        let (result, (channel, _)) = self
            .call(kept, |(ch, iov)| {
                // SAFETY: W4, W5: the record keeps the channel, and through it the descriptor; a
                // channel is of the current thread. SPDK brings the array.
                unsafe {
                    raw::spdk_bdev_zcopy_start(
                        desc,
                        ch,
                        iov,
                        0,
                        offset_blocks,
                        num_blocks,
                        populate,
                    )
                }
            })
            .await;
        Ok(ZeroCopy { bdev_io: result?, channel })
    }
}

impl ZeroCopy {
    /// Gives the buffers back and writes them to the bdev (`spdk_bdev_zcopy_end`).
    ///
    /// # Errors
    ///
    /// An [`IoStatus`](super::IoStatus) if the device fails the write.
    pub async fn commit(self) -> Result<()> {
        self.end(true).await
    }

    /// Gives the buffers back without writing them (`spdk_bdev_zcopy_end`).
    ///
    /// # Errors
    ///
    /// An [`IoStatus`](super::IoStatus) if the device reports a failure.
    pub async fn release(self) -> Result<()> {
        self.end(false).await
    }

    async fn end(self, commit: bool) -> Result<()> {
        const OPERATION: &str = "spdk_bdev_zcopy_end";
        // While it is whole: what a panic drops are the fields in their order, the channel last.
        let here = self.channel.0.runtime().is_current();
        assert!(here, "`{OPERATION}` was polled away from its thread");
        let Self { bdev_io, channel } = self;
        let pool = channel.0.runtime().pool().clone();
        let kept = With(bdev_io.into_raw(), channel);
        // SAFETY: W8: a zero-copy that has started and not ended, on its channel's thread. Its end
        // takes it over: a start that succeeded cannot be refused. The record keeps the channel.
        let call = unsafe { raw::spdk_bdev_zcopy_end(kept, commit) };
        let (result, _) = call.on(&pool).await;
        result.map_err(Error::of(OPERATION))
    }

    /// The length of the buffers, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces().iter().map(|piece| piece.iov_len).sum()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the bytes from `offset` on to `target`, as many as there are, and answers how many.
    pub fn copy_to(&self, offset: usize, target: &mut [u8]) -> usize {
        let mut copied = 0;
        self.each(offset, target.len(), |shared| {
            for (to, from) in target[copied..].iter_mut().zip(shared) {
                *to = from.load(Ordering::Relaxed);
            }
            copied += shared.len();
        });
        copied
    }

    /// Copies `source` over the bytes from `offset` on, as many as there are, and answers how many.
    pub fn copy_from(&mut self, offset: usize, source: &[u8]) -> usize {
        let mut copied = 0;
        self.each(offset, source.len(), |shared| {
            for (from, to) in source[copied..].iter().zip(shared) {
                to.store(*from, Ordering::Relaxed);
            }
            copied += shared.len();
        });
        copied
    }

    /// Visits the pieces of the bytes from `offset` on, `len` at most. They are shared with whoever
    /// else has borrowed them, so they are atomics.
    fn each(&self, mut offset: usize, mut len: usize, mut visit: impl FnMut(&[AtomicU8])) {
        for piece in self.pieces() {
            let skipped = offset.min(piece.iov_len);
            offset -= skipped;
            let bytes = (piece.iov_len - skipped).min(len);
            if bytes > 0 {
                let start = piece.iov_base.cast::<AtomicU8>().wrapping_add(skipped);
                // SAFETY: the piece is valid for these bytes as long as the I/O, and everybody who
                // borrows it reads and writes it through atomics.
                visit(unsafe { slice::from_raw_parts(start, bytes) });
                len -= bytes;
            }
        }
    }

    fn pieces(&self) -> &[iovec] {
        let (mut iovs, mut count) = (ptr::null_mut(), 0);
        let bdev_io = self.bdev_io.as_ptr();
        // SAFETY: the I/O is ours, and the places are valid.
        unsafe { spdk_sys::spdk_bdev_io_get_iovec(bdev_io, &raw mut iovs, &raw mut count) };
        let count = usize::try_from(count).unwrap_or(0);
        if iovs.is_null() || count == 0 {
            return &[];
        }
        // SAFETY: the array has `count` elements and lives as long as the I/O.
        unsafe { slice::from_raw_parts(iovs, count) }
    }
}

impl fmt::Debug for ZeroCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZeroCopy").field("len", &self.len()).finish_non_exhaustive()
    }
}
