//! The option structures of bdev.h.
//!
//! They hold no state. Names, values and sizes are those of SPDK v26.05; the caller's size says how
//! much of a structure there is.

use core::ffi::c_void;

use super::types::zeroed_default;

/// Options of the bdev library. 32 bytes, packed, as in C.
#[repr(C, packed)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_opts {
    /// Number of bdev_io in the process.
    pub bdev_io_pool_size: u32,
    /// Number of bdev_io cached by each thread.
    pub bdev_io_cache_size: u32,
    /// Examine every new bdev.
    pub bdev_auto_examine: bool,
    /// Reserved.
    pub reserved9: [u8; 7],
    /// Size of this structure as the caller knows it, in bytes.
    pub opts_size: usize,
    /// Small buffers cached by each thread.
    pub iobuf_small_cache_size: u32,
    /// Large buffers cached by each thread.
    pub iobuf_large_cache_size: u32,
}

/// Options of `spdk_bdev_histogram_enable_ext`. 26 bytes, packed, as in C.
#[repr(C, packed)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_enable_histogram_opts {
    /// Size of this structure as the caller knows it, in bytes.
    pub size: usize,
    /// Smallest latency of interest in nanoseconds.
    pub min_nsec: u64,
    /// Largest latency of interest in nanoseconds.
    pub max_nsec: u64,
    /// I/O type to count; 0 counts every type.
    pub io_type: u8,
    /// Number of buckets of each range, as a power of two.
    pub granularity: u8,
}

/// Extra options of one read or write. 52 bytes, packed, as in C.
#[repr(C, packed)]
#[derive(Copy, Clone)]
pub struct spdk_bdev_ext_io_opts {
    /// Size of this structure as the caller knows it, in bytes.
    pub size: usize,
    /// Memory domain: must be NULL with the embedded backend.
    pub memory_domain: *mut c_void,
    /// Context of the memory domain.
    pub memory_domain_ctx: *mut c_void,
    /// Separate metadata buffer, or NULL.
    pub metadata: *mut c_void,
    /// Accel sequence: must be NULL with the embedded backend.
    pub accel_sequence: *mut c_void,
    /// Protection checks to leave out.
    pub dif_check_flags_exclude_mask: u32,
    /// NVMe command dword 12 bits.
    pub nvme_cdw12: u32,
    /// NVMe command dword 13 bits.
    pub nvme_cdw13: u32,
}

/// Options of `spdk_bdev_open_ext_v2`. 16 bytes, as in C.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_open_opts {
    /// Size of this structure as the caller knows it, in bytes.
    pub size: usize,
    /// Show the bdev without its interleaved metadata.
    pub hide_metadata: bool,
}

/// Options of `spdk_bdev_open_async`. 16 bytes, as in C.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_bdev_open_async_opts {
    /// Size of this structure as the caller knows it, in bytes.
    pub size: usize,
    /// How long to keep trying, in milliseconds; 0 tries once.
    pub timeout_ms: u64,
}

zeroed_default!(spdk_bdev_ext_io_opts);

const _: () = {
    assert!(size_of::<spdk_bdev_opts>() == 32);
    assert!(size_of::<spdk_bdev_enable_histogram_opts>() == 26);
    assert!(size_of::<spdk_bdev_ext_io_opts>() == 52);
    assert!(size_of::<spdk_bdev_open_opts>() == 16);
    assert!(size_of::<spdk_bdev_open_async_opts>() == 16);
};
