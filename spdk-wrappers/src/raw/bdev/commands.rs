//! Compares, copies, unmaps and the other block commands of `bdev.h`.
//!
//! The channel and the buffers travel in the record and come back with the reply.

use core::ffi::{c_int, c_void};

use libc::iovec;
use spdk_sys::{spdk_bdev_desc, spdk_io_channel};

use super::callbacks::spdk_bdev_io_completion_cb;
use crate::spdk_async;

/// Compares the device with `buf`. A difference is a failure with NVMe status 2/85h. Works on a
/// read-only descriptor.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_compare_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Compares the device with `buf` and its metadata with `md`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range, or
/// no separate metadata), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_compare_blocks_with_md(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    #[keep] md: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Compares the device with the buffers of `iov`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_comparev_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Compares the device with the buffers of `iov` and its metadata with `md`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range, or
/// no separate metadata), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_comparev_blocks_with_md(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    #[keep] md: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes `write_iov` if the device equals `compare_iov`, in one step. At most as many blocks as
/// `spdk_bdev_get_acwu` says.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_comparev_and_writev_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] compare_iov: *mut iovec,
    compare_iovcnt: c_int,
    #[keep] write_iov: *mut iovec,
    write_iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes zeroes.
///
/// Offset and length are in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range or alignment), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_write_zeroes(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset: u64,
    len: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes zeroes.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_write_zeroes_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Tells the device that a range is no longer needed. A device that cannot, fails the call through
/// its callback.
///
/// Offset and length are in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range or alignment), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_unmap(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset: u64,
    nbytes: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Tells the device that a range is no longer needed. A device that cannot, fails the call through
/// its callback.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_unmap_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Makes what was written durable.
///
/// Offset and length are in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range or alignment),
/// `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_flush(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset: u64,
    length: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Makes what was written durable.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range),
/// `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_flush_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Copies a range of the device to another.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_copy_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    dst_offset_blocks: u64,
    src_offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Marks blocks as unreadable until they are written again.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range),
/// `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_write_uncorrectable_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Resets the device: new calls on every channel are aborted until it is over.
///
/// Errors before the call is taken: only `ENOMEM`. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_reset(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Resets the NVMe subsystem behind the device.
///
/// Errors before the call is taken: `ENOTSUP`, `ENOMEM`. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_nvme_nssr(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Asks for the calls of `ch` whose context is `bio_cb_arg` to be aborted; each of them still
/// completes by itself. Fails through its callback when there is none, or one could not be aborted.
///
/// Errors before the call is taken: `EINVAL` (null `bio_cb_arg`), `ENOTSUP`, `ENOMEM`. To be made on
/// the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_abort(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    bio_cb_arg: *mut c_void,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;
