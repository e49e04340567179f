//! An operation as C is asked for it, for the lanes that are written by hand.

use core::ffi::{c_int, c_void};

use spdk_async::spdk_sys::{self, spdk_bdev_desc, spdk_bdev_io_completion_cb, spdk_io_channel};

use crate::options::Op;
use crate::pieces::Pieces;
use crate::target::{BLOCK_SIZE, Target};

/// The bdev by its C pointers.
#[derive(Clone, Copy)]
pub(super) struct Channel {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
}

impl Channel {
    pub(super) const fn of(target: &Target) -> Self {
        Self { desc: target.desc, ch: target.ch }
    }

    /// Submits an operation at a byte.
    ///
    /// # Safety
    ///
    /// - Descriptor and channel are open, and this is their thread.
    /// - The pieces stay where they are, and their buffers too, until `cb`, which `cb_arg` is for.
    #[inline(always)]
    pub(super) unsafe fn by_bytes(
        self,
        op: Op,
        pieces: &mut Pieces,
        offset: u64,
        cb: spdk_bdev_io_completion_cb,
        cb_arg: *mut c_void,
    ) -> c_int {
        let (Self { desc, ch }, Pieces { start, len, iovs, count }) = (self, pieces);
        match op {
            // SAFETY: the caller's promise.
            Op::Read => unsafe {
                spdk_sys::spdk_bdev_read(desc, ch, *start, offset, *len, cb, cb_arg)
            },
            // SAFETY: the caller's promise.
            Op::Write => unsafe {
                spdk_sys::spdk_bdev_write(desc, ch, *start, offset, *len, cb, cb_arg)
            },
            // SAFETY: the caller's promise.
            Op::Readv => unsafe {
                let iovs = iovs.as_mut_ptr();
                spdk_sys::spdk_bdev_readv(desc, ch, iovs, *count, offset, *len, cb, cb_arg)
            },
        }
    }

    /// The same at a block.
    ///
    /// # Safety
    ///
    /// - As for [`by_bytes`](Self::by_bytes).
    #[inline(always)]
    pub(super) unsafe fn by_blocks(
        self,
        op: Op,
        pieces: &mut Pieces,
        offset: u64,
        cb: spdk_bdev_io_completion_cb,
        cb_arg: *mut c_void,
    ) -> c_int {
        let (Self { desc, ch }, Pieces { start, len, iovs, count }) = (self, pieces);
        let (block, blocks) = (offset / BLOCK_SIZE, *len / BLOCK_SIZE);
        match op {
            // SAFETY: the caller's promise.
            Op::Read => unsafe {
                spdk_sys::spdk_bdev_read_blocks(desc, ch, *start, block, blocks, cb, cb_arg)
            },
            // SAFETY: the caller's promise.
            Op::Write => unsafe {
                spdk_sys::spdk_bdev_write_blocks(desc, ch, *start, block, blocks, cb, cb_arg)
            },
            // SAFETY: the caller's promise.
            Op::Readv => unsafe {
                let iovs = iovs.as_mut_ptr();
                spdk_sys::spdk_bdev_readv_blocks(desc, ch, iovs, *count, block, blocks, cb, cb_arg)
            },
        }
    }
}
