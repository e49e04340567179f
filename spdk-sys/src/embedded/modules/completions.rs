//! The channel of malloc and null: I/O that is done and waits to be completed by a poller.
//!
//! Invariants: the queue is linked through the driver contexts of its bdev_ios and belongs to the
//! channel's thread; a bdev_io is in at most one queue. The poller takes the whole queue as one
//! batch, so what the callbacks submit waits for the next poll. Nothing allocates.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::{
    SPDK_POLLER_BUSY, SPDK_POLLER_IDLE, spdk_bdev_io, spdk_bdev_io_complete,
    spdk_bdev_io_get_driver_ctx, spdk_bdev_io_status, spdk_io_channel, spdk_io_channel_get_ctx,
    spdk_poller, spdk_poller_register_named, spdk_poller_unregister,
};

static HELD: AtomicBool = AtomicBool::new(false);

/// A test switch: while it is on, what malloc and null bdevs have done is not completed, so that any
/// number of I/Os can be in flight at once. It belongs to the process; an application does not end
/// while it is on and I/O is in flight.
pub fn hold_completions(hold: bool) {
    HELD.store(hold, Ordering::Relaxed);
}

/// The driver context of a queued bdev_io.
#[repr(C)]
struct Link {
    next: *mut spdk_bdev_io,
    status: spdk_bdev_io_status,
}

/// The channel context: the queue and its poller.
#[repr(C)]
pub(super) struct Completions {
    head: *mut spdk_bdev_io,
    tail: *mut spdk_bdev_io,
    poller: *mut spdk_poller,
}

/// Bytes of driver context that the queue needs in each bdev_io.
pub(super) unsafe extern "C" fn ctx_size() -> c_int {
    const { size_of::<Link>() as c_int }
}

/// # Safety
///
/// - `io` belongs to a module that asked for [`ctx_size`] bytes.
unsafe fn link(io: *mut spdk_bdev_io) -> *mut Link {
    // SAFETY: by the caller's promise the driver context has room for a Link.
    unsafe { spdk_bdev_io_get_driver_ctx(io) }.cast()
}

impl Completions {
    /// The queue of a channel.
    ///
    /// # Safety
    ///
    /// - `channel` is alive, of a device registered with [`create_channel`], and of this thread.
    pub(super) unsafe fn of(channel: *mut spdk_io_channel) -> *mut Self {
        // SAFETY: by the caller's promise its context is a Completions.
        unsafe { spdk_io_channel_get_ctx(channel) }.cast()
    }

    /// Puts `io` at the end, to be completed with `status` by the next poll.
    ///
    /// # Safety
    ///
    /// - `this` comes from [`Completions::of`] on this thread; `io` was submitted to that channel and
    ///   is in no queue.
    pub(super) unsafe fn push(this: *mut Self, io: *mut spdk_bdev_io, status: spdk_bdev_io_status) {
        // SAFETY: the queue is this thread's; its tail, if any, is a queued bdev_io.
        unsafe {
            link(io).write(Link { next: null_mut(), status });
            if (*this).head.is_null() {
                (*this).head = io;
            } else {
                (*link((*this).tail)).next = io;
            }
            (*this).tail = io;
        }
    }

    /// Takes `io` out of the queue; false if it is not in it.
    ///
    /// # Safety
    ///
    /// - `this` comes from [`Completions::of`] on this thread.
    pub(super) unsafe fn remove(this: *mut Self, io: *mut spdk_bdev_io) -> bool {
        // SAFETY: the queue is this thread's and links only queued bdev_ios.
        unsafe {
            let mut before = null_mut();
            let mut at = (*this).head;
            while at != io {
                if at.is_null() {
                    return false;
                }
                before = at;
                at = (*link(at)).next;
            }
            if io.is_null() {
                return false;
            }
            let next = (*link(io)).next;
            match before.is_null() {
                true => (*this).head = next,
                false => (*link(before)).next = next,
            }
            if (*this).tail == io {
                (*this).tail = before;
            }
        }
        true
    }
}

/// Builds the channel context; the poller is named after the module.
///
/// # Safety
///
/// - `ctx` is the context of a new channel on this thread, of the size of a [`Completions`].
pub(super) unsafe fn create_channel(ctx: *mut c_void, poller_name: &'static CStr) -> c_int {
    let this = ctx.cast::<Completions>();
    // SAFETY: the context is ours to initialize; it outlives the poller, which destroy_channel ends.
    unsafe {
        this.write(Completions { head: null_mut(), tail: null_mut(), poller: null_mut() });
        (*this).poller =
            spdk_poller_register_named(Some(complete_batch), ctx, 0, poller_name.as_ptr());
        if (*this).poller.is_null() { -libc::ENOMEM } else { 0 }
    }
}

/// Takes the channel context down.
pub(super) unsafe extern "C" fn destroy_channel(_io_device: *mut c_void, ctx: *mut c_void) {
    let this = ctx.cast::<Completions>();
    // SAFETY: the thread library passes the context of a channel of this thread.
    unsafe {
        assert!(
            (*this).head.is_null(),
            "spdk_put_io_channel: the last reference was put while I/O was in flight"
        );
        spdk_poller_unregister(&raw mut (*this).poller);
    }
}

/// The poller: completes all that is queued now.
unsafe extern "C" fn complete_batch(ctx: *mut c_void) -> c_int {
    let this = ctx.cast::<Completions>();
    // SAFETY: the poller runs on the channel's thread while the channel lives.
    let mut at = unsafe {
        if (*this).head.is_null() || HELD.load(Ordering::Relaxed) {
            return SPDK_POLLER_IDLE as c_int;
        }
        let head = (*this).head;
        (*this).head = null_mut();
        (*this).tail = null_mut();
        head
    };
    while !at.is_null() {
        // SAFETY: `at` is ours until it is completed; its link is read before that. The callbacks
        // cannot reach the rest of the batch: it is in no queue any more.
        unsafe {
            let Link { next, status } = link(at).read();
            spdk_bdev_io_complete(at, status);
            at = next;
        }
    }
    SPDK_POLLER_BUSY as c_int
}
