//! Aborting I/O of one's own channel.
//!
//! A token lists operations by their contexts, and nobody tells it when one that was dropped has
//! completed. So it asks the records, before it grows and before it aborts.
//!
//! Invariants:
//!
//! 1. A listed context came from a call whose record is pooled; see `AbortToken::list`.
//! 2. Those that are listed are a few, or twice as many as were in flight at once, and no more.

use core::ffi::c_void;
use core::{fmt, ptr};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use spdk_sys::spdk_io_channel;

use super::IoChannel;
use super::io_timeout::IoTimeout;
use crate::adapter::Pool;
use crate::error::Result;
use crate::raw::bdev as raw;

/// Names the operations that an abort is meant for: those that were begun through
/// [`IoChannel::abortable`] with this token and have not completed. Cheap to clone.
///
/// ```no_run
/// use spdk_async::{bdev::AbortToken, spawn_local};
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let channel = spdk_async::bdev::Bdev::open("Malloc0").await?.channel()?;
/// let token = AbortToken::new();
/// let reader = channel.abortable(&token);
/// let read = spawn_local(async move { reader.read(vec![0; 4096], 0).await });
/// channel.abort(&token).await?;
/// let (outcome, buf) = read.await.expect("the task was not cancelled");
/// # drop((outcome, buf));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct AbortToken(Rc<RefCell<List>>);

/// So many operations cost less than to ask about them.
const FEW: usize = 16;

#[derive(Default)]
struct List {
    // In an order that finds one of a million as fast as one of a few.
    listed: BTreeSet<Listed>,
    /// How many there may be before their records are asked; see invariant 2.
    room: usize,
}

/// An operation that was in flight when it was listed: its channel, which is only compared, and its
/// context.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    ch: *mut spdk_io_channel,
    /// Invariant 1.
    cb_arg: *mut c_void,
}

impl Listed {
    /// Whether SPDK still has it.
    fn is_in_flight(&self) -> bool {
        // SAFETY: invariant 1.
        unsafe { Pool::is_in_flight(self.cb_arg) }
    }
}

impl AbortToken {
    /// A token for no operation yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists an operation that is in flight. One whose future is dropped needs no `unlist`: it is
    /// forgotten some time after it has completed.
    ///
    /// # Safety
    ///
    /// - `cb_arg` is the context of a pooled call.
    pub(super) unsafe fn list(&self, ch: *mut spdk_io_channel, cb_arg: *mut c_void) {
        let mut list = self.0.borrow_mut();
        if list.listed.len() >= list.room {
            list.listed.retain(Listed::is_in_flight);
            list.room = FEW.max(2 * list.listed.len());
        }
        list.listed.insert(Listed { ch, cb_arg });
    }

    /// Takes an operation off the list.
    pub(super) fn unlist(&self, ch: *mut spdk_io_channel, cb_arg: *mut c_void) {
        self.0.borrow_mut().listed.remove(&Listed { ch, cb_arg });
    }

    fn of_channel(&self, ch: *mut spdk_io_channel) -> Vec<Listed> {
        let of_channel = |cb_arg| Listed { ch, cb_arg };
        let all = of_channel(ptr::null_mut())..=of_channel(ptr::without_provenance_mut(usize::MAX));
        self.0.borrow().listed.range(all).copied().collect()
    }
}

impl fmt::Debug for AbortToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = &self.0.borrow().listed;
        let in_flight = list.iter().filter(|listed| listed.is_in_flight()).count();
        f.debug_struct("AbortToken")
            .field("in_flight", &in_flight)
            // Those that were dropped and have completed since, too.
            .field("listed", &list.len())
            .finish()
    }
}

impl IoChannel {
    /// Asks the bdev to abort the operations of this channel that `token` names (`spdk_bdev_abort`).
    /// Each of them still completes by itself, as aborted or as done; an operation whose future was
    /// dropped is aborted too. Operations of other channels stay named.
    ///
    /// Answers how many of them the bdev saw end, aborted or done. The others had completed before,
    /// or cannot be aborted.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` if the bdev cannot abort.
    pub async fn abort(&self, token: &AbortToken) -> Result<usize> {
        let mut aborted = 0;
        for listed in token.of_channel(self.as_ptr()) {
            // It may have completed long ago, or while another was aborted.
            if listed.is_in_flight() {
                aborted += usize::from(self.abort_one(listed.cb_arg).await?);
            }
            token.unlist(listed.ch, listed.cb_arg);
        }
        Ok(aborted)
    }

    /// Asks the bdev to abort an I/O of this channel that a [`Timeouts`](super::Timeouts) stream
    /// reported. Answers whether it did; an I/O of another channel, or one that has completed, is
    /// left alone.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` if the bdev cannot abort.
    pub async fn abort_timed_out(&self, timeout: &IoTimeout) -> Result<bool> {
        self.abort_one(timeout.cb_arg()).await
    }

    async fn abort_one(&self, target: *mut c_void) -> Result<bool> {
        let desc = self.desc();
        let result = self.command(|ch| {
            // SAFETY: W4, W5: the record keeps the channel, and through it the descriptor; a
            // channel is of the current thread; the target is only compared.
            unsafe { raw::spdk_bdev_abort(desc, ch, target) }
        });
        match result.await {
            Ok(()) => Ok(true),
            Err(error) if error.io_status().is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
