//! Compare and write, by the module or as: lock the blocks, compare, write, unlock.

use core::ffi::{c_int, c_void};

use super::complete::{call_back, finish_with};
use super::io::int;
use super::module_types::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED,
    SPDK_BDEV_IO_STATUS_MISCOMPARE, SPDK_BDEV_IO_STATUS_SUCCESS, spdk_bdev_io_status,
};
use super::query::supports;
use super::rw::{self, valid_blocks};
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_COMPARE_AND_WRITE, compare, io_wait, iovec, lba_lock, spdk_bdev_desc,
    spdk_bdev_free_io, spdk_bdev_io, spdk_bdev_io_completion_cb,
};
use crate::spdk_io_channel;

/// Compares blocks with `compare_iov` and, if they are equal, writes `write_iov`, as one. Returns 0,
/// and `cb` runs once; or -EBADF on a read-only descriptor, -EINVAL if the blocks do not exist or are
/// more than the bdev's atomic unit, or -ENOMEM. The halves' statuses:
/// `spdk_bdev_io_get_nvme_fused_status`.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
/// - Both arrays and their buffers stay valid until `cb` runs.
pub unsafe extern "C" fn spdk_bdev_comparev_and_writev_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    compare_iov: *mut iovec,
    compare_iovcnt: c_int,
    write_iov: *mut iovec,
    write_iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        let bdev = origin.ch.bdev;
        if !origin.desc.writable() {
            return -libc::EBADF;
        }
        let too_many = num_blocks > u64::from((*bdev).acwu);
        if !valid_blocks(bdev, offset_blocks, num_blocks) || too_many {
            return -libc::EINVAL;
        }
        let io = prepare(&origin, SPDK_BDEV_IO_TYPE_COMPARE_AND_WRITE);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        let params = &raw mut (*io).u.bdev;
        (*params).iovs = compare_iov;
        (*params).iovcnt = compare_iovcnt;
        (*params).fused_iovs = write_iov;
        (*params).fused_iovcnt = write_iovcnt;
        (*params).offset_blocks = offset_blocks;
        (*params).num_blocks = num_blocks;
        if supports(bdev, SPDK_BDEV_IO_TYPE_COMPARE_AND_WRITE) {
            submit(io);
        } else {
            lba_lock::lock_for_io(io, locked);
        }
    }
    0
}

unsafe extern "C" fn locked(ctx: *mut c_void, status: c_int) {
    // SAFETY: the lock was taken for this I/O.
    unsafe {
        if status != 0 {
            finish_with(ctx.cast(), SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED);
        } else {
            compare_half(ctx);
        }
    }
}

unsafe extern "C" fn compare_half(ctx: *mut c_void) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: called while the blocks are locked for this I/O.
    unsafe {
        let params = (*io).u.bdev;
        let origin = Origin::for_parent(io, false, compared);
        let (md, offset, count) = (core::ptr::null_mut(), params.offset_blocks, params.num_blocks);
        let rc = compare::comparev(&origin, params.iovs, params.iovcnt, md, offset, count);
        if rc == -libc::ENOMEM {
            io_wait::queue(io, compare_half, false);
        } else if rc != 0 {
            unlock(io, SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED);
        }
    }
}

unsafe extern "C" fn compared(child: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    // SAFETY: the parent waits for this compare.
    unsafe {
        spdk_bdev_free_io(child);
        if success {
            write_half(cb_arg);
        } else {
            unlock(cb_arg.cast(), SPDK_BDEV_IO_STATUS_MISCOMPARE);
        }
    }
}

unsafe extern "C" fn write_half(ctx: *mut c_void) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: called while the blocks are locked for this I/O.
    unsafe {
        let params = (*io).u.bdev;
        let origin = Origin::for_parent(io, false, written);
        let (iovs, iovcnt) = (params.fused_iovs, params.fused_iovcnt);
        let rc = rw::writev(&origin, iovs, iovcnt, params.offset_blocks, params.num_blocks);
        if rc == -libc::ENOMEM {
            io_wait::queue(io, write_half, false);
        } else if rc != 0 {
            unlock(io, SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
}

unsafe extern "C" fn written(child: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    let status = if success { SPDK_BDEV_IO_STATUS_SUCCESS } else { SPDK_BDEV_IO_STATUS_FAILED };
    // SAFETY: the parent waits for this write.
    unsafe {
        spdk_bdev_free_io(child);
        unlock(cb_arg.cast(), status);
    }
}

/// # Safety
/// - The blocks are locked for `io`.
unsafe fn unlock(io: *mut spdk_bdev_io, status: spdk_bdev_io_status) {
    // SAFETY: by contract.
    unsafe {
        int(io).set_status(status);
        lba_lock::unlock_for_io(io, unlocked);
    }
}

unsafe extern "C" fn unlocked(ctx: *mut c_void, _status: c_int) {
    // SAFETY: the I/O has its status and waited for the unlock only.
    unsafe { call_back(ctx.cast()) };
}
