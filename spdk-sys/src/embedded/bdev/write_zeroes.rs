//! Write zeroes, by the module or by writes from a shared buffer of zeroes.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};

use super::complete::finish_with;
use super::io::int;
use super::module_types::{SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_SUCCESS};
use super::query::supports;
use super::rw::{self, to_blocks, valid_blocks};
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_WRITE_ZEROES, io_wait, spdk_bdev_desc,
    spdk_bdev_free_io, spdk_bdev_io, spdk_bdev_io_completion_cb, split,
};
use crate::spdk_io_channel;

/// Size of the buffer of zeroes in bytes.
pub(super) const ZERO_BUFFER_SIZE: usize = 1024 * 1024;

#[repr(align(4096))]
struct ZeroBuffer(UnsafeCell<[u8; ZERO_BUFFER_SIZE]>);

// SAFETY: this layer never writes the buffer, and modules only read the memory of a write.
unsafe impl Sync for ZeroBuffer {}

static ZEROES: ZeroBuffer = ZeroBuffer(UnsafeCell::new([0; ZERO_BUFFER_SIZE]));

/// Writes zeroes. See [`spdk_bdev_write_zeroes_blocks`].
///
/// # Safety
/// - The origin is valid.
pub(super) unsafe fn write_zeroes(origin: &Origin<'_>, offset: u64, count: u64) -> c_int {
    if !origin.desc.writable() {
        return -libc::EBADF;
    }
    let bdev = origin.ch.bdev;
    // SAFETY: by contract.
    unsafe {
        if !valid_blocks(bdev, offset, count) {
            return -libc::EINVAL;
        }
        let native = supports(bdev, SPDK_BDEV_IO_TYPE_WRITE_ZEROES);
        if !native && !supports(bdev, SPDK_BDEV_IO_TYPE_WRITE) {
            return -libc::ENOTSUP;
        }
        let io = prepare(origin, SPDK_BDEV_IO_TYPE_WRITE_ZEROES);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        (*io).u.bdev.offset_blocks = offset;
        (*io).u.bdev.num_blocks = count;
        if native || (!origin.child && split::needed(io)) {
            submit(io);
        } else {
            write_zero_buffer(io.cast());
        }
    }
    0
}

/// Writes the blocks of an I/O from the buffer of zeroes. The I/O itself is not on the submitted
/// list: its write is.
unsafe extern "C" fn write_zero_buffer(ctx: *mut c_void) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: called for a prepared I/O, now or when a bdev_io is available.
    unsafe {
        let origin = Origin::for_parent(io, false, write_done);
        let params = (*io).u.bdev;
        let zeroes = ZEROES.0.get().cast();
        let rc = rw::write(&origin, zeroes, params.offset_blocks, params.num_blocks);
        if rc == -libc::ENOMEM {
            io_wait::queue(io, write_zero_buffer, false);
        } else if rc != 0 {
            finish_with(io, SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
}

unsafe extern "C" fn write_done(io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    let status = if success { SPDK_BDEV_IO_STATUS_SUCCESS } else { SPDK_BDEV_IO_STATUS_FAILED };
    // SAFETY: the parent waits for this write.
    unsafe {
        debug_assert!(!int(cb_arg.cast()).submitted.get());
        spdk_bdev_free_io(io);
        finish_with(cb_arg.cast(), status);
    }
}

/// Writes `len` bytes of zeroes at byte `offset`, both multiples of the block size (else -EINVAL);
/// then as [`spdk_bdev_write_zeroes_blocks`].
///
/// # Safety
/// - As [`spdk_bdev_write_zeroes_blocks`].
pub unsafe extern "C" fn spdk_bdev_write_zeroes(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset: u64,
    len: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        match to_blocks(desc, offset, len) {
            Some((offset, count)) => {
                spdk_bdev_write_zeroes_blocks(desc, ch, offset, count, cb, cb_arg)
            }
            None => -libc::EINVAL,
        }
    }
}

/// Writes blocks of zeroes, with ordinary writes if the module has no better way. Returns 0, and `cb`
/// runs once; or -EBADF on a read-only descriptor, -EINVAL, -ENOTSUP if the bdev cannot write, or
/// -ENOMEM.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_write_zeroes_blocks(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    offset_blocks: u64,
    num_blocks: u64,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe { write_zeroes(&Origin::user(desc, ch, cb, cb_arg), offset_blocks, num_blocks) }
}
