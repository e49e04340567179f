//! The bdev layer's own state of one bdev. It exists from `spdk_bdev_register` until after the
//! module's `destruct`, in memory of its own, so that modules may copy or free their part freely.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use super::alias::Aliases;
use super::io::{IoQueue, QueueLink};
use super::lba_lock::RangeCtx;
use super::open_descs::OpenDescs;
use super::qos::Qos;
use super::registry::lock;
use super::stat;
use super::{
    SPDK_BDEV_CLAIM_NONE, SPDK_BDEV_STATUS_READY, spdk_bdev, spdk_bdev_claim_type, spdk_bdev_desc,
    spdk_bdev_io, spdk_bdev_io_error_stat, spdk_bdev_io_stat, spdk_bdev_module, spdk_bdev_status,
    spdk_bdev_unregister_cb,
};
use crate::spdk_poller;

/// State of a registered bdev.
#[derive(Debug)]
pub(super) struct BdevState {
    /// The bdev's name, for messages and for the test switches.
    pub(super) name: String,
    /// Which I/O type a histogram counts; 0 counts all.
    pub(super) histogram_io_type: AtomicU8,
    shared: Mutex<Shared>,
}

/// A claim of the descriptor kind.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) desc: *mut spdk_bdev_desc,
    pub(super) module: *const spdk_bdev_module,
}

/// Queue-depth sampling.
#[derive(Debug)]
pub(super) struct QdSampling {
    pub(super) poller: *mut spdk_poller,
    pub(super) desc: *mut spdk_bdev_desc,
    pub(super) period: u64,
    pub(super) new_period: u64,
    pub(super) counting: u64,
    pub(super) measured: u64,
    pub(super) io_time: u64,
    pub(super) weighted_io_time: u64,
    pub(super) in_progress: bool,
}

/// Histogram settings.
#[derive(Debug, Default)]
pub(super) struct HistogramState {
    pub(super) enabled: bool,
    pub(super) in_progress: bool,
    pub(super) granularity: u8,
    pub(super) min_val: u64,
    pub(super) max_val: u64,
}

/// The part of a bdev that several threads use.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) status: spdk_bdev_status,
    pub(super) claim_type: spdk_bdev_claim_type,
    pub(super) claim_module: *const spdk_bdev_module,
    pub(super) claims: Vec<Claim>,
    pub(super) claim_key: u64,
    pub(super) open_descs: OpenDescs,
    pub(super) unregister_cb: spdk_bdev_unregister_cb,
    pub(super) unregister_ctx: *mut c_void,
    pub(super) reset_in_progress: *mut spdk_bdev_io,
    pub(super) queued_resets: IoQueue<QueueLink>,
    pub(super) stat: spdk_bdev_io_stat,
    pub(super) errors: spdk_bdev_io_error_stat,
    pub(super) qd: QdSampling,
    pub(super) histogram: HistogramState,
    pub(super) locked_ranges: Vec<*mut RangeCtx>,
    pub(super) pending_locked_ranges: VecDeque<*mut RangeCtx>,
    pub(super) quiesced_ranges: Vec<*mut RangeCtx>,
    pub(super) qos: Option<Arc<Qos>>,
    pub(super) qos_mod_in_progress: bool,
    /// Aliases, in the order they were added.
    pub(super) aliases: Aliases,
    /// Name and aliases have been taken off the registry.
    pub(super) unlisted: bool,
}

// SAFETY: the pointers name objects with their own protection; they are only carried here.
unsafe impl Send for Shared {}

impl BdevState {
    /// State of a bdev that is about to be registered.
    pub(super) fn new(name: String) -> Self {
        let shared = Shared {
            status: SPDK_BDEV_STATUS_READY,
            claim_type: SPDK_BDEV_CLAIM_NONE,
            claim_module: ptr::null(),
            claims: Vec::new(),
            claim_key: 0,
            open_descs: OpenDescs::default(),
            unregister_cb: None,
            unregister_ctx: ptr::null_mut(),
            reset_in_progress: ptr::null_mut(),
            queued_resets: IoQueue::new(),
            stat: stat::empty(),
            errors: spdk_bdev_io_error_stat::default(),
            qd: QdSampling {
                poller: ptr::null_mut(),
                desc: ptr::null_mut(),
                period: 0,
                new_period: 0,
                counting: 0,
                measured: u64::MAX,
                io_time: 0,
                weighted_io_time: 0,
                in_progress: false,
            },
            histogram: HistogramState::default(),
            locked_ranges: Vec::new(),
            pending_locked_ranges: VecDeque::new(),
            quiesced_ranges: Vec::new(),
            qos: None,
            qos_mod_in_progress: false,
            aliases: Aliases::new(),
            unlisted: false,
        };
        Self { name, histogram_io_type: AtomicU8::new(0), shared: Mutex::new(shared) }
    }

    /// Locks the shared part.
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

/// The state of a registered bdev.
///
/// # Safety
/// - `bdev` is registered and was not destructed yet.
pub(super) unsafe fn state<'a>(bdev: *const spdk_bdev) -> &'a BdevState {
    // SAFETY: registration made the state; it lives until after `destruct`.
    unsafe { &*(*bdev).internal.state }
}

/// The number of blocks, which a resize may change on another thread.
///
/// # Safety
/// - `bdev` is registered.
pub(super) unsafe fn blockcnt(bdev: *const spdk_bdev) -> u64 {
    // SAFETY: the field is aligned and lives as long as the bdev; while the bdev is registered it
    // is only accessed atomically by this layer.
    unsafe { AtomicU64::from_ptr((&raw const (*bdev).blockcnt).cast_mut()) }.load(Ordering::Relaxed)
}

/// Sets the number of blocks.
///
/// # Safety
/// - As [`blockcnt`].
pub(super) unsafe fn set_blockcnt(bdev: *mut spdk_bdev, count: u64) {
    // SAFETY: as in `blockcnt`.
    unsafe { AtomicU64::from_ptr(&raw mut (*bdev).blockcnt) }.store(count, Ordering::Relaxed);
}

/// Address of the io_device of a bdev. Modules often use the bdev's own address for theirs.
pub(super) fn io_device(bdev: *mut spdk_bdev) -> *mut c_void {
    bdev.wrapping_byte_add(1).cast()
}

/// The bdev of an io_device address.
pub(super) fn bdev_of_device(io_device: *mut c_void) -> *mut spdk_bdev {
    io_device.wrapping_byte_sub(1).cast()
}
