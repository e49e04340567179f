//! Seeks and zero-copy of `bdev.h`: calls whose reply is more than success.
//!
//! The channel and the buffers travel in the record and come back with the reply.

use core::ffi::{c_int, c_void};

use libc::iovec;
use spdk_sys::{spdk_bdev_desc, spdk_bdev_io, spdk_io_channel};

use super::callbacks::{spdk_bdev_io_completion_cb, spdk_bdev_seek_cb, spdk_bdev_zcopy_start_cb};
use crate::spdk_async;

/// Finds the first block at or after `offset_blocks` that holds data; `u64::MAX` when there is none.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (offset), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_seek_data(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset_blocks: u64,
    cb: spdk_bdev_seek_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Finds the first block at or after `offset_blocks` that holds none; `u64::MAX` when there is none.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (offset), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_seek_hole(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    offset_blocks: u64,
    cb: spdk_bdev_seek_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Borrows the buffers behind a range; with `populate`, filled. The handle must go to
/// [`spdk_bdev_zcopy_end`] while the channel lives. `iov` may be null.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range),
/// `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_zcopy_start(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    populate: bool,
    cb: spdk_bdev_zcopy_start_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Gives borrowed buffers back; with `commit`, writes them. Takes the `spdk_bdev_io` over unless it
/// refuses with `EINVAL` (not a zero-copy one). To be made on the thread of its channel.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_zcopy_end(
    #[keep] bdev_io: *mut spdk_bdev_io,
    commit: bool,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;
