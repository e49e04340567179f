//! An I/O channel: what a thread does I/O through.
//!
//! Invariants:
//!
//! 1. `ch` is a channel of the descriptor `desc` on the runtime's thread as long as the `ChannelInner`
//!    lives: `open` keeps both; see `Opened`.
//! 2. Calls are made only while that thread is current: the records' pool insists.
//! 3. A call in flight holds a reference to the `ChannelInner`, and through it the descriptor.

use core::fmt;
use core::ptr::NonNull;
use std::rc::Rc;

use spdk_sys::{spdk_bdev_desc, spdk_io_channel};

use super::AbortToken;
use super::block_size::BlockSize;
use super::descriptor::Descriptor;
use crate::adapter::{
    Call, Completed, Kept, OnceCallback, Parent, Payload, Pending, Pool, Submit, guard_named,
};
use crate::error::{Error, Report, Result};
use crate::thread::{Opened, Runtime};

/// A channel of a bdev on the thread that opened it (`spdk_io_channel`). Cheap to clone, not `Send`.
///
/// Every operation takes its buffers by value and gives them back in every outcome. Dropping the
/// future of an operation leaves the operation, with its buffers, to SPDK until it completes; an
/// operation that has not been polled has not begun. A future that is forgotten keeps its channel for
/// ever, and with that holds the end of its thread up.
///
/// A channel keeps its descriptor, and an operation in flight keeps its channel, so they may be
/// dropped in any order. The futures of reads and writes, and of `comparev`, keep it from the start, so that
/// they can be spawned as they are.
///
/// ```no_run
/// use spdk_async::bdev::Bdev;
///
/// # async fn example() -> spdk_async::Result<()> {
/// let channel = Bdev::open("Malloc0").await?.channel()?;
/// let (result, buf) = channel.write(vec![7; 4096], 0).await;
/// result?;
/// let (result, buf) = channel.read(buf, 0).await;
/// result?;
/// assert_eq!(buf, [7; 4096]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct IoChannel(Rc<ChannelInner>);

/// Nothing unwinds from a token's list, so that no call has to be in memory for the case.
const LIST: fn() -> &'static str = || "the list of an abort token";

/// What each operation keeps.
pub(crate) struct ChannelInner {
    /// That of `open`, and its descriptor, at hand.
    ch: NonNull<spdk_io_channel>,
    desc: *mut spdk_bdev_desc,
    /// That of `open`'s descriptor, at hand.
    block_size: BlockSize,
    /// That of `runtime`, at hand.
    pool: Pool,
    /// For operations that it can abort.
    token: Option<AbortToken>,
    open: Rc<Opened<spdk_io_channel, Descriptor>>,
    runtime: Rc<Runtime>,
}

// SAFETY: invariant 1.
unsafe impl Parent<*mut spdk_io_channel> for ChannelInner {
    fn as_arg(&self) -> *mut spdk_io_channel {
        self.as_ptr()
    }
}

impl ChannelInner {
    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(super) fn descriptor(&self) -> &Descriptor {
        self.open.keep()
    }

    #[inline]
    pub(super) const fn as_ptr(&self) -> *mut spdk_io_channel {
        self.ch.as_ptr()
    }

    #[inline]
    pub(super) const fn desc(&self) -> *mut spdk_bdev_desc {
        self.desc
    }

    #[inline]
    pub(super) const fn block_size(&self) -> &BlockSize {
        &self.block_size
    }

    /// The pool of the records.
    #[inline]
    pub(super) const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Names a call in flight to the channel's token.
    #[inline]
    pub(super) fn list<C: OnceCallback, P: Payload>(&self, call: &Pending<C, P>) {
        if let Some(token) = &self.token {
            let cb_arg = call.cb_arg();
            // SAFETY: a `Pending` call is pooled.
            guard_named(LIST, || unsafe { token.list(self.as_ptr(), cb_arg) });
        }
    }

    /// Takes a call that has completed off again.
    #[inline]
    pub(super) fn unlist<C: OnceCallback, P: Payload>(&self, call: &Completed<C, P>) {
        if let Some(token) = &self.token {
            let cb_arg = call.cb_arg();
            guard_named(LIST, || token.unlist(self.as_ptr(), cb_arg));
        }
    }
}

impl IoChannel {
    pub(super) fn open(descriptor: &Descriptor) -> Result<Self> {
        const OPERATION: &str = "spdk_bdev_get_io_channel";
        let runtime = Runtime::current(OPERATION)?;
        // SAFETY: the descriptor is open and an spdk_thread is current.
        let ch = unsafe { spdk_sys::spdk_bdev_get_io_channel(descriptor.as_ptr()) };
        let ch = NonNull::new(ch).ok_or(Error::no_memory(OPERATION))?;
        let listed = format!("a channel of the bdev `{}`", descriptor.bdev().name());
        let (put, keep) = (spdk_sys::spdk_put_io_channel, descriptor.clone());
        // SAFETY: the channel has just been opened here; by invariant 3 no call uses it when it is
        // dropped.
        let open = Rc::new(unsafe { Opened::new(ch, put, &runtime, listed, keep) });
        let (desc, pool) = (descriptor.as_ptr(), runtime.pool().clone());
        let block_size = BlockSize::new(descriptor.block_size());
        Ok(Self(Rc::new(ChannelInner { ch, desc, block_size, pool, token: None, open, runtime })))
    }

    /// The descriptor that the channel belongs to.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        self.0.descriptor()
    }

    /// The same channel, for operations that `token` can abort.
    #[must_use]
    pub fn abortable(&self, token: &AbortToken) -> Self {
        let ChannelInner { ch, desc, block_size, pool, open, runtime, .. } = &*self.0;
        Self(Rc::new(ChannelInner {
            ch: *ch,
            desc: *desc,
            block_size: *block_size,
            pool: pool.clone(),
            token: Some(token.clone()),
            open: Rc::clone(open),
            runtime: Rc::clone(runtime),
        }))
    }

    pub(super) fn as_ptr(&self) -> *mut spdk_io_channel {
        self.0.as_ptr()
    }

    pub(super) fn desc(&self) -> *mut spdk_bdev_desc {
        self.0.desc()
    }

    /// As [`call`](Self::call), for calls that keep nothing but the channel.
    pub(super) async fn command<C, S>(
        &self,
        mut describe: impl FnMut(Rc<ChannelInner>) -> Call<C, Kept<(Rc<ChannelInner>,)>, S>,
    ) -> Result<C::Value>
    where
        C: OnceCallback<Error: Report>,
        S: Submit<C, Kept<(Rc<ChannelInner>,)>>,
    {
        self.call((self.keep(),), |(ch,)| describe(ch)).await.0
    }

    pub(super) fn inner(&self) -> &ChannelInner {
        &self.0
    }

    /// The channel itself, for a record.
    pub(super) fn keep(&self) -> Rc<ChannelInner> {
        Rc::clone(&self.0)
    }
}

impl fmt::Debug for IoChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoChannel").field("descriptor", self.descriptor()).finish_non_exhaustive()
    }
}

/// A channel that a device keeps on a thread, and the device that it is for.
pub(crate) struct CachedChannel {
    pub(super) device: u64,
    pub(super) channel: IoChannel,
}
