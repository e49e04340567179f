//! The types of bdev_module.h about modules and their bdevs: what a module fills in.
//!
//! A module owns the memory of its `spdk_bdev`; the bdev layer's own part hangs off the private
//! `internal` field, which exists from `spdk_bdev_register` until `destruct` was called.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::sync::atomic::AtomicU32;

use super::io_types::spdk_bdev_io;
use super::state::BdevState;
use super::types::{spdk_bdev_io_type, spdk_dif_type, values, zeroed_default};
use crate::{spdk_io_channel, spdk_uuid};

/// Number of iovecs a bdev_io has for the children of a split I/O.
pub const SPDK_BDEV_IO_NUM_CHILD_IOV: u32 = 32;
/// Seconds recommended for `spdk_bdev::reset_io_drain_timeout`.
pub const SPDK_BDEV_RESET_IO_DRAIN_RECOMMENDED_VALUE: u32 = 5;
/// Length of a claim's name in bytes.
pub const SPDK_BDEV_CLAIM_NAME_LEN: u32 = 32;

/// Outcome of an I/O.
pub type spdk_bdev_io_status = c_int;
/// Outcome of an I/O.
pub type spdk_bdev_io_status_t = spdk_bdev_io_status;
values! { spdk_bdev_io_status;
    /// Linux AIO error; see `spdk_bdev_io_get_aio_status`.
    SPDK_BDEV_IO_STATUS_AIO_ERROR = -8;
    /// Aborted.
    SPDK_BDEV_IO_STATUS_ABORTED = -7;
    /// The first command of a fused pair failed.
    SPDK_BDEV_IO_STATUS_FIRST_FUSED_FAILED = -6;
    /// The data differ.
    SPDK_BDEV_IO_STATUS_MISCOMPARE = -5;
    /// The module is short of resources: the bdev layer tries again.
    SPDK_BDEV_IO_STATUS_NOMEM = -4;
    /// SCSI error; see `spdk_bdev_io_get_scsi_status`.
    SPDK_BDEV_IO_STATUS_SCSI_ERROR = -3;
    /// NVMe error; see `spdk_bdev_io_get_nvme_status`.
    SPDK_BDEV_IO_STATUS_NVME_ERROR = -2;
    /// Failed for another reason.
    SPDK_BDEV_IO_STATUS_FAILED = -1;
    /// Not ended yet.
    SPDK_BDEV_IO_STATUS_PENDING = 0;
    /// Succeeded.
    SPDK_BDEV_IO_STATUS_SUCCESS = 1;
    /// The smallest value.
    SPDK_MIN_BDEV_IO_STATUS = -8;
}

/// How a bdev is claimed.
pub type spdk_bdev_claim_type = c_uint;
values! { spdk_bdev_claim_type;
    /// Not claimed.
    SPDK_BDEV_CLAIM_NONE = 0;
    /// One module writes.
    SPDK_BDEV_CLAIM_EXCL_WRITE = 1;
    /// Many read, one descriptor writes.
    SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE = 2;
    /// Many read, nobody writes.
    SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE = 3;
    /// Many read, those that know the key write.
    SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED = 4;
}

/// Options of a claim. 48 bytes, as in C.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_claim_opts {
    /// Size of this structure as the caller knows it, in bytes.
    pub opts_size: usize,
    /// Name of the claim, NUL-terminated.
    pub name: [c_char; SPDK_BDEV_CLAIM_NAME_LEN as usize],
    /// Key of a shared-write claim.
    pub shared_claim_key: u64,
}

/// A bdev was unregistered; `rc` is 0 or a negative errno.
pub type spdk_bdev_unregister_cb = Option<unsafe extern "C" fn(cb_arg: *mut c_void, rc: c_int)>;
/// A buffer was (or was not) attached to a bdev_io.
pub type spdk_bdev_io_get_buf_cb = Option<
    unsafe extern "C" fn(ch: *mut spdk_io_channel, bdev_io: *mut spdk_bdev_io, success: bool),
>;
/// Visits an I/O in flight; a non-zero return ends the walk.
pub type spdk_bdev_io_fn =
    Option<unsafe extern "C" fn(ctx: *mut c_void, bdev_io: *mut spdk_bdev_io) -> c_int>;
/// A walk over the I/O in flight has ended.
pub type spdk_bdev_for_each_io_cb = Option<unsafe extern "C" fn(ctx: *mut c_void, rc: c_int)>;
/// The current queue depth is known.
pub type spdk_bdev_get_current_qd_cb = Option<
    unsafe extern "C" fn(bdev: *mut spdk_bdev, current_qd: u64, cb_arg: *mut c_void, rc: c_int),
>;
/// A quiesce or unquiesce has ended.
pub type spdk_bdev_quiesce_cb = Option<unsafe extern "C" fn(ctx: *mut c_void, status: c_int)>;

/// What a module does for one of its bdevs.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_fn_table {
    /// Frees the bdev. 0: done; negative errno: done with an error; positive: the module calls
    /// `spdk_bdev_destruct_done` later. App thread.
    pub destruct: Option<unsafe extern "C" fn(ctx: *mut c_void) -> c_int>,
    /// Executes an I/O; the module ends it with `spdk_bdev_io_complete` on the same thread.
    pub submit_request:
        Option<unsafe extern "C" fn(ch: *mut spdk_io_channel, bdev_io: *mut spdk_bdev_io)>,
    /// Whether the module executes this type. App thread.
    pub io_type_supported:
        Option<unsafe extern "C" fn(ctx: *mut c_void, type_: spdk_bdev_io_type) -> bool>,
    /// Gets a reference to the module's channel on the current thread.
    pub get_io_channel: Option<unsafe extern "C" fn(ctx: *mut c_void) -> *mut spdk_io_channel>,
    /// Time spent spinning, in microseconds.
    pub get_spin_time: Option<unsafe extern "C" fn(ch: *mut spdk_io_channel) -> u64>,
    /// Something of the module's that its users may want.
    pub get_module_ctx: Option<unsafe extern "C" fn(ctx: *mut c_void) -> *mut c_void>,
    /// Resets statistics that the module keeps itself.
    pub reset_device_stat: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}

/// The bdev layer's part of a module.
#[repr(C)]
#[derive(Debug)]
pub struct __bdev_module_internal_fields {
    pub(super) action_in_progress: AtomicU32,
}

impl Default for __bdev_module_internal_fields {
    fn default() -> Self {
        Self { action_in_progress: AtomicU32::new(0) }
    }
}

/// A bdev module. Lives as long as the process: `spdk_bdev_module_list_add` keeps its address.
#[repr(C)]
#[derive(Debug)]
pub struct spdk_bdev_module {
    /// Starts the module; non-zero ends the initialisation of the library.
    pub module_init: Option<unsafe extern "C" fn() -> c_int>,
    /// Every module is initialised.
    pub init_complete: Option<unsafe extern "C" fn()>,
    /// The library is about to shut down.
    pub fini_start: Option<unsafe extern "C" fn()>,
    /// Every bdev is gone: end the module.
    pub module_fini: Option<unsafe extern "C" fn()>,
    /// Name of the module.
    pub name: *const c_char,
    /// Bytes of driver context the module needs in each bdev_io.
    pub get_ctx_size: Option<unsafe extern "C" fn() -> c_int>,
    /// Looks at a new bdev without I/O; calls `spdk_bdev_module_examine_done` before it returns.
    pub examine_config: Option<unsafe extern "C" fn(bdev: *mut spdk_bdev)>,
    /// Looks at a new bdev with I/O; calls `spdk_bdev_module_examine_done` once, maybe later.
    pub examine_disk: Option<unsafe extern "C" fn(bdev: *mut spdk_bdev)>,
    /// The module calls `spdk_bdev_module_init_done` when it is initialised.
    pub async_init: bool,
    /// The module calls `spdk_bdev_module_fini_done` when it has ended.
    pub async_fini: bool,
    /// The module calls `spdk_bdev_module_fini_start_done` after `fini_start`.
    pub async_fini_start: bool,
    /// Private to the bdev layer.
    pub internal: __bdev_module_internal_fields,
}

// SAFETY: a module is not written after `spdk_bdev_module_list_add`, except for the atomic part,
// and its name is a C string that lives as long as the process.
unsafe impl Sync for spdk_bdev_module {}
// SAFETY: as above; nothing in it belongs to a thread.
unsafe impl Send for spdk_bdev_module {}

impl spdk_bdev_module {
    /// A module with a name and nothing else, for `..spdk_bdev_module::named(c"..")` in a `static`.
    /// An addition of the embedded backend.
    #[must_use]
    pub const fn named(name: &'static core::ffi::CStr) -> Self {
        Self {
            module_init: None,
            init_complete: None,
            fini_start: None,
            module_fini: None,
            name: name.as_ptr(),
            get_ctx_size: None,
            examine_config: None,
            examine_disk: None,
            async_init: false,
            async_fini: false,
            async_fini_start: false,
            internal: __bdev_module_internal_fields { action_in_progress: AtomicU32::new(0) },
        }
    }
}

/// NUMA node of a bdev.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_numa {
    /// Whether `id` means anything.
    pub id_valid: bool,
    /// The node.
    pub id: i32,
}

/// The bdev layer's part of a bdev.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct __bdev_internal_fields {
    pub(super) state: *mut BdevState,
}

/// A block device. The module fills the public fields in before `spdk_bdev_register`, zeroes the
/// rest and leaves it alone while it is registered.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct spdk_bdev {
    /// Passed to the functions of `fn_table`.
    pub ctxt: *mut c_void,
    /// Unique name.
    pub name: *mut c_char,
    /// Name of the kind of device.
    pub product_name: *mut c_char,
    /// Non-zero if writes may be cached by the device.
    pub write_cache: c_int,
    /// Bytes of a block, with interleaved metadata.
    pub blocklen: u32,
    /// Bytes of a physical block; 0 for the same as a data block.
    pub phys_blocklen: u32,
    /// Supported I/O types, one bit each; filled in by `spdk_bdev_register`.
    pub io_type_supported: u32,
    /// Number of blocks.
    pub blockcnt: u64,
    /// Writes are split at the write unit.
    pub split_on_write_unit: bool,
    /// Reads and writes are split at `optimal_io_boundary`.
    pub split_on_optimal_io_boundary: bool,
    /// Metadata follow the data of their block.
    pub md_interleave: bool,
    /// Protection information is in the first bytes of the metadata.
    pub dif_is_head_of_md: bool,
    /// The device is zoned.
    pub zoned: bool,
    /// The device reports media management events.
    pub media_events: bool,
    /// Blocks of the smallest write; 0 for 1.
    pub write_unit_size: u32,
    /// Blocks of an atomic compare and write; 0 for the write unit.
    pub acwu: u16,
    /// Alignment of buffers as a power of two.
    pub required_alignment: u8,
    /// Preferred boundary in blocks; 0 for none.
    pub optimal_io_boundary: u32,
    /// Preferred alignment of writes in blocks.
    pub preferred_write_alignment: u32,
    /// Preferred granularity of writes in blocks.
    pub preferred_write_granularity: u32,
    /// Optimal size of a write in blocks.
    pub optimal_write_size: u32,
    /// Preferred alignment of unmaps in blocks.
    pub preferred_unmap_alignment: u32,
    /// Preferred granularity of unmaps in blocks.
    pub preferred_unmap_granularity: u32,
    /// Bytes of the largest iovec; 0 for no limit.
    pub max_segment_size: u32,
    /// Largest number of iovecs; 0 for no limit.
    pub max_num_segments: u32,
    /// Blocks of the largest unmap segment; 0 for no limit.
    pub max_unmap: u32,
    /// Largest number of unmap segments; 0 for no limit.
    pub max_unmap_segments: u32,
    /// Blocks of the largest write zeroes; 0 for no limit.
    pub max_write_zeroes: u32,
    /// Blocks of the largest copy; 0 for no limit.
    pub max_copy: u32,
    /// Blocks of the largest read or write; 0 for no limit.
    pub max_rw_size: u32,
    /// UUID; generated when zero.
    pub uuid: spdk_uuid,
    /// Bytes of metadata of a block.
    pub md_len: u32,
    /// Protection information type.
    pub dif_type: spdk_dif_type,
    /// NVMe namespace id, for NVMe devices.
    pub nsid: u32,
    /// Seconds a reset waits for outstanding I/O; 0 resets at once.
    pub reset_io_drain_timeout: u16,
    /// NUMA node.
    pub numa: spdk_bdev_numa,
    /// The module that registered this bdev.
    pub module: *mut spdk_bdev_module,
    /// The module's functions.
    pub fn_table: *const spdk_bdev_fn_table,
    /// Private to the bdev layer.
    pub internal: __bdev_internal_fields,
}

zeroed_default!(spdk_bdev, __bdev_internal_fields);

const _: () = assert!(size_of::<spdk_bdev_claim_opts>() == 48);
