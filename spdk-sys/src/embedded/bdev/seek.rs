//! Seeking the next data or hole. A bdev that cannot tell is taken to hold data everywhere.

use core::ffi::{c_int, c_void};

use super::complete::succeed_by_message;
use super::query::supports;
use super::rw::valid_blocks;
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_SEEK_DATA, SPDK_BDEV_IO_TYPE_SEEK_HOLE, spdk_bdev_desc, spdk_bdev_io,
    spdk_bdev_io_completion_cb, spdk_bdev_io_type,
};
use crate::spdk_io_channel;

unsafe fn seek(origin: &Origin<'_>, type_: spdk_bdev_io_type, offset: u64) -> c_int {
    // SAFETY: the origin is valid.
    unsafe {
        if !valid_blocks(origin.ch.bdev, offset, 1) {
            return -libc::EINVAL;
        }
        let io = prepare(origin, type_);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        (*io).u.bdev.offset_blocks = offset;
        if supports(origin.ch.bdev, type_) {
            submit(io);
            return 0;
        }
        let is_data = type_ == SPDK_BDEV_IO_TYPE_SEEK_DATA;
        (*io).u.bdev.seek.offset = if is_data { offset } else { u64::MAX };
        succeed_by_message(io);
    }
    0
}

/// Seeks the next block with data from `offset_blocks` on. Returns 0, and `cb` runs once; or -EINVAL
/// if the block does not exist, or -ENOMEM. Result: [`spdk_bdev_io_get_seek_offset`].
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_seek_data(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        seek(&origin, SPDK_BDEV_IO_TYPE_SEEK_DATA, offset_blocks)
    }
}

/// Seeks the next hole from `offset_blocks` on; otherwise as [`spdk_bdev_seek_data`].
///
/// # Safety
/// - As [`spdk_bdev_seek_data`].
pub unsafe extern "C" fn spdk_bdev_seek_hole(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        seek(&origin, SPDK_BDEV_IO_TYPE_SEEK_HOLE, offset_blocks)
    }
}

/// The block a completed seek found, or `u64::MAX`.
///
/// # Safety
/// - `bdev_io` is a seek that completed and was not freed.
pub unsafe extern "C" fn spdk_bdev_io_get_seek_offset(bdev_io: *const spdk_bdev_io) -> u64 {
    // SAFETY: by contract.
    unsafe { (*bdev_io).u.bdev.seek.offset }
}
