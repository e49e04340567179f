//! A reset: it waits until no channel of the bdev has I/O in flight, looking again every 500 us.
//!
//! Invariant: the bdev layer runs one reset of a bdev at a time, so its state has one writer: the
//! spdk_thread of that reset.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;

use super::disk::{Disk, DiskChannel};
use crate::{
    SPDK_BDEV_IO_STATUS_SUCCESS, SPDK_POLLER_BUSY, spdk_bdev_io, spdk_bdev_io_complete,
    spdk_for_each_channel, spdk_for_each_channel_continue, spdk_io_channel_get_ctx,
    spdk_io_channel_iter, spdk_io_channel_iter_get_channel, spdk_io_channel_iter_get_ctx,
    spdk_poller, spdk_poller_register_named, spdk_poller_unregister,
};

/// Microseconds between two looks.
const RETRY_PERIOD: u64 = 500;

/// The reset of a disk, while there is one.
pub(super) struct Reset {
    io: Cell<*mut spdk_bdev_io>,
    timer: Cell<*mut spdk_poller>,
}

impl Default for Reset {
    fn default() -> Self {
        Self { io: Cell::new(null_mut()), timer: Cell::new(null_mut()) }
    }
}

/// Starts the reset `io` of `disk`.
///
/// # Safety
///
/// - `disk` is the registered disk of `io`, which is a reset of this thread, the only one.
pub(super) unsafe fn start(disk: *mut Disk, io: *mut spdk_bdev_io) {
    // SAFETY: by the caller's promise.
    unsafe {
        (*disk).reset.io.set(io);
        look(disk);
    }
}

/// # Safety
///
/// - `disk` has a reset of this thread in progress.
unsafe fn look(disk: *mut Disk) {
    // SAFETY: a disk is its own io_device; it stays registered while a reset is in progress.
    unsafe { spdk_for_each_channel(disk.cast(), Some(visit), disk.cast(), Some(visited)) };
}

/// On each channel: goes on if nothing is in flight.
unsafe extern "C" fn visit(iter: *mut spdk_io_channel_iter) {
    // SAFETY: the iterator names a channel of the disk on the current thread.
    unsafe {
        let channel = spdk_io_channel_iter_get_channel(iter);
        let channel = spdk_io_channel_get_ctx(channel).cast::<DiskChannel>();
        spdk_for_each_channel_continue(iter, if (*channel).in_flight == 0 { 0 } else { -1 });
    }
}

/// On the reset's thread: completes it, or looks again later.
unsafe extern "C" fn visited(iter: *mut spdk_io_channel_iter, status: c_int) {
    // SAFETY: the context is the disk, whose reset is in progress.
    unsafe {
        let disk = spdk_io_channel_iter_get_ctx(iter).cast::<Disk>();
        if status != -1 {
            spdk_bdev_io_complete(
                (*disk).reset.io.replace(null_mut()),
                SPDK_BDEV_IO_STATUS_SUCCESS,
            );
            return;
        }
        let name = c"bdev_aio_reset_retry_timer".as_ptr();
        let timer = spdk_poller_register_named(Some(retry), disk.cast(), RETRY_PERIOD, name);
        (*disk).reset.timer.set(timer);
    }
}

unsafe extern "C" fn retry(ctx: *mut c_void) -> c_int {
    let disk = ctx.cast::<Disk>();
    // SAFETY: the timer belongs to the reset in progress and to this thread.
    unsafe {
        let mut timer = (*disk).reset.timer.replace(null_mut());
        spdk_poller_unregister(&raw mut timer);
        look(disk);
    }
    SPDK_POLLER_BUSY as c_int
}
