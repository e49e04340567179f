//! The bdev_io as a module sees it, and the parameters of each kind of I/O.

use core::ffi::{c_int, c_void};

use super::module_types::{SPDK_BDEV_IO_NUM_CHILD_IOV, spdk_bdev};
use super::types::{iovec, spdk_nvme_cmd, zeroed_default};
use crate::{spdk_io_channel, spdk_poller};

/// Flags of a zero-copy I/O.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_io_zcopy_params {
    /// The buffers are filled with the data of the blocks.
    pub populate: u8,
    /// The buffers are written to the blocks.
    pub commit: u8,
    /// 1 for a start, 0 for an end.
    pub start: u8,
}

/// Target of a user's abort.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_bio_abort_params {
    /// `cb_arg` of the I/O to abort.
    pub bio_cb_arg: *mut c_void,
}

/// Result of a seek.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_io_seek_params {
    /// Block found, or `u64::MAX`.
    pub offset: u64,
}

/// Source of a copy.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_io_copy_params {
    /// First source block.
    pub src_offset_blocks: u64,
}

/// Parameters of an I/O on blocks.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_block_params {
    /// Data buffers. For a read, `iovs[0].iov_base` may be NULL: the module provides the memory.
    pub iovs: *mut iovec,
    /// Number of `iovs`.
    pub iovcnt: c_int,
    /// Number of blocks.
    pub num_blocks: u64,
    /// First block.
    pub offset_blocks: u64,
    /// Separate metadata, or NULL.
    pub md_buf: *mut c_void,
    /// Buffers of the second half of a compare and write.
    pub fused_iovs: *mut iovec,
    /// Number of `fused_iovs`.
    pub fused_iovcnt: c_int,
    /// Zero copy only.
    pub zcopy: spdk_bdev_io_zcopy_params,
    /// A user's abort only.
    pub abort: spdk_bdev_io_bio_abort_params,
    /// Seek only.
    pub seek: spdk_bdev_io_seek_params,
    /// Copy only.
    pub copy: spdk_bdev_io_copy_params,
}

/// State of a reset that waits for outstanding I/O.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_reset_wait_poller {
    /// Looks again in a second.
    pub poller: *mut spdk_poller,
    /// Tick at which the module is reset regardless.
    pub stop_time_tsc: u64,
}

/// Parameters of a reset.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_reset_params {
    /// The reset's own channel reference.
    pub ch_ref: *mut spdk_io_channel,
    /// Waits for outstanding I/O.
    pub wait_poller: spdk_bdev_io_reset_wait_poller,
}

/// Parameters of an abort, as a module sees it.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_abort_params {
    /// The I/O to abort.
    pub bio_to_abort: *mut spdk_bdev_io,
}

/// Parameters of an NVMe passthrough.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_nvme_passthru_params {
    /// The command.
    pub cmd: spdk_nvme_cmd,
    /// Data buffers of the iovec variant.
    pub iovs: *mut iovec,
    /// Number of `iovs`.
    pub iovcnt: c_int,
    /// Data buffer.
    pub buf: *mut c_void,
    /// Bytes of data.
    pub nbytes: usize,
    /// Metadata buffer, or NULL.
    pub md_buf: *mut c_void,
    /// Bytes of metadata.
    pub md_len: usize,
}

/// Parameters of an I/O, by its type.
#[repr(C)]
#[derive(Copy, Clone)]
pub union spdk_bdev_io_params {
    /// Everything on blocks, and a user's abort.
    pub bdev: spdk_bdev_io_block_params,
    /// Reset.
    pub reset: spdk_bdev_io_reset_params,
    /// Abort, as a module sees it.
    pub abort: spdk_bdev_io_abort_params,
    /// NVMe passthrough.
    pub nvme_passthru: spdk_bdev_io_nvme_passthru_params,
}

/// One I/O request. Belongs to the module from `submit_request` until `spdk_bdev_io_complete`, then
/// to the completion callback until `spdk_bdev_free_io`.
#[repr(C, align(64))]
pub struct spdk_bdev_io {
    /// The bdev.
    pub bdev: *mut spdk_bdev,
    /// An `spdk_bdev_io_type`.
    pub type_: u8,
    /// How often the module was tried again after NOMEM.
    pub num_retries: u16,
    /// The iovec of I/O on a single buffer.
    pub iov: iovec,
    /// Iovecs of the children of a split I/O.
    pub child_iov: [iovec; SPDK_BDEV_IO_NUM_CHILD_IOV as usize],
    /// Parameters by type.
    pub u: spdk_bdev_io_params,
    /// Private to the bdev layer.
    pub internal: super::io::spdk_bdev_io_internal_fields,
    /// The module's context begins here; see [`spdk_bdev_io_get_driver_ctx`].
    pub driver_ctx: [u64; 0],
}

impl core::fmt::Debug for spdk_bdev_io {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("spdk_bdev_io")
            .field("bdev", &self.bdev)
            .field("type_", &self.type_)
            .finish_non_exhaustive()
    }
}

/// The module's context inside a bdev_io: `get_ctx_size` bytes. In C this is the field
/// `driver_ctx`, which Rust cannot name as an array of unknown length.
///
/// # Safety
/// - `bdev_io` was handed out by the bdev layer.
#[must_use]
pub unsafe fn spdk_bdev_io_get_driver_ctx(bdev_io: *mut spdk_bdev_io) -> *mut c_void {
    // SAFETY: every bdev_io is allocated with the context behind it.
    unsafe { bdev_io.byte_add(size_of::<spdk_bdev_io>()).cast() }
}

/// The bdev_io that `ctx`, a module's driver context, belongs to.
///
/// # Safety
/// - `ctx` came from [`spdk_bdev_io_get_driver_ctx`].
#[must_use]
pub unsafe extern "C" fn spdk_bdev_io_from_ctx(ctx: *mut c_void) -> *mut spdk_bdev_io {
    // SAFETY: the context lies behind its bdev_io in one allocation.
    unsafe { ctx.byte_sub(size_of::<spdk_bdev_io>()).cast() }
}

zeroed_default!(
    spdk_bdev_io_block_params,
    spdk_bdev_io_reset_params,
    spdk_bdev_io_abort_params,
    spdk_bdev_io_nvme_passthru_params,
    spdk_bdev_io_params,
);
