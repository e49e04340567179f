//! Rate limits of a bdev.
//!
//! One channel is the QoS channel: its thread refills the quotas every millisecond and lets the
//! waiting I/O of every channel go on. An I/O passes while anything is left in the slice; what it
//! takes beyond is deducted from the next one. Quotas are shared by all channels through atomics.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::channel::{self, BdevChannel, QOS_ENABLED};
use super::registry::lock;
use super::state::{io_device, state};
use super::submit::to_module;
use super::walk::{self, spdk_bdev_channel_iter, spdk_bdev_for_each_channel_continue};
use super::{
    SPDK_BDEV_IO_TYPE_NVME_IO, SPDK_BDEV_IO_TYPE_NVME_IO_MD, SPDK_BDEV_IO_TYPE_READ,
    SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_ZCOPY, SPDK_BDEV_QOS_R_BPS_RATE_LIMIT,
    SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT, SPDK_BDEV_QOS_W_BPS_RATE_LIMIT, spdk_bdev, spdk_bdev_io,
    spdk_bdev_qos_rate_limit_type,
};
use crate::{
    SPDK_POLLER_BUSY, SPDK_POLLER_IDLE, spdk_get_io_channel, spdk_get_ticks, spdk_get_ticks_hz,
    spdk_io_channel, spdk_poller, spdk_poller_register_named, spdk_poller_unregister,
    spdk_put_io_channel, spdk_thread, spdk_thread_send_msg,
};

/// Number of limits.
pub(super) const NUM: usize = 4;
/// A limit that is not set.
pub(super) const NOT_DEFINED: u64 = u64::MAX;
const TIMESLICE_US: u64 = 1000;
const SLICES_PER_SEC: u64 = 1_000_000 / TIMESLICE_US;
const MIN_BYTES_PER_SLICE: u64 = 512;

/// The limits of a bdev and what is left of the present slice.
#[derive(Debug)]
pub(super) struct Qos {
    pub(super) limits: [Limit; NUM],
    /// Its bdev has let go of it: everything passes.
    retired: AtomicBool,
    runtime: Mutex<Option<Runtime>>,
}

#[derive(Debug)]
pub(super) struct Limit {
    /// Per second; [`NOT_DEFINED`] for none.
    pub(super) per_sec: AtomicU64,
    per_slice: AtomicU64,
    remaining: AtomicI64,
}

/// What runs on the thread of the QoS channel.
#[derive(Debug)]
struct Runtime {
    io_channel: *mut spdk_io_channel,
    thread: *mut spdk_thread,
    poller: *mut spdk_poller,
    last_slice: u64,
}

// SAFETY: the channel and poller are used on `thread` only; other threads merely read `thread`.
unsafe impl Send for Runtime {}

fn is_iops(index: usize) -> bool {
    index == SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT as usize
}

impl Qos {
    /// No limits.
    pub(super) fn new() -> Self {
        Self::with_limits([NOT_DEFINED; NUM])
    }

    fn with_limits(per_sec: [u64; NUM]) -> Self {
        let limit = |per_sec| Limit {
            per_sec: AtomicU64::new(per_sec),
            per_slice: AtomicU64::new(0),
            remaining: AtomicI64::new(0),
        };
        Self {
            limits: per_sec.map(limit),
            retired: AtomicBool::new(false),
            runtime: Mutex::new(None),
        }
    }

    /// The thread of the QoS channel, or NULL if there is none.
    pub(super) fn thread(&self) -> *mut spdk_thread {
        lock(&self.runtime).as_ref().map_or(ptr::null_mut(), |runtime| runtime.thread)
    }

    /// Takes new limits into use, with a full slice.
    pub(super) fn refill(&self) {
        for (index, limit) in self.limits.iter().enumerate() {
            let per_sec = limit.per_sec.load(Ordering::Relaxed);
            let least = if is_iops(index) { 1 } else { MIN_BYTES_PER_SLICE };
            let quota =
                if per_sec == NOT_DEFINED { 0 } else { (per_sec / SLICES_PER_SEC).max(least) };
            limit.per_slice.store(quota, Ordering::Relaxed);
            limit.remaining.store(quota.cast_signed(), Ordering::Relaxed);
        }
    }

    fn add_slice(&self, first: bool) {
        for limit in &self.limits {
            let quota = limit.per_slice.load(Ordering::Relaxed).cast_signed();
            if first {
                // What is left is lost; what was overdrawn is owed.
                limit.remaining.fetch_min(0, Ordering::Relaxed);
            }
            limit.remaining.fetch_add(quota, Ordering::Relaxed);
        }
    }

    /// Takes the quota for `io`. False: it has to wait.
    fn admit(&self, io: *mut spdk_bdev_io) -> bool {
        let Some(cost) = Cost::of(io) else { return true };
        if self.retired.load(Ordering::Relaxed) {
            return true;
        }
        for (index, limit) in self.limits.iter().enumerate() {
            if limit.per_slice.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let delta = cost.for_limit(index);
            if delta == 0 {
                continue;
            }
            if limit.remaining.fetch_sub(delta, Ordering::Relaxed) <= 0 {
                limit.remaining.fetch_add(delta, Ordering::Relaxed);
                self.give_back(&cost, index);
                return false;
            }
        }
        true
    }

    fn give_back(&self, cost: &Cost, below: usize) {
        for (index, limit) in self.limits.iter().enumerate().take(below) {
            if limit.per_slice.load(Ordering::Relaxed) != 0 {
                limit.remaining.fetch_add(cost.for_limit(index), Ordering::Relaxed);
            }
        }
    }
}

/// What an I/O takes from the quotas.
struct Cost {
    bytes: i64,
    is_read: bool,
}

impl Cost {
    /// `None` for I/O that is not limited.
    fn of(io: *mut spdk_bdev_io) -> Option<Self> {
        // SAFETY: a queued I/O in flight; each type reads its own parameters.
        unsafe {
            let blocklen = u64::from((*(*io).bdev).blocklen);
            let (bytes, is_read) = match u32::from((*io).type_) {
                SPDK_BDEV_IO_TYPE_READ => ((*io).u.bdev.num_blocks.saturating_mul(blocklen), true),
                SPDK_BDEV_IO_TYPE_WRITE => {
                    ((*io).u.bdev.num_blocks.saturating_mul(blocklen), false)
                }
                SPDK_BDEV_IO_TYPE_ZCOPY if (*io).u.bdev.zcopy.start == 1 => {
                    let params = (*io).u.bdev;
                    (params.num_blocks.saturating_mul(blocklen), params.zcopy.populate == 1)
                }
                SPDK_BDEV_IO_TYPE_NVME_IO | SPDK_BDEV_IO_TYPE_NVME_IO_MD => {
                    ((*io).u.nvme_passthru.nbytes as u64, false)
                }
                _ => return None,
            };
            Some(Self { bytes: i64::try_from(bytes).unwrap_or(i64::MAX), is_read })
        }
    }

    fn for_limit(&self, index: usize) -> i64 {
        match index as spdk_bdev_qos_rate_limit_type {
            SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT => 1,
            SPDK_BDEV_QOS_R_BPS_RATE_LIMIT if !self.is_read => 0,
            SPDK_BDEV_QOS_W_BPS_RATE_LIMIT if self.is_read => 0,
            _ => self.bytes,
        }
    }
}

/// Submits what the quotas let pass of a channel's waiting I/O.
pub(super) fn submit_queued(ch: &BdevChannel) {
    let qos = ch.qos.borrow().clone();
    let waiting: Vec<_> = ch.qos_queued.iter().collect();
    for io in waiting {
        // A callback that ran meanwhile may have taken it out.
        if ch.qos_queued.contains(io) && qos.as_ref().is_none_or(|qos| qos.admit(io)) {
            ch.qos_queued.remove(io);
            // SAFETY: in flight on this channel.
            unsafe { to_module(ch, io) };
        }
    }
}

/// Limits a channel. The first one becomes the QoS channel.
pub(super) fn enable_on(ch: &BdevChannel, qos: &Arc<Qos>) {
    *ch.qos.borrow_mut() = Some(Arc::clone(qos));
    ch.set_flag(QOS_ENABLED, true);
    let mut runtime = lock(&qos.runtime);
    if runtime.is_some() {
        return;
    }
    qos.refill();
    // SAFETY: the channel is being created or walked, so it exists and gains a reference; the
    // poller is unregistered before that reference is put.
    unsafe {
        let io_channel = spdk_get_io_channel(io_device(ch.bdev));
        let poller = spdk_poller_register_named(
            Some(poll),
            ch.bdev.cast(),
            TIMESLICE_US,
            c"bdev_channel_poll_qos".as_ptr(),
        );
        let last_slice = spdk_get_ticks();
        *runtime = Some(Runtime { io_channel, thread: ch.thread, poller, last_slice });
    }
}

unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    let bdev = ctx.cast::<spdk_bdev>();
    // SAFETY: the QoS channel keeps the bdev's io_device, and so the bdev, until this poller is gone.
    let Some(qos) = unsafe { state(bdev) }.lock().qos.clone() else {
        return SPDK_POLLER_IDLE as c_int;
    };
    // SAFETY: may be called from anywhere.
    let (now, slice) =
        unsafe { (spdk_get_ticks(), TIMESLICE_US * spdk_get_ticks_hz() / 1_000_000) };
    {
        let mut runtime = lock(&qos.runtime);
        let Some(runtime) = runtime.as_mut() else { return SPDK_POLLER_IDLE as c_int };
        if now < runtime.last_slice + slice {
            return SPDK_POLLER_IDLE as c_int;
        }
        let mut first = true;
        while now >= runtime.last_slice + slice {
            runtime.last_slice += slice;
            qos.add_slice(first);
            first = false;
        }
    }
    // SAFETY: as above.
    unsafe { walk::start(bdev, submit_channel, ctx, submitted) };
    SPDK_POLLER_BUSY as c_int
}

unsafe extern "C" fn submit_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        let own = channel::of(ch);
        submit_queued(own);
        // The quota ran out: the others would get nothing either.
        let status = c_int::from(!own.qos_queued.is_empty());
        spdk_bdev_for_each_channel_continue(i, status);
    }
}

unsafe extern "C" fn submitted(_bdev: *mut spdk_bdev, _ctx: *mut c_void, _status: c_int) {}

/// Ends the poller and the reference of a QoS channel, on its thread, which must be the current one.
fn end_runtime(qos: &Qos) {
    let runtime = lock(&qos.runtime).take();
    if let Some(mut runtime) = runtime {
        // SAFETY: made on this thread by `enable_on`.
        unsafe {
            spdk_poller_unregister(&raw mut runtime.poller);
            spdk_put_io_channel(runtime.io_channel);
        }
    }
}

/// Ends the runtime state when the last descriptor was closed. The limits stay, for the next open;
/// the caller holds the lock of the bdev and passes what it guards.
pub(super) fn retire(slot: &mut Option<Arc<Qos>>) {
    let Some(old) = slot.take() else { return };
    let limits = [0, 1, 2, 3].map(|index: usize| old.limits[index].per_sec.load(Ordering::Relaxed));
    *slot = Some(Arc::new(Qos::with_limits(limits)));
    end_later(old);
}

/// Lets everything pass and ends the runtime state on its own thread.
pub(super) fn end_later(old: Arc<Qos>) {
    old.retired.store(true, Ordering::Relaxed);
    let thread = old.thread();
    if !thread.is_null() {
        let ctx = Arc::into_raw(old).cast_mut().cast();
        // SAFETY: the thread has a poller and a channel of ours, so it has not exited.
        unsafe { spdk_thread_send_msg(thread, Some(end_msg), ctx) };
    }
}

unsafe extern "C" fn end_msg(ctx: *mut c_void) {
    // SAFETY: sent by `end_later` with one reference.
    let qos = unsafe { Arc::from_raw(ctx.cast_const().cast::<Qos>()) };
    end_runtime(&qos);
}

/// The JSON-RPC parameter name of a limit, or NULL.
///
/// # Safety
/// - None; it is unsafe because it is a C function.
pub unsafe extern "C" fn spdk_bdev_get_qos_rpc_type(
    type_: spdk_bdev_qos_rate_limit_type,
) -> *const c_char {
    const NAMES: [&core::ffi::CStr; NUM] =
        [c"rw_ios_per_sec", c"rw_mbytes_per_sec", c"r_mbytes_per_sec", c"w_mbytes_per_sec"];
    NAMES.get(type_ as usize).map_or(ptr::null(), |name| name.as_ptr())
}

/// Reads the four limits: I/O per second, then MiB per second; 0 for none.
///
/// # Safety
/// - `bdev` is registered; `limits` points to four writable numbers.
pub unsafe extern "C" fn spdk_bdev_get_qos_rate_limits(bdev: *mut spdk_bdev, limits: *mut u64) {
    // SAFETY: by contract.
    unsafe {
        let qos = state(bdev).lock().qos.clone();
        for index in 0..NUM {
            let per_sec = qos
                .as_ref()
                .map_or(NOT_DEFINED, |qos| qos.limits[index].per_sec.load(Ordering::Relaxed));
            let shown = match per_sec {
                NOT_DEFINED => 0,
                iops if is_iops(index) => iops,
                bytes => bytes / (1024 * 1024),
            };
            *limits.add(index) = shown;
        }
    }
}
