//! NVMe commands handed to the module as they are, and the NVMe subsystem reset.
//!
//! No module of the embedded backend executes them; a module of a test may.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::io_types::spdk_bdev_io_nvme_passthru_params;
use super::query::supports;
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_NVME_ADMIN, SPDK_BDEV_IO_TYPE_NVME_IO, SPDK_BDEV_IO_TYPE_NVME_IO_MD,
    SPDK_BDEV_IO_TYPE_NVME_IOV_MD, SPDK_BDEV_IO_TYPE_NVME_NSSR, iovec, spdk_bdev_desc,
    spdk_bdev_io_completion_cb, spdk_bdev_io_type, spdk_nvme_cmd,
};
use crate::spdk_io_channel;

/// # Safety
/// - The origin is valid.
unsafe fn start(
    origin: &Origin<'_>,
    type_: spdk_bdev_io_type,
    needs: spdk_bdev_io_type,
    params: spdk_bdev_io_nvme_passthru_params,
) -> c_int {
    if !origin.desc.writable() {
        return -libc::EBADF;
    }
    // SAFETY: by contract.
    unsafe {
        if !supports(origin.ch.bdev, needs) {
            return -libc::ENOTSUP;
        }
        let io = prepare(origin, type_);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        (*io).u.nvme_passthru = params;
        submit(io);
    }
    0
}

/// # Safety
/// - `cmd` is valid.
unsafe fn params(
    cmd: *const spdk_nvme_cmd,
    data: (*mut c_void, usize),
    md: (*mut c_void, usize),
) -> spdk_bdev_io_nvme_passthru_params {
    spdk_bdev_io_nvme_passthru_params {
        // SAFETY: by contract.
        cmd: unsafe { *cmd },
        iovs: ptr::null_mut(),
        iovcnt: 0,
        buf: data.0,
        nbytes: data.1,
        md_buf: md.0,
        md_len: md.1,
    }
}

/// Executes an NVMe admin command. Returns 0, and `cb` runs once; or -EBADF on a read-only descriptor
/// (even for reads), -ENOTSUP, or -ENOMEM.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
/// - `cmd` is valid during the call, the buffer until `cb` runs.
pub unsafe extern "C" fn spdk_bdev_nvme_admin_passthru(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    cmd: *const spdk_nvme_cmd,
    buf: *mut c_void,
    nbytes: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    let type_ = SPDK_BDEV_IO_TYPE_NVME_ADMIN;
    // SAFETY: by contract.
    unsafe {
        let params = params(cmd, (buf, nbytes), (ptr::null_mut(), 0));
        start(&Origin::user(desc, ch, cb, cb_arg), type_, type_, params)
    }
}

/// Executes an NVMe I/O command; otherwise as [`spdk_bdev_nvme_admin_passthru`].
///
/// # Safety
/// - As [`spdk_bdev_nvme_admin_passthru`].
pub unsafe extern "C" fn spdk_bdev_nvme_io_passthru(
    bdev_desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    cmd: *const spdk_nvme_cmd,
    buf: *mut c_void,
    nbytes: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    let type_ = SPDK_BDEV_IO_TYPE_NVME_IO;
    // SAFETY: by contract.
    unsafe {
        let params = params(cmd, (buf, nbytes), (ptr::null_mut(), 0));
        start(&Origin::user(bdev_desc, ch, cb, cb_arg), type_, type_, params)
    }
}

/// Executes an NVMe I/O command with separate metadata; otherwise as
/// [`spdk_bdev_nvme_admin_passthru`].
///
/// # Safety
/// - As [`spdk_bdev_nvme_admin_passthru`], for the metadata too.
pub unsafe extern "C" fn spdk_bdev_nvme_io_passthru_md(
    bdev_desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    cmd: *const spdk_nvme_cmd,
    buf: *mut c_void,
    nbytes: usize,
    md_buf: *mut c_void,
    md_len: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    let type_ = SPDK_BDEV_IO_TYPE_NVME_IO_MD;
    // SAFETY: by contract.
    unsafe {
        let params = params(cmd, (buf, nbytes), (md_buf, md_len));
        start(&Origin::user(bdev_desc, ch, cb, cb_arg), type_, type_, params)
    }
}

/// Executes an NVMe I/O command on an array of buffers, with metadata if `md_buf` is given; otherwise
/// as [`spdk_bdev_nvme_admin_passthru`].
///
/// # Safety
/// - As [`spdk_bdev_nvme_admin_passthru`], for the array and the metadata too.
pub unsafe extern "C" fn spdk_bdev_nvme_iov_passthru_md(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    cmd: *const spdk_nvme_cmd,
    iov: *mut iovec,
    iovcnt: c_int,
    nbytes: usize,
    md_buf: *mut c_void,
    md_len: usize,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        let with_md = !md_buf.is_null();
        if origin.desc.writable()
            && with_md
            && !supports(origin.ch.bdev, SPDK_BDEV_IO_TYPE_NVME_IO_MD)
        {
            return -libc::ENOTSUP;
        }
        let mut params = params(cmd, (ptr::null_mut(), nbytes), (md_buf, md_len));
        params.iovs = iov;
        params.iovcnt = iovcnt;
        start(&origin, SPDK_BDEV_IO_TYPE_NVME_IOV_MD, SPDK_BDEV_IO_TYPE_NVME_IO, params)
    }
}

/// Resets the NVM subsystem. Returns 0, and `cb` runs once; or -ENOTSUP or -ENOMEM.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_nvme_nssr(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        if !supports(origin.ch.bdev, SPDK_BDEV_IO_TYPE_NVME_NSSR) {
            return -libc::ENOTSUP;
        }
        let io = prepare(&origin, SPDK_BDEV_IO_TYPE_NVME_NSSR);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        submit(io);
    }
    0
}
