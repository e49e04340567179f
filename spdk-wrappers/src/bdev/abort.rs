//! Aborting I/O of one's own channel.

use core::cell::Cell;
use core::ffi::c_void;
use core::fmt;
use core::future::poll_fn;
use core::pin::pin;
use std::cell::RefCell;
use std::rc::Rc;

use spdk_sys::spdk_io_channel;

use super::IoChannel;
use super::io_timeout::IoTimeout;
use crate::adapter::{OnceCallback, Payload, Pooled, Submit};
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
pub struct AbortToken(Rc<RefCell<Vec<Listed>>>);

/// An operation in flight: its channel, which is only compared, and its context.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Listed {
    ch: *mut spdk_io_channel,
    cb_arg: *mut c_void,
}

impl AbortToken {
    /// A token for no operation yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Awaits an operation, listed while it is in flight. One that is dropped stays listed until it
    /// is aborted: its context is then of a record that no other call can have.
    pub(super) async fn track<C, P, S>(
        &self,
        ch: *mut spdk_io_channel,
        op: Pooled<C, P, S>,
    ) -> P::Reply<C::Value, C::Error>
    where
        C: OnceCallback,
        P: Payload,
        S: Submit<C, P>,
    {
        let mut op = pin!(op);
        let listed = Cell::new(None);
        let reply = poll_fn(|cx| {
            let poll = op.as_mut().poll(cx);
            if poll.is_pending() && listed.get().is_none() {
                listed.set(op.cb_arg().map(|cb_arg| Listed { ch, cb_arg }));
                self.0.borrow_mut().extend(listed.get());
            }
            poll
        })
        .await;
        if let Some(listed) = listed.get() {
            self.unlist(listed);
        }
        reply
    }

    fn unlist(&self, listed: Listed) {
        self.0.borrow_mut().retain(|other| *other != listed);
    }

    fn of_channel(&self, ch: *mut spdk_io_channel) -> Vec<Listed> {
        self.0.borrow().iter().copied().filter(|listed| listed.ch == ch).collect()
    }
}

impl fmt::Debug for AbortToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortToken").field("in_flight", &self.0.borrow().len()).finish()
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
            aborted += usize::from(self.abort_one(listed.cb_arg).await?);
            token.unlist(listed);
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
        let result = self.command("spdk_bdev_abort", |ch| {
            // SAFETY: the record keeps the channel, and through it the descriptor; a channel is of
            // the current thread; the target is only compared.
            unsafe { raw::spdk_bdev_abort(desc, ch, target) }
        });
        match result.await {
            Ok(()) => Ok(true),
            Err(error) if error.io_status().is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
