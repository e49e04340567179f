//! Reads and writes of `bdev.h`.
//!
//! The channel and the buffers travel in the record and come back with the reply.

use core::ffi::{c_int, c_void};

use libc::iovec;
use spdk_sys::{spdk_bdev_desc, spdk_bdev_ext_io_opts, spdk_io_channel};

use super::callbacks::spdk_bdev_io_completion_cb;
use crate::spdk_async;

/// Reads into `buf`.
///
/// Offset and length are in bytes. `buf` must hold as many bytes. Errors before the call is taken: `EINVAL` (range or
/// alignment), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_read(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    offset: u64,
    nbytes: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Reads into `buf`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_read_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Reads data into `buf` and separate metadata into `md`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range, or
/// no separate metadata), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_read_blocks_with_md(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    #[keep] md: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Reads into the buffers of `iov`, whose lengths must add up to `nbytes`.
///
/// Offset and length are in bytes. Errors before the call is taken: `EINVAL` (range or
/// alignment), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_readv(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset: u64,
    nbytes: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Reads into the buffers of `iov`, whose lengths must add up to the blocks.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_readv_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Reads data into the buffers of `iov` and separate metadata into `md`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range, or
/// no separate metadata), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_readv_blocks_with_md(
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

/// Reads into the buffers of `iov` with options. What the options point to must live until the
/// callback; `opts` itself is read during the call.
///
/// Offset and length are in blocks. Errors before the call is taken: `EINVAL` (range or
/// options), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_readv_blocks_ext(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
    #[keep] opts: *mut spdk_bdev_ext_io_opts,
) -> c_int;

/// Writes from `buf`.
///
/// Offset and length are in bytes. `buf` must hold as many bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range or alignment), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_write(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    offset: u64,
    nbytes: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes from `buf`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_write_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes data from `buf` and separate metadata from `md`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_write_blocks_with_md(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] buf: *mut c_void,
    #[keep] md: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes from the buffers of `iov`, whose lengths must add up to `len`.
///
/// Offset and length are in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range or alignment), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_writev(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset: u64,
    len: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes from the buffers of `iov`, whose lengths must add up to the blocks.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_writev_blocks(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Writes data from the buffers of `iov` and separate metadata from `md`.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_writev_blocks_with_md(
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

/// Writes from the buffers of `iov` with options. What the options point to must live until the
/// callback; `opts` itself is read during the call.
///
/// Offset and length are in blocks. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `EINVAL` (range), `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_writev_blocks_ext(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
    #[keep] opts: *mut spdk_bdev_ext_io_opts,
) -> c_int;
