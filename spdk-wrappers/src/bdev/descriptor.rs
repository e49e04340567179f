//! An open bdev. Its last reference, wherever that is dropped, closes it on the thread that opened
//! it.
//!
//! Invariants:
//!
//! 1. `desc` is open as long as the `DescriptorInner` lives, and so is the bdev; see `Opened`.
//! 2. Everything that SPDK does with the descriptor or its bdev holds a reference to the
//!    `DescriptorInner`: channels, calls in flight, registrations.

use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};
use std::ffi::CString;
use std::sync::Arc;

use spdk_sys::{spdk_bdev, spdk_bdev_desc};

use super::properties::Bdev;
use super::{Events, IoChannel, Timeouts};
use crate::adapter::{Parent, Refusal, Subscription};
use crate::error::{Error, ErrorKind, Result};
use crate::raw::bdev as raw;
use crate::thread::{Opened, Owner, Runtime};

/// An open bdev (`spdk_bdev_desc`). Cheap to clone and usable from any thread; channels for I/O are
/// per thread.
///
/// It may be dropped before its channels, before I/O that is in flight, and on any thread: each of
/// them keeps the bdev open, and whoever is the last has it closed on the thread that opened it. That
/// thread does not exit before.
///
/// ```no_run
/// use spdk_async::bdev::Bdev;
///
/// # async fn example() -> spdk_async::Result<()> {
/// let descriptor = Bdev::open("Malloc0").await?;
/// let bytes = descriptor.num_blocks() * u64::from(descriptor.block_size());
/// assert!(bytes > 0);
/// let channel = descriptor.channel()?;
/// channel.flush(0, descriptor.num_blocks()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Descriptor(Arc<DescriptorInner>);

pub(crate) struct DescriptorInner {
    desc: Opened<spdk_bdev_desc>,
    bdev: NonNull<spdk_bdev>,
    block_size: u32,
    events: Subscription<raw::spdk_bdev_event_cb_t>,
    /// How many streams of timeouts there have been. Changed and read on the owner's thread.
    timeouts: AtomicU64,
}

// SAFETY: the pointers are used for what SPDK allows from any thread (properties, opening channels,
// submitting with a channel of the calling thread); closing is routed to the owner.
unsafe impl Send for DescriptorInner {}
// SAFETY: shared references use the pointers for no more than that.
unsafe impl Sync for DescriptorInner {}

// SAFETY: invariant 1.
unsafe impl Parent<*mut spdk_bdev> for DescriptorInner {
    fn as_arg(&self) -> *mut spdk_bdev {
        self.bdev.as_ptr()
    }
}

impl Descriptor {
    /// Opens a bdev on the current `spdk_thread` (`spdk_bdev_open_ext`).
    pub(crate) fn open(name: &str, write: bool) -> Result<Self> {
        const OPERATION: &str = "spdk_bdev_open_ext";
        let runtime = Runtime::current(OPERATION)?;
        let c_name = c_name(OPERATION, name)?;
        let (events, _) = Subscription::new(OPERATION);
        // SAFETY: an spdk_thread is current, the name is read during the call, and the subscription
        // may end at any time.
        let opened = unsafe { raw::spdk_bdev_open_ext(c_name.as_ptr(), write, &events) };
        let desc = opened.map_err(|refusal| match refusal.errno() {
            Some(errno) if errno.get() == libc::ENODEV => {
                Error::new(OPERATION, ErrorKind::NoSuchBdev(name.to_owned()))
            }
            _ => Error::refused(OPERATION, refusal),
        })?;
        let desc = NonNull::new(desc).ok_or(Error::refused(OPERATION, Refusal::Null))?;
        let close = spdk_sys::spdk_bdev_close;
        let listed = format!("the bdev `{name}`");
        // SAFETY: the descriptor has just been opened here; by invariant 2 nothing uses it when it
        // is dropped.
        let desc = unsafe { Opened::new(desc, close, &runtime, listed, ()) };
        // SAFETY: the descriptor is open.
        let bdev = unsafe { spdk_sys::spdk_bdev_desc_get_bdev(desc.as_ptr()) };
        let bdev = NonNull::new(bdev).expect("an open descriptor has a bdev");
        // SAFETY: the descriptor is open.
        let block_size = unsafe { spdk_sys::spdk_bdev_desc_get_block_size(desc.as_ptr()) };
        Ok(Self(Arc::new(DescriptorInner {
            desc,
            bdev,
            block_size,
            events,
            timeouts: AtomicU64::new(0),
        })))
    }

    pub(crate) fn as_ptr(&self) -> *mut spdk_bdev_desc {
        self.0.desc.as_ptr()
    }

    pub(crate) fn bdev_ptr(&self) -> *mut spdk_bdev {
        self.0.bdev.as_ptr()
    }

    /// The shared part, for calls that need the bdev to stay open.
    pub(crate) fn keep(&self) -> Arc<DescriptorInner> {
        Arc::clone(&self.0)
    }

    pub(crate) fn owner(&self) -> Owner {
        self.0.desc.owner()
    }

    /// The number of a new stream of timeouts, which is the latest from here on.
    pub(super) fn next_timeouts(&self) -> u64 {
        self.0.timeouts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of the latest stream of timeouts.
    pub(super) fn latest_timeouts(&self) -> u64 {
        self.0.timeouts.load(Ordering::Relaxed)
    }

    /// A channel for I/O on the current `spdk_thread` (`spdk_bdev_get_io_channel`).
    ///
    /// # Errors
    ///
    /// If no `spdk_thread` with a runtime is current, or SPDK has no memory for the channel.
    pub fn channel(&self) -> Result<IoChannel> {
        IoChannel::open(self)
    }

    /// The bdev's properties as they are now.
    #[must_use]
    pub fn bdev(&self) -> Bdev {
        // SAFETY: invariant 1.
        unsafe { Bdev::read(self.bdev_ptr()) }
    }

    /// The size of a block, in bytes. It does not change.
    #[must_use]
    pub fn block_size(&self) -> u32 {
        self.0.block_size
    }

    /// The number of blocks, which a resize changes (`spdk_bdev_get_num_blocks`).
    #[must_use]
    pub fn num_blocks(&self) -> u64 {
        // SAFETY: invariant 1.
        unsafe { spdk_sys::spdk_bdev_get_num_blocks(self.bdev_ptr()) }
    }

    /// The alignment that buffers must have to be used without a copy, in bytes
    /// (`spdk_bdev_get_buf_align`).
    #[must_use]
    pub fn buf_align(&self) -> usize {
        // SAFETY: invariant 1.
        unsafe { spdk_sys::spdk_bdev_get_buf_align(self.bdev_ptr()) }
    }

    /// The stream of the bdev's events from now on. It ends when the descriptor is closed, so hold
    /// no clone of the descriptor in the task that waits for the end.
    ///
    /// A removal does not close the descriptor: I/O in flight and new I/O go on until the device fails
    /// it, and each stream is told. The bdev waits for each of its descriptors to be dropped; channels,
    /// I/O in flight and streams of [timeouts](Self::timeouts) hold one, this stream does not.
    pub fn events(&self) -> Events {
        Events::new(self.0.events.events())
    }

    /// Reports each I/O of this descriptor that is older than `limit`, about once a second, from any
    /// of its channels (`spdk_bdev_set_timeout`). The limit is rounded up to whole seconds. One stream
    /// at a time: a later one takes over, and the earlier reports nothing more.
    ///
    /// # Errors
    ///
    /// If the current thread is not the one that opened the descriptor, `limit` is under a second,
    /// or SPDK cannot register the timer.
    pub fn timeouts(&self, limit: core::time::Duration) -> Result<Timeouts> {
        Timeouts::start(self, limit)
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor").field("bdev", &self.bdev().name()).finish_non_exhaustive()
    }
}

impl Bdev {
    /// Opens the bdev of this name for reading and writing, on the current `spdk_thread`
    /// (`spdk_bdev_open_ext`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchBdev`] if there is none or it is going away, `EPERM` if a module has
    /// claimed it, and if no `spdk_thread` with a runtime is current.
    pub async fn open(name: &str) -> Result<Descriptor> {
        Descriptor::open(name, true)
    }

    /// Opens the bdev of this name for reading only (`spdk_bdev_open_ext`).
    ///
    /// The type is that of [`open`](Self::open), so a write by such a descriptor is no compile error: it
    /// fails with `EBADF` when it is awaited, and gives its buffer back. So does whatever may change or
    /// persist blocks: write zeroes, unmap, flush, copy, compare and write, and every zero-copy, one
    /// to read included. Reads, compares, seeks and resets work.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but for a claim.
    pub async fn open_read_only(name: &str) -> Result<Descriptor> {
        Descriptor::open(name, false)
    }
}

/// A bdev's name for C; it is read during the call.
pub(super) fn c_name(operation: &'static str, name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| Error::invalid(operation, "a bdev's name cannot hold a NUL"))
}
