//! Compare, by the module or by a read and a comparison in memory.
//!
//! The parent of an emulated compare is not on the submitted list: it cannot be aborted and has no
//! statistics, as in SPDK.

use core::ffi::{c_int, c_void};
use core::slice;

use super::complete::finish_with;
use super::module_types::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_MISCOMPARE, SPDK_BDEV_IO_STATUS_SUCCESS,
};
use super::query::supports;
use super::rw::{self, md_allowed, valid_blocks};
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_COMPARE, buf, io_wait, iovec, spdk_bdev_desc, spdk_bdev_desc_get_block_size,
    spdk_bdev_free_io, spdk_bdev_io, spdk_bdev_io_completion_cb,
};
use crate::spdk_io_channel;

/// Compares iovecs with blocks. See [`spdk_bdev_comparev_blocks`].
///
/// # Safety
/// - The origin is valid; the memory stays valid until the completion callback.
pub(super) unsafe fn comparev(
    origin: &Origin<'_>,
    iov: *mut iovec,
    iovcnt: c_int,
    md: *mut c_void,
    offset: u64,
    count: u64,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let io = match start(origin, md, offset, count) {
            Ok(io) => io,
            Err(errno) => return -errno,
        };
        (*io).u.bdev.iovs = iov;
        (*io).u.bdev.iovcnt = iovcnt;
        go(io);
    }
    0
}

/// # Safety
/// - The origin is valid.
unsafe fn start(
    origin: &Origin<'_>,
    md: *mut c_void,
    offset: u64,
    count: u64,
) -> Result<*mut spdk_bdev_io, c_int> {
    // SAFETY: by contract.
    unsafe {
        if !valid_blocks(origin.ch.bdev, offset, count) {
            return Err(libc::EINVAL);
        }
        let io = prepare(origin, SPDK_BDEV_IO_TYPE_COMPARE);
        if io.is_null() {
            return Err(libc::ENOMEM);
        }
        (*io).u.bdev.md_buf = md;
        (*io).u.bdev.offset_blocks = offset;
        (*io).u.bdev.num_blocks = count;
        Ok(io)
    }
}

/// # Safety
/// - `io` is a prepared compare.
unsafe fn go(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        if supports((*io).bdev, SPDK_BDEV_IO_TYPE_COMPARE) {
            submit(io);
        } else {
            read(io.cast());
        }
    }
}

unsafe extern "C" fn read(ctx: *mut c_void) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: called for a prepared compare, now or when a bdev_io is available.
    unsafe {
        let params = (*io).u.bdev;
        let origin = Origin::for_parent(io, false, read_done);
        let no_buf = core::ptr::null_mut();
        let rc = rw::read(&origin, no_buf, params.offset_blocks, params.num_blocks);
        if rc == -libc::ENOMEM {
            io_wait::queue(io, read, false);
        } else if rc != 0 {
            finish_with(io, SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
}

unsafe extern "C" fn read_done(child: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    let parent = cb_arg.cast::<spdk_bdev_io>();
    // SAFETY: the parent waits for this read, whose memory is valid until it is freed.
    unsafe {
        let status = if !success {
            SPDK_BDEV_IO_STATUS_FAILED
        } else if same_data(child, parent) {
            SPDK_BDEV_IO_STATUS_SUCCESS
        } else {
            SPDK_BDEV_IO_STATUS_MISCOMPARE
        };
        spdk_bdev_free_io(child);
        finish_with(parent, status);
    }
}

/// # Safety
/// - `child` has read the blocks of `parent` into one buffer.
unsafe fn same_data(child: *mut spdk_bdev_io, parent: *mut spdk_bdev_io) -> bool {
    // SAFETY: by contract; the caller's iovecs are valid until the parent completes.
    unsafe {
        let (read, expected) = ((*child).u.bdev, (*parent).u.bdev);
        let mut left = (*read.iovs).iov_len;
        let mut at = (*read.iovs).iov_base.cast::<u8>();
        for i in 0..expected.iovcnt as usize {
            let iov = *expected.iovs.add(i);
            let len = iov.iov_len.min(left);
            if len == 0 {
                continue;
            }
            let wanted = slice::from_raw_parts(iov.iov_base.cast::<u8>(), len);
            if slice::from_raw_parts(at, len) != wanted {
                return false;
            }
            at = at.add(len);
            left -= len;
        }
        true
    }
}

/// Compares blocks with one buffer. Returns 0, and `cb` runs once, with success false and the status
/// "compare failure" if the data differ; or -EINVAL or -ENOMEM. Works on a read-only descriptor.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
/// - The buffer holds that many blocks and stays valid until `cb` runs.
pub unsafe extern "C" fn spdk_bdev_compare_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    buf: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    let md = core::ptr::null_mut();
    // SAFETY: by contract.
    unsafe {
        spdk_bdev_compare_blocks_with_md(desc, ch, buf, md, offset_blocks, num_blocks, cb, cb_arg)
    }
}

/// As [`spdk_bdev_compare_blocks`], with separate metadata. -EINVAL if `md` is given and the bdev has
/// none.
///
/// # Safety
/// - As [`spdk_bdev_compare_blocks`], for `md` too.
pub unsafe extern "C" fn spdk_bdev_compare_blocks_with_md(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    buf: *mut c_void,
    md: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        if !md.is_null() && !md_allowed(desc, md, buf.is_null()) {
            return -libc::EINVAL;
        }
        let origin = Origin::user(desc, ch, cb, cb_arg);
        let io = match start(&origin, md, offset_blocks, num_blocks) {
            Ok(io) => io,
            Err(errno) => return -errno,
        };
        let size = u64::from(spdk_bdev_desc_get_block_size(desc));
        (*io).iov = iovec { iov_base: buf, iov_len: num_blocks.saturating_mul(size) as usize };
        (*io).u.bdev.iovs = &raw mut (*io).iov;
        (*io).u.bdev.iovcnt = 1;
        go(io);
    }
    0
}

/// As [`spdk_bdev_compare_blocks`], on an array of buffers. Their total length is not checked.
///
/// # Safety
/// - As [`spdk_bdev_compare_blocks`]; the array itself stays in place until `cb` runs, too.
pub unsafe extern "C" fn spdk_bdev_comparev_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    iov: *mut iovec,
    iovcnt: c_int,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    let md = core::ptr::null_mut();
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        comparev(&origin, iov, iovcnt, md, offset_blocks, num_blocks)
    }
}

/// As [`spdk_bdev_comparev_blocks`], with separate metadata. -EINVAL if `md` is given and the bdev
/// has none.
///
/// # Safety
/// - As [`spdk_bdev_comparev_blocks`], for `md` too.
pub unsafe extern "C" fn spdk_bdev_comparev_blocks_with_md(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    iov: *mut iovec,
    iovcnt: c_int,
    md: *mut c_void,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        if !md.is_null() && !md_allowed(desc, md, !buf::is_allocated(iov)) {
            return -libc::EINVAL;
        }
        let origin = Origin::user(desc, ch, cb, cb_arg);
        comparev(&origin, iov, iovcnt, md, offset_blocks, num_blocks)
    }
}
