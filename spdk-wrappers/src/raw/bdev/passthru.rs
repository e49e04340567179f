//! NVMe passthrough of `bdev.h`.
//!
//! The channel and the buffers travel in the record and come back with the reply.

use core::ffi::{c_int, c_void};

use libc::iovec;
use spdk_sys::{spdk_bdev_desc, spdk_io_channel, spdk_nvme_cmd};

use super::callbacks::spdk_bdev_io_completion_cb;
use crate::spdk_async;

/// Sends an NVMe admin command, which is copied during the call.
///
/// `nbytes` is in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_nvme_admin_passthru(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] cmd: *const spdk_nvme_cmd,
    #[keep] buf: *mut c_void,
    nbytes: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Sends an NVMe I/O command, which is copied during the call.
///
/// `nbytes` is in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_nvme_io_passthru(
    bdev_desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] cmd: *const spdk_nvme_cmd,
    #[keep] buf: *mut c_void,
    nbytes: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Sends an NVMe I/O command with separate metadata.
///
/// Lengths are in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_nvme_io_passthru_md(
    bdev_desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] cmd: *const spdk_nvme_cmd,
    #[keep] buf: *mut c_void,
    nbytes: usize,
    #[keep] md_buf: *mut c_void,
    md_len: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;

/// Sends an NVMe I/O command whose data lies in the buffers of `iov`.
///
/// Lengths are in bytes. Errors before the call is taken: `EBADF` (read-only
/// descriptor), `ENOTSUP`, `ENOMEM` when no `spdk_bdev_io` is
/// free. To be made on the thread of `ch`.
#[spdk_async(sys = spdk_sys, crate = crate::adapter)]
pub unsafe fn spdk_bdev_nvme_iov_passthru_md(
    desc: *mut spdk_bdev_desc,
    #[keep] ch: *mut spdk_io_channel,
    #[keep] cmd: *const spdk_nvme_cmd,
    #[keep] iov: *mut iovec,
    iovcnt: c_int,
    nbytes: usize,
    #[keep] md_buf: *mut c_void,
    md_len: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int;
