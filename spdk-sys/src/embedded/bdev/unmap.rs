//! I/O on blocks that carries no data: unmap, flush, and marking blocks as unreadable.

use core::ffi::{c_int, c_void};

use super::complete::succeed_by_message;
use super::query::supports;
use super::rw::{to_blocks, valid_blocks};
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_FLUSH, SPDK_BDEV_IO_TYPE_UNMAP, SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE, iovec,
    spdk_bdev_desc, spdk_bdev_io_completion_cb, spdk_bdev_io_type,
};
use crate::spdk_io_channel;

/// # Safety
/// - The origin is valid.
unsafe fn start(origin: &Origin<'_>, type_: spdk_bdev_io_type, offset: u64, count: u64) -> c_int {
    // SAFETY: by contract.
    unsafe {
        if !valid_blocks(origin.ch.bdev, offset, count) {
            return -libc::EINVAL;
        }
        let io = prepare(origin, type_);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        (*io).u.bdev.offset_blocks = offset;
        (*io).u.bdev.num_blocks = count;
        if type_ == SPDK_BDEV_IO_TYPE_UNMAP {
            (*io).iov = iovec { iov_base: core::ptr::null_mut(), iov_len: 0 };
            (*io).u.bdev.iovs = &raw mut (*io).iov;
            (*io).u.bdev.iovcnt = 1;
            if count == 0 {
                succeed_by_message(io);
                return 0;
            }
        }
        submit(io);
    }
    0
}

/// Unmaps blocks. See [`spdk_bdev_unmap_blocks`].
///
/// # Safety
/// - The origin is valid.
pub(super) unsafe fn unmap(origin: &Origin<'_>, offset: u64, count: u64) -> c_int {
    if !origin.desc.writable() {
        return -libc::EBADF;
    }
    // SAFETY: by contract.
    unsafe { start(origin, SPDK_BDEV_IO_TYPE_UNMAP, offset, count) }
}

/// Unmaps `nbytes` bytes at byte `offset`, both multiples of the block size (else -EINVAL); then as
/// [`spdk_bdev_unmap_blocks`].
///
/// # Safety
/// - As [`spdk_bdev_unmap_blocks`].
pub unsafe extern "C" fn spdk_bdev_unmap(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset: u64,
    nbytes: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        match to_blocks(desc, offset, nbytes) {
            Some((offset, count)) => spdk_bdev_unmap_blocks(desc, ch, offset, count, cb, cb_arg),
            None => -libc::EINVAL,
        }
    }
}

/// Tells the bdev that blocks are not needed. Returns 0, and `cb` runs once; or -EBADF on a read-only
/// descriptor, -EINVAL, or -ENOMEM. A bdev that cannot unmap completes with an error: support is not
/// checked here. No blocks at all succeed without reaching the module.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_unmap_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe { unmap(&Origin::user(desc, ch, cb, cb_arg), offset_blocks, num_blocks) }
}

/// Flushes `length` bytes at byte `offset`, both multiples of the block size (else -EINVAL); then as
/// [`spdk_bdev_flush_blocks`].
///
/// # Safety
/// - As [`spdk_bdev_flush_blocks`].
pub unsafe extern "C" fn spdk_bdev_flush(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset: u64,
    length: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        match to_blocks(desc, offset, length) {
            Some((offset, count)) => spdk_bdev_flush_blocks(desc, ch, offset, count, cb, cb_arg),
            None => -libc::EINVAL,
        }
    }
}

/// Makes blocks durable. Returns 0, and `cb` runs once; or -EBADF on a read-only descriptor, -ENOTSUP
/// if the bdev cannot flush, -EINVAL, or -ENOMEM.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_flush_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        if !origin.desc.writable() {
            return -libc::EBADF;
        }
        if !supports(origin.ch.bdev, SPDK_BDEV_IO_TYPE_FLUSH) {
            return -libc::ENOTSUP;
        }
        start(&origin, SPDK_BDEV_IO_TYPE_FLUSH, offset_blocks, num_blocks)
    }
}

/// Marks blocks so that reading them fails. Returns 0, and `cb` runs once; or -EBADF on a read-only
/// descriptor, -EINVAL, -ENOTSUP if the bdev cannot do that, or -ENOMEM.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_write_uncorrectable_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        if !origin.desc.writable() {
            return -libc::EBADF;
        }
        if !valid_blocks(origin.ch.bdev, offset_blocks, num_blocks) {
            return -libc::EINVAL;
        }
        if !supports(origin.ch.bdev, SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE) {
            return -libc::ENOTSUP;
        }
        start(&origin, SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE, offset_blocks, num_blocks)
    }
}
