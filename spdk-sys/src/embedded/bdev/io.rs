//! The bdev layer's part of a bdev_io, and the intrusive queues it sits in.
//!
//! Invariants, kept by this file and relied on by all others:
//! 1. An I/O is in at most one queue for each of its two links.
//! 2. Everything here is touched only on the thread of the I/O's channel, except the queue link of
//!    a reset, which the lock of the bdev protects.
//! 3. `phase` tells who owns the I/O: nobody, the bdev layer and module, or the completion callback.

use core::cell::Cell;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::ptr;

use super::channel::BdevChannel;
use super::mgmt::MgmtChannel;
use super::module_types::{spdk_bdev_io_get_buf_cb, spdk_bdev_io_status};
use super::types::{iovec, spdk_bdev_io_completion_cb, spdk_bdev_io_wait_entry};
use super::{spdk_bdev_desc, spdk_bdev_io};

/// Who owns a bdev_io.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// In the pool or a cache.
    Free = 0,
    /// Submitted, its callback has not run.
    InFlight = 1,
    /// Its callback has been called and it was not freed yet.
    Done = 2,
}

/// One of an I/O's two places in a queue.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Link {
    prev: Cell<*mut spdk_bdev_io>,
    next: Cell<*mut spdk_bdev_io>,
}

/// Progress of a split I/O, or of an abort that waits for its parts.
#[derive(Debug, Copy, Clone)]
#[repr(C)]
pub(super) struct Split {
    pub(super) remaining_num_blocks: u64,
    pub(super) current_offset_blocks: u64,
    pub(super) outstanding: u32,
}

/// Memory the bdev layer attached to an I/O.
#[derive(Debug, Copy, Clone)]
#[repr(C)]
pub(super) struct OwnedBuf {
    pub(super) ptr: *mut u8,
    pub(super) len: usize,
    pub(super) align: usize,
}

/// The caller's iovecs while a bounce buffer stands in for them.
#[derive(Debug, Copy, Clone)]
#[repr(C)]
pub(super) struct Bounce {
    pub(super) orig_iovs: *mut iovec,
    pub(super) orig_iovcnt: i32,
}

/// What a module said about an error: an NVMe, SCSI or AIO status over the same bytes.
#[derive(Debug, Copy, Clone, Default)]
#[repr(C)]
pub(super) struct ErrorStatus {
    /// cdw0; or sc, sk, asc and ascq; or the AIO result.
    pub(super) word: u32,
    pub(super) sct: u8,
    pub(super) sc: u8,
}

/// The bdev layer's part of a bdev_io.
#[repr(C)]
#[derive(Debug)]
pub struct spdk_bdev_io_internal_fields {
    pub(super) ch: Cell<*mut BdevChannel>,
    pub(super) mgmt: Cell<*mut MgmtChannel>,
    pub(super) desc: Cell<*mut spdk_bdev_desc>,
    pub(super) cb: Cell<spdk_bdev_io_completion_cb>,
    pub(super) caller_ctx: Cell<*mut c_void>,
    pub(super) submit_tsc: Cell<u64>,
    /// Order of submission in the channel; tells an I/O from a later one in the same memory.
    pub(super) seq: Cell<u64>,
    pub(super) status: Cell<i8>,
    phase: Cell<u8>,
    pub(super) in_submit: Cell<bool>,
    pub(super) split: Cell<bool>,
    pub(super) child: Cell<bool>,
    pub(super) has_buf: Cell<bool>,
    pub(super) has_bounce: Cell<bool>,
    /// On the submitted list of its channel.
    pub(super) submitted: Cell<bool>,
    pub(super) error: Cell<ErrorStatus>,
    pub(super) ch_link: Link,
    pub(super) queue_link: Link,
    pub(super) split_state: Cell<Split>,
    pub(super) buf: Cell<OwnedBuf>,
    pub(super) bounce: Cell<Bounce>,
    pub(super) bounce_iov: Cell<iovec>,
    pub(super) get_buf_cb: Cell<spdk_bdev_io_get_buf_cb>,
    pub(super) wait_entry: Cell<spdk_bdev_io_wait_entry>,
}

impl spdk_bdev_io_internal_fields {
    pub(super) fn phase(&self) -> Phase {
        match self.phase.get() {
            0 => Phase::Free,
            1 => Phase::InFlight,
            _ => Phase::Done,
        }
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        self.phase.set(phase as u8);
    }

    pub(super) fn status(&self) -> spdk_bdev_io_status {
        spdk_bdev_io_status::from(self.status.get())
    }

    pub(super) fn set_status(&self, status: spdk_bdev_io_status) {
        // The values of the enumeration span -8 to 1.
        self.status.set(status as i8);
    }
}

/// The bdev layer's part of `io`.
///
/// # Safety
/// - `io` was handed out by the pool, which never frees it while the library is initialised.
pub(super) unsafe fn int<'a>(io: *mut spdk_bdev_io) -> &'a spdk_bdev_io_internal_fields {
    // SAFETY: the memory is valid by contract; every field is a cell, so a shared reference never
    // conflicts with other accesses, and modules have no access to the fields.
    unsafe { &(*io).internal }
}

/// Chooses one of the two links.
pub(super) trait WhichLink {
    fn of(fields: &spdk_bdev_io_internal_fields) -> &Link;
}

/// The link of the submitted and locked lists of a channel.
pub(super) struct ChLink;
/// The link of the NOMEM, QoS and reset queues, and of the caches.
pub(super) struct QueueLink;

impl WhichLink for ChLink {
    fn of(fields: &spdk_bdev_io_internal_fields) -> &Link {
        &fields.ch_link
    }
}

impl WhichLink for QueueLink {
    fn of(fields: &spdk_bdev_io_internal_fields) -> &Link {
        &fields.queue_link
    }
}

/// A doubly linked queue of I/O that allocates nothing.
pub(super) struct IoQueue<L> {
    head: Cell<*mut spdk_bdev_io>,
    tail: Cell<*mut spdk_bdev_io>,
    which: PhantomData<L>,
}

impl<L> core::fmt::Debug for IoQueue<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IoQueue").field("head", &self.head).finish_non_exhaustive()
    }
}

impl<L: WhichLink> IoQueue<L> {
    pub(super) const fn new() -> Self {
        Self {
            head: Cell::new(ptr::null_mut()),
            tail: Cell::new(ptr::null_mut()),
            which: PhantomData,
        }
    }

    fn link<'a>(io: *mut spdk_bdev_io) -> &'a Link {
        // SAFETY: only I/O from the pool is ever put into a queue.
        L::of(unsafe { int(io) })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.get().is_null()
    }

    pub(super) fn first(&self) -> *mut spdk_bdev_io {
        self.head.get()
    }

    pub(super) fn push_back(&self, io: *mut spdk_bdev_io) {
        let link = Self::link(io);
        let last = self.tail.replace(io);
        link.prev.set(last);
        link.next.set(ptr::null_mut());
        if last.is_null() {
            self.head.set(io);
        } else {
            Self::link(last).next.set(io);
        }
    }

    pub(super) fn push_front(&self, io: *mut spdk_bdev_io) {
        let link = Self::link(io);
        let first = self.head.replace(io);
        link.prev.set(ptr::null_mut());
        link.next.set(first);
        if first.is_null() {
            self.tail.set(io);
        } else {
            Self::link(first).prev.set(io);
        }
    }

    /// Takes `io`, which must be in this queue, out of it.
    pub(super) fn remove(&self, io: *mut spdk_bdev_io) {
        let link = Self::link(io);
        let (prev, next) = (link.prev.get(), link.next.get());
        if prev.is_null() {
            self.head.set(next);
        } else {
            Self::link(prev).next.set(next);
        }
        if next.is_null() {
            self.tail.set(prev);
        } else {
            Self::link(next).prev.set(prev);
        }
    }

    pub(super) fn pop_front(&self) -> Option<*mut spdk_bdev_io> {
        let io = self.head.get();
        if io.is_null() {
            return None;
        }
        self.remove(io);
        Some(io)
    }

    pub(super) fn contains(&self, io: *mut spdk_bdev_io) -> bool {
        self.iter().any(|other| other == io)
    }

    /// Walks the queue. The queue must not change while the iterator is in use.
    pub(super) fn iter(&self) -> impl Iterator<Item = *mut spdk_bdev_io> + use<L> {
        let mut at = self.head.get();
        core::iter::from_fn(move || {
            if at.is_null() {
                return None;
            }
            let io = at;
            at = Self::link(io).next.get();
            Some(io)
        })
    }

    /// Takes everything out, first to last.
    pub(super) fn take_all(&self) -> Vec<*mut spdk_bdev_io> {
        core::iter::from_fn(|| self.pop_front()).collect()
    }
}
