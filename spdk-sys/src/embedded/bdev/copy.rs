//! Copies inside a bdev, by the module or by a read and a write through a buffer.

use core::ffi::{c_int, c_void};

use super::complete::{finish_with, succeed_by_message};
use super::module_types::{SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_SUCCESS};
use super::query::supports;
use super::rw::{self, valid_blocks};
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_COPY, buf, io_wait, spdk_bdev_desc, spdk_bdev_free_io, spdk_bdev_io,
    spdk_bdev_io_completion_cb, split,
};
use crate::spdk_io_channel;

/// Copies blocks. See [`spdk_bdev_copy_blocks`].
///
/// # Safety
/// - The origin is valid.
pub(super) unsafe fn copy(origin: &Origin<'_>, dst: u64, src: u64, count: u64) -> c_int {
    if !origin.desc.writable() {
        return -libc::EBADF;
    }
    let bdev = origin.ch.bdev;
    // SAFETY: by contract.
    unsafe {
        if !valid_blocks(bdev, dst, count) || !valid_blocks(bdev, src, count) {
            return -libc::EINVAL;
        }
        let io = prepare(origin, SPDK_BDEV_IO_TYPE_COPY);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        (*io).u.bdev.offset_blocks = dst;
        (*io).u.bdev.copy.src_offset_blocks = src;
        (*io).u.bdev.num_blocks = count;
        if dst == src || count == 0 {
            succeed_by_message(io);
        } else if supports(bdev, SPDK_BDEV_IO_TYPE_COPY) || (!origin.child && split::needed(io)) {
            submit(io);
        } else if buf::ensure(io, count.saturating_mul((*bdev).blocklen.into())) {
            read(io.cast());
        } else {
            finish_with(io, SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
    0
}

unsafe extern "C" fn read(ctx: *mut c_void) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: called for a prepared copy with a buffer, now or when a bdev_io is available.
    unsafe {
        let params = (*io).u.bdev;
        let origin = Origin::for_parent(io, false, read_done);
        let buf = (*params.iovs).iov_base;
        let rc = rw::read(&origin, buf, params.copy.src_offset_blocks, params.num_blocks);
        wait_or_fail(io, rc, read);
    }
}

unsafe extern "C" fn read_done(child: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    // SAFETY: the parent waits for this read.
    unsafe {
        spdk_bdev_free_io(child);
        if success {
            write(cb_arg);
        } else {
            finish_with(cb_arg.cast(), SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
}

unsafe extern "C" fn write(ctx: *mut c_void) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: as in `read`; the buffer holds what was read.
    unsafe {
        let params = (*io).u.bdev;
        let origin = Origin::for_parent(io, false, write_done);
        let buf = (*params.iovs).iov_base;
        let rc = rw::write(&origin, buf, params.offset_blocks, params.num_blocks);
        wait_or_fail(io, rc, write);
    }
}

/// # Safety
/// - `io` is a copy whose next step returned `rc`.
unsafe fn wait_or_fail(
    io: *mut spdk_bdev_io,
    rc: c_int,
    resume: unsafe extern "C" fn(*mut c_void),
) {
    // SAFETY: by contract.
    unsafe {
        if rc == -libc::ENOMEM {
            io_wait::queue(io, resume, false);
        } else if rc != 0 {
            finish_with(io, SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
}

unsafe extern "C" fn write_done(child: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    let status = if success { SPDK_BDEV_IO_STATUS_SUCCESS } else { SPDK_BDEV_IO_STATUS_FAILED };
    // SAFETY: the parent waits for this write.
    unsafe {
        spdk_bdev_free_io(child);
        finish_with(cb_arg.cast(), status);
    }
}

/// Copies blocks inside the bdev, by reading and writing if the module has no better way. Returns 0,
/// and `cb` runs once; or -EBADF on a read-only descriptor, -EINVAL if either range does not exist,
/// or -ENOMEM. No blocks, or the same range, succeed without reaching the module.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_copy_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    dst_offset_blocks: u64,
    src_offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        copy(&origin, dst_offset_blocks, src_offset_blocks, num_blocks)
    }
}
