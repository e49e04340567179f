//! What becomes of one I/O: the job it turns into, and how its outcome is reported.
//!
//! Invariant: from submit until [`complete`] the driver context of the bdev_io names the channel it
//! was submitted to, and that channel counts it as in flight.

use core::ffi::c_int;

use super::disk::{Disk, DiskChannel, size_of_file};
use super::group;
use super::workers::{Action, Job};
use crate::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_NOMEM, SPDK_BDEV_IO_STATUS_SUCCESS,
    SPDK_BDEV_IO_TYPE_FLUSH, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_RESET,
    SPDK_BDEV_IO_TYPE_UNMAP, SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_WRITE_ZEROES, spdk_bdev_io,
    spdk_bdev_io_complete, spdk_bdev_io_complete_aio_status, spdk_bdev_io_get_buf,
    spdk_bdev_io_get_driver_ctx, spdk_bdev_io_type, spdk_io_channel, spdk_io_channel_get_ctx,
};
use std::os::fd::AsRawFd;

/// The driver context of an I/O in flight.
#[repr(C)]
struct Request {
    channel: *mut DiskChannel,
    /// The result that means success: bytes for a read or write, else 0.
    expected: i64,
}

/// Bytes of driver context in each bdev_io.
pub(super) unsafe extern "C" fn ctx_size() -> c_int {
    const { size_of::<Request>() as c_int }
}

/// The disk of an I/O.
///
/// # Safety
///
/// - `io` is an I/O of this module.
pub(super) unsafe fn disk_of(io: *mut spdk_bdev_io) -> *mut Disk {
    // SAFETY: the context of an aio bdev is its disk.
    unsafe { (*(*io).bdev).ctxt.cast() }
}

pub(super) unsafe extern "C" fn submit_request(
    channel: *mut spdk_io_channel,
    io: *mut spdk_bdev_io,
) {
    // SAFETY: the bdev layer hands over an I/O of this module on the channel's own thread.
    unsafe {
        let disk = disk_of(io);
        let length = (*io).u.bdev.num_blocks * u64::from((*(*io).bdev).blocklen);
        match spdk_bdev_io_type::from((*io).type_) {
            SPDK_BDEV_IO_TYPE_WRITE if (*disk).readonly => {
                spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
            }
            SPDK_BDEV_IO_TYPE_READ | SPDK_BDEV_IO_TYPE_WRITE => {
                spdk_bdev_io_get_buf(io, Some(read_or_write), length);
            }
            SPDK_BDEV_IO_TYPE_FLUSH => start(channel, io, Action::Flush),
            SPDK_BDEV_IO_TYPE_RESET => super::reset::start(disk, io),
            SPDK_BDEV_IO_TYPE_UNMAP | SPDK_BDEV_IO_TYPE_WRITE_ZEROES if !(*disk).fallocate => {
                spdk_bdev_io_complete_aio_status(io, -libc::ENOTSUP);
            }
            SPDK_BDEV_IO_TYPE_UNMAP => {
                let mode = libc::FALLOC_FL_KEEP_SIZE | libc::FALLOC_FL_PUNCH_HOLE;
                start(channel, io, Action::Allocate(mode));
            }
            SPDK_BDEV_IO_TYPE_WRITE_ZEROES => {
                start(channel, io, Action::Allocate(libc::FALLOC_FL_ZERO_RANGE));
            }
            _ => spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED),
        }
    }
}

/// The I/O has buffers that are aligned as the file needs it, or (`success` false) cannot get any.
unsafe extern "C" fn read_or_write(
    channel: *mut spdk_io_channel,
    io: *mut spdk_bdev_io,
    success: bool,
) {
    // SAFETY: the bdev layer calls back on the channel's own thread.
    unsafe {
        if !success {
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
            return;
        }
        let is_read = spdk_bdev_io_type::from((*io).type_) == SPDK_BDEV_IO_TYPE_READ;
        start(channel, io, if is_read { Action::Read } else { Action::Write });
    }
}

/// Gives the I/O to the workers; a full group makes the bdev layer try again later.
///
/// # Safety
///
/// - `io` was submitted to `channel`, whose thread is current; its buffers stay valid until it is
///   completed.
unsafe fn start(channel: *mut spdk_io_channel, io: *mut spdk_bdev_io, action: Action) {
    // SAFETY: by the caller's promise.
    unsafe {
        let block_size = u64::from((*(*io).bdev).blocklen);
        let params = (*io).u.bdev;
        let length = (params.num_blocks * block_size) as i64;
        let channel = spdk_io_channel_get_ctx(channel).cast::<DiskChannel>();
        let expected = match action {
            Action::Read | Action::Write => length,
            Action::Flush | Action::Allocate(_) => 0,
        };
        spdk_bdev_io_get_driver_ctx(io).cast::<Request>().write(Request { channel, expected });
        let job = Job {
            io,
            action,
            file: (*disk_of(io)).file.as_raw_fd(),
            iovs: params.iovs,
            iovcnt: params.iovcnt,
            offset: (params.offset_blocks * block_size) as i64,
            length,
        };
        if group::submit((*channel).group, job) {
            (*channel).in_flight += 1;
        } else {
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
        }
    }
}

/// Completes an I/O whose job has ended with `result`: bytes, or a negative errno.
///
/// # Safety
///
/// - `io` was given to the workers by [`start`], and its thread is current.
pub(super) unsafe fn complete(io: *mut spdk_bdev_io, result: i64) {
    // SAFETY: by the caller's promise the driver context is a Request and the disk is alive.
    unsafe {
        let Request { channel, expected } =
            spdk_bdev_io_get_driver_ctx(io).cast::<Request>().read();
        (*channel).in_flight -= 1;
        if result == expected {
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
            return;
        }
        if result == -i64::from(libc::EAGAIN) {
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_NOMEM);
            return;
        }
        let disk = disk_of(io);
        if size_of_file(&(*disk).file) == 0 {
            (*disk).hot_remove();
            spdk_bdev_io_complete_aio_status(io, -libc::ENODEV);
            return;
        }
        tracing::error!("an I/O on an aio bdev ended with {result} in place of {expected}");
        match c_int::try_from(result) {
            Ok(errno @ ..0) => spdk_bdev_io_complete_aio_status(io, errno),
            _ => spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED),
        }
    }
}
