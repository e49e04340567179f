//! The plain types of bdev.h: enumerations, callback types, statistics and other structures. Those of
//! options are in `opts_types`.
//!
//! They hold no state. Names, values and sizes are those of SPDK v26.05.

use core::ffi::{c_int, c_uint, c_void};

use super::{spdk_bdev, spdk_bdev_channel_iter, spdk_bdev_desc, spdk_bdev_io};
use crate::{spdk_histogram_data, spdk_io_channel};

pub use libc::iovec;

/// Gives a C structure the `Default` that bindgen would derive: all bytes zero.
macro_rules! zeroed_default {
    ($($name:ty),+ $(,)?) => {$(
        impl Default for $name {
            fn default() -> Self {
                // SAFETY: every field is an integer, a bool, a nullable pointer or an optional
                // function pointer, all of which are valid when zero.
                unsafe { core::mem::zeroed() }
            }
        }
    )+};
}
pub(super) use zeroed_default;

/// Declares `pub const` values of one C enumeration.
macro_rules! values {
    ($ty:ty; $($(#[$doc:meta])+ $name:ident = $value:expr;)+) => {
        $($(#[$doc])+ pub const $name: $ty = $value;)+
    };
}
pub(super) use values;

/// What happened to an open bdev.
pub type spdk_bdev_event_type = c_uint;
values! { spdk_bdev_event_type;
    /// The bdev is going away: close the descriptor.
    SPDK_BDEV_EVENT_REMOVE = 0;
    /// The number of blocks changed.
    SPDK_BDEV_EVENT_RESIZE = 1;
    /// Media management events are waiting for `spdk_bdev_get_media_events`.
    SPDK_BDEV_EVENT_MEDIA_MANAGEMENT = 2;
}

/// One media management event: a range of blocks.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_media_event {
    /// First block.
    pub offset: u64,
    /// Number of blocks.
    pub num_blocks: u64,
}

/// Life-cycle state of a registered bdev.
pub type spdk_bdev_status = c_uint;
values! { spdk_bdev_status;
    /// Not registered.
    SPDK_BDEV_STATUS_INVALID = 0;
    /// Usable.
    SPDK_BDEV_STATUS_READY = 1;
    /// Unregister was called; opens fail.
    SPDK_BDEV_STATUS_UNREGISTERING = 2;
    /// Waits for its last descriptor to be closed.
    SPDK_BDEV_STATUS_REMOVING = 3;
}

/// Kind of an I/O request.
pub type spdk_bdev_io_type = c_uint;
values! { spdk_bdev_io_type;
    /// No type.
    SPDK_BDEV_IO_TYPE_INVALID = 0;
    /// Read.
    SPDK_BDEV_IO_TYPE_READ = 1;
    /// Write.
    SPDK_BDEV_IO_TYPE_WRITE = 2;
    /// Unmap (trim).
    SPDK_BDEV_IO_TYPE_UNMAP = 3;
    /// Flush.
    SPDK_BDEV_IO_TYPE_FLUSH = 4;
    /// Reset.
    SPDK_BDEV_IO_TYPE_RESET = 5;
    /// NVMe admin command.
    SPDK_BDEV_IO_TYPE_NVME_ADMIN = 6;
    /// NVMe I/O command.
    SPDK_BDEV_IO_TYPE_NVME_IO = 7;
    /// NVMe I/O command with separate metadata.
    SPDK_BDEV_IO_TYPE_NVME_IO_MD = 8;
    /// Write zeroes.
    SPDK_BDEV_IO_TYPE_WRITE_ZEROES = 9;
    /// Zero copy.
    SPDK_BDEV_IO_TYPE_ZCOPY = 10;
    /// Zone report.
    SPDK_BDEV_IO_TYPE_GET_ZONE_INFO = 11;
    /// Zone management.
    SPDK_BDEV_IO_TYPE_ZONE_MANAGEMENT = 12;
    /// Zone append.
    SPDK_BDEV_IO_TYPE_ZONE_APPEND = 13;
    /// Compare.
    SPDK_BDEV_IO_TYPE_COMPARE = 14;
    /// Compare and write.
    SPDK_BDEV_IO_TYPE_COMPARE_AND_WRITE = 15;
    /// Abort.
    SPDK_BDEV_IO_TYPE_ABORT = 16;
    /// Seek the next hole.
    SPDK_BDEV_IO_TYPE_SEEK_HOLE = 17;
    /// Seek the next data.
    SPDK_BDEV_IO_TYPE_SEEK_DATA = 18;
    /// Copy inside the bdev.
    SPDK_BDEV_IO_TYPE_COPY = 19;
    /// NVMe I/O command with an iovec array and metadata.
    SPDK_BDEV_IO_TYPE_NVME_IOV_MD = 20;
    /// NVMe subsystem reset.
    SPDK_BDEV_IO_TYPE_NVME_NSSR = 21;
    /// Mark blocks as unreadable.
    SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE = 22;
    /// Number of types, `SPDK_BDEV_IO_TYPE_INVALID` included.
    SPDK_BDEV_NUM_IO_TYPES = 23;
}

/// Which rate a QoS limit is about.
pub type spdk_bdev_qos_rate_limit_type = c_uint;
values! { spdk_bdev_qos_rate_limit_type;
    /// Reads and writes per second.
    SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT = 0;
    /// Bytes read and written per second.
    SPDK_BDEV_QOS_RW_BPS_RATE_LIMIT = 1;
    /// Bytes read per second.
    SPDK_BDEV_QOS_R_BPS_RATE_LIMIT = 2;
    /// Bytes written per second.
    SPDK_BDEV_QOS_W_BPS_RATE_LIMIT = 3;
    /// Number of limits.
    SPDK_BDEV_QOS_NUM_RATE_LIMIT_TYPES = 4;
}

/// What `spdk_bdev_get_io_stat` and `spdk_bdev_get_device_stat` reset after reading.
pub type spdk_bdev_reset_stat_mode = c_uint;
values! { spdk_bdev_reset_stat_mode;
    /// Everything.
    SPDK_BDEV_RESET_STAT_ALL = 0;
    /// The smallest and largest latencies.
    SPDK_BDEV_RESET_STAT_MAXMIN = 1;
    /// The error counters.
    SPDK_BDEV_RESET_STAT_ERROR = 2;
    /// Nothing.
    SPDK_BDEV_RESET_STAT_NONE = 3;
}

/// T10 protection information type of a bdev.
pub type spdk_dif_type = c_uint;
values! { spdk_dif_type;
    /// No protection information: the only value the embedded backend produces.
    SPDK_DIF_DISABLE = 0;
    /// Type 1.
    SPDK_DIF_TYPE1 = 1;
    /// Type 2.
    SPDK_DIF_TYPE2 = 2;
    /// Type 3.
    SPDK_DIF_TYPE3 = 3;
}

/// Check the reference tag of protection information.
pub const SPDK_DIF_FLAGS_REFTAG_CHECK: u32 = 1 << 26;
/// Check the application tag of protection information.
pub const SPDK_DIF_FLAGS_APPTAG_CHECK: u32 = 1 << 27;
/// Check the guard of protection information.
pub const SPDK_DIF_FLAGS_GUARD_CHECK: u32 = 1 << 28;

/// Reports that a bdev goes away; the older form of [`spdk_bdev_event_cb_t`], for block device
/// modules.
pub type spdk_bdev_remove_cb_t = Option<unsafe extern "C" fn(remove_ctx: *mut c_void)>;

/// An event of an open bdev; runs on the thread that opened it.
pub type spdk_bdev_event_cb_t = Option<
    unsafe extern "C" fn(type_: spdk_bdev_event_type, bdev: *mut spdk_bdev, event_ctx: *mut c_void),
>;
/// An I/O has ended; the callback owns `bdev_io` and passes it to `spdk_bdev_free_io`.
pub type spdk_bdev_io_completion_cb =
    Option<unsafe extern "C" fn(bdev_io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void)>;
/// Every examine in progress has ended.
pub type spdk_bdev_wait_for_examine_cb = Option<unsafe extern "C" fn(arg: *mut c_void)>;
/// The bdev library is initialised; `rc` is 0 or -1.
pub type spdk_bdev_init_cb = Option<unsafe extern "C" fn(cb_arg: *mut c_void, rc: c_int)>;
/// The bdev library has shut down.
pub type spdk_bdev_fini_cb = Option<unsafe extern "C" fn(cb_arg: *mut c_void)>;
/// Statistics of a bdev are in `stat`; `rc` is 0 or a negative errno.
pub type spdk_bdev_get_device_stat_cb = Option<
    unsafe extern "C" fn(
        bdev: *mut spdk_bdev,
        stat: *mut spdk_bdev_io_stat,
        cb_arg: *mut c_void,
        rc: c_int,
    ),
>;
/// An I/O is older than the limit; it is still in flight.
pub type spdk_bdev_io_timeout_cb =
    Option<unsafe extern "C" fn(cb_arg: *mut c_void, bdev_io: *mut spdk_bdev_io)>;
/// An asynchronous open has ended; `desc` is NULL unless `rc` is 0.
pub type spdk_bdev_open_async_cb_t =
    Option<unsafe extern "C" fn(desc: *mut spdk_bdev_desc, rc: c_int, cb_arg: *mut c_void)>;
/// Visits a bdev; a non-zero return ends the walk.
pub type spdk_for_each_bdev_fn =
    Option<unsafe extern "C" fn(ctx: *mut c_void, bdev: *mut spdk_bdev) -> c_int>;
/// A bdev_io is available again.
pub type spdk_bdev_io_wait_cb = Option<unsafe extern "C" fn(cb_arg: *mut c_void)>;
/// A histogram was enabled or disabled.
pub type spdk_bdev_histogram_status_cb =
    Option<unsafe extern "C" fn(cb_arg: *mut c_void, status: c_int)>;
/// A histogram was read.
pub type spdk_bdev_histogram_data_cb = Option<
    unsafe extern "C" fn(cb_arg: *mut c_void, status: c_int, histogram: *mut spdk_histogram_data),
>;
/// Visits one channel of a bdev, on that channel's thread.
pub type spdk_bdev_for_each_channel_msg = Option<
    unsafe extern "C" fn(
        i: *mut spdk_bdev_channel_iter,
        bdev: *mut spdk_bdev,
        ch: *mut spdk_io_channel,
        ctx: *mut c_void,
    ),
>;
/// The walk over the channels of a bdev has ended.
pub type spdk_bdev_for_each_channel_done =
    Option<unsafe extern "C" fn(bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int)>;

/// Error counters of a bdev, one for each failure status.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_io_error_stat {
    pub(super) error_status: [u32; 8],
}

/// Statistics of a bdev or of one of its channels. Latencies are in ticks.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_stat {
    /// Bytes read.
    pub bytes_read: u64,
    /// Reads that succeeded.
    pub num_read_ops: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// Writes that succeeded.
    pub num_write_ops: u64,
    /// Bytes unmapped.
    pub bytes_unmapped: u64,
    /// Unmaps that succeeded.
    pub num_unmap_ops: u64,
    /// Bytes copied.
    pub bytes_copied: u64,
    /// Copies that succeeded.
    pub num_copy_ops: u64,
    /// Sum of the read latencies.
    pub read_latency_ticks: u64,
    /// Largest read latency; 0 when there was none.
    pub max_read_latency_ticks: u64,
    /// Smallest read latency; `u64::MAX` when there was none.
    pub min_read_latency_ticks: u64,
    /// Sum of the write latencies.
    pub write_latency_ticks: u64,
    /// Largest write latency; 0 when there was none.
    pub max_write_latency_ticks: u64,
    /// Smallest write latency; `u64::MAX` when there was none.
    pub min_write_latency_ticks: u64,
    /// Sum of the unmap latencies.
    pub unmap_latency_ticks: u64,
    /// Largest unmap latency; 0 when there was none.
    pub max_unmap_latency_ticks: u64,
    /// Smallest unmap latency; `u64::MAX` when there was none.
    pub min_unmap_latency_ticks: u64,
    /// Sum of the copy latencies.
    pub copy_latency_ticks: u64,
    /// Largest copy latency; 0 when there was none.
    pub max_copy_latency_ticks: u64,
    /// Smallest copy latency; `u64::MAX` when there was none.
    pub min_copy_latency_ticks: u64,
    /// Ticks per second.
    pub ticks_rate: u64,
    /// Error counters, or NULL. Zero the structure before it is filled.
    pub io_error: *mut spdk_bdev_io_error_stat,
}

/// Link of a queued entry, private to the bdev layer.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_wait_entry_link {
    /// Next entry.
    pub tqe_next: *mut spdk_bdev_io_wait_entry,
    /// Where the previous entry points to this one.
    pub tqe_prev: *mut *mut spdk_bdev_io_wait_entry,
}

/// A request to be told when a bdev_io is available. Stays in place until its callback runs.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_io_wait_entry {
    /// The bdev of the I/O that could not be submitted.
    pub bdev: *mut spdk_bdev,
    /// Called once, on the same thread.
    pub cb_fn: spdk_bdev_io_wait_cb,
    /// Argument of `cb_fn`.
    pub cb_arg: *mut c_void,
    /// Goes to the queue's head: set when other entries depend on this one.
    pub dep_unblock: bool,
    /// Reserved.
    pub pad: [u8; 7],
    /// Private to the bdev layer.
    pub link: spdk_bdev_io_wait_entry_link,
}

/// An NVMe command: 64 bytes that the embedded backend never looks into.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_nvme_cmd {
    _dwords: [u32; 16],
}

zeroed_default!(spdk_bdev_io_stat, spdk_bdev_io_wait_entry, spdk_bdev_io_wait_entry_link,);
