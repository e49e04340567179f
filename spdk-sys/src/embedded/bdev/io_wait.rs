//! Waiting for a bdev_io on behalf of an I/O the bdev layer is working on.

use core::ffi::c_void;

use super::io::int;
use super::mgmt::spdk_bdev_queue_io_wait;
use super::spdk_bdev_io;
use super::types::spdk_bdev_io_wait_entry;

/// Calls `resume(io)` when a bdev_io is available, which may be at once.
///
/// # Safety
/// - `io` is in flight on this thread and stays so until `resume` runs.
pub(super) unsafe fn queue(
    io: *mut spdk_bdev_io,
    resume: unsafe extern "C" fn(*mut c_void),
    unblocks_others: bool,
) {
    // SAFETY: by contract; the entry is part of the I/O, which stays in place.
    unsafe {
        let fields = int(io);
        fields.wait_entry.set(spdk_bdev_io_wait_entry {
            bdev: (*io).bdev,
            cb_fn: Some(resume),
            cb_arg: io.cast(),
            dep_unblock: unblocks_others,
            ..Default::default()
        });
        let ch = &*fields.ch.get();
        let rc = spdk_bdev_queue_io_wait((*io).bdev, ch.io_channel, fields.wait_entry.as_ptr());
        if rc != 0 {
            // A bdev_io came back meanwhile.
            resume(io.cast());
        }
    }
}
