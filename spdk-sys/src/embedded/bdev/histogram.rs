//! Latency histograms: one for each channel, merged on request.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::Ordering;

use super::channel::{self, BdevChannel};
use super::state::state;
use super::walk::{self, spdk_bdev_for_each_channel_continue};
use super::{
    faults, spdk_bdev, spdk_bdev_channel_iter, spdk_bdev_enable_histogram_opts,
    spdk_bdev_histogram_data_cb, spdk_bdev_histogram_status_cb, spdk_bdev_io,
};
use crate::{
    SPDK_HISTOGRAM_GRANULARITY_DEFAULT, spdk_get_ticks_hz, spdk_histogram_data,
    spdk_histogram_data_alloc_sized_ext, spdk_histogram_data_free, spdk_histogram_data_merge,
    spdk_histogram_data_tally, spdk_io_channel,
};

/// Counts a completed I/O in its channel's histogram, if there is one.
///
/// # Safety
/// - `io` is in flight on `ch`.
pub(super) unsafe fn tally(ch: &BdevChannel, io: *mut spdk_bdev_io, ticks: u64) {
    let histogram = ch.histogram.get();
    if histogram.is_null() {
        return;
    }
    // SAFETY: the histogram is this channel's; the bdev is registered while it has I/O.
    unsafe {
        let wanted = state(ch.bdev).histogram_io_type.load(Ordering::Relaxed);
        if wanted == 0 || wanted == (*io).type_ {
            spdk_histogram_data_tally(histogram, ticks);
        }
    }
}

/// Fills `opts` with the defaults: every type, every latency, the default granularity.
///
/// # Safety
/// - `opts` points to `size` writable bytes.
pub unsafe extern "C" fn spdk_bdev_enable_histogram_opts_init(
    opts: *mut spdk_bdev_enable_histogram_opts,
    size: usize,
) {
    if opts.is_null() || size == 0 {
        tracing::error!("spdk_bdev_enable_histogram_opts_init: opts is NULL or size is 0");
        return;
    }
    let mut defaults = spdk_bdev_enable_histogram_opts { size, ..Default::default() };
    if size >= offset_of!(spdk_bdev_enable_histogram_opts, io_type) {
        defaults.max_nsec = u64::MAX;
    }
    if size >= size_of::<spdk_bdev_enable_histogram_opts>() {
        defaults.granularity = SPDK_HISTOGRAM_GRANULARITY_DEFAULT as u8;
    }
    let bytes = size.min(size_of::<spdk_bdev_enable_histogram_opts>());
    // SAFETY: the destination has `size` bytes by contract.
    unsafe { ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), opts.cast(), bytes) };
}

struct Switch {
    cb: spdk_bdev_histogram_status_cb,
    cb_arg: *mut c_void,
    status: c_int,
}

/// Switches the histograms of a bdev on or off with default options.
///
/// # Safety
/// - As [`spdk_bdev_histogram_enable_ext`].
pub unsafe extern "C" fn spdk_bdev_histogram_enable(
    bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_histogram_status_cb,
    cb_arg: *mut c_void,
    enable: bool,
) {
    let mut opts = spdk_bdev_enable_histogram_opts::default();
    // SAFETY: by contract; `opts` is a local structure.
    unsafe {
        spdk_bdev_enable_histogram_opts_init(&raw mut opts, size_of_val(&opts));
        spdk_bdev_histogram_enable_ext(bdev, cb_fn, cb_arg, enable, &raw mut opts);
    }
}

/// Switches the histograms of a bdev on or off. `cb_fn` runs later on this thread, or inside the call
/// with -EAGAIN (a change is in progress) or -ENOMEM.
///
/// # Safety
/// - `bdev` is registered and stays so until `cb_fn` runs; `opts` is valid during the call.
pub unsafe extern "C" fn spdk_bdev_histogram_enable_ext(
    bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_histogram_status_cb,
    cb_arg: *mut c_void,
    enable: bool,
    opts: *mut spdk_bdev_enable_histogram_opts,
) {
    let switch = Switch { cb: cb_fn, cb_arg, status: 0 };
    if faults::take_alloc_failure() {
        answer(switch, -libc::ENOMEM);
        return;
    }
    // SAFETY: by contract; the structure is packed.
    let (bdev_state, opts) = unsafe { (state(bdev), opts.read_unaligned()) };
    let mut shared = bdev_state.lock();
    if shared.histogram.in_progress {
        drop(shared);
        answer(switch, -libc::EAGAIN);
        return;
    }
    shared.histogram.in_progress = true;
    shared.histogram.enabled = enable;
    shared.histogram.granularity = opts.granularity;
    shared.histogram.min_val = nsec_to_ticks(opts.min_nsec);
    shared.histogram.max_val = nsec_to_ticks(opts.max_nsec);
    drop(shared);
    bdev_state.histogram_io_type.store(opts.io_type, Ordering::Relaxed);
    let ctx = Box::into_raw(Box::new(switch)).cast();
    // SAFETY: the bdev stays registered; the context lives until the walk has ended.
    unsafe {
        if enable {
            walk::start(bdev, enable_channel, ctx, enable_done);
        } else {
            walk::start(bdev, disable_channel, ctx, disable_done);
        }
    }
}

fn nsec_to_ticks(nsec: u64) -> u64 {
    if nsec == u64::MAX {
        return u64::MAX;
    }
    // SAFETY: may be called from anywhere.
    let hz = unsafe { spdk_get_ticks_hz() };
    let ticks = u128::from(nsec) * u128::from(hz) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

fn answer(switch: Switch, status: c_int) {
    if let Some(cb) = switch.cb {
        // SAFETY: the caller's callback and argument.
        unsafe { cb(switch.cb_arg, status) };
    }
}

unsafe extern "C" fn enable_channel(
    i: *mut spdk_bdev_channel_iter,
    bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        let own = channel::of(ch);
        let mut status = 0;
        if own.histogram.get().is_null() {
            let (granularity, min, max) = {
                let shared = state(bdev).lock();
                let histogram = &shared.histogram;
                (histogram.granularity, histogram.min_val, histogram.max_val)
            };
            own.histogram.set(spdk_histogram_data_alloc_sized_ext(granularity.into(), min, max));
            if own.histogram.get().is_null() {
                status = -libc::ENOMEM;
            }
        }
        spdk_bdev_for_each_channel_continue(i, status);
    }
}

unsafe extern "C" fn enable_done(bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    // SAFETY: the end of the walk started by `spdk_bdev_histogram_enable_ext`.
    unsafe {
        if status != 0 {
            (*ctx.cast::<Switch>()).status = status;
            state(bdev).lock().histogram.enabled = false;
            walk::start(bdev, disable_channel, ctx, disable_done);
            return;
        }
        disable_done(bdev, ctx, status);
    }
}

unsafe extern "C" fn disable_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        let histogram = channel::of(ch).histogram.replace(ptr::null_mut());
        if !histogram.is_null() {
            spdk_histogram_data_free(histogram);
        }
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn disable_done(bdev: *mut spdk_bdev, ctx: *mut c_void, _status: c_int) {
    // SAFETY: the end of a walk started by `spdk_bdev_histogram_enable_ext`.
    unsafe {
        state(bdev).lock().histogram.in_progress = false;
        let switch = Box::from_raw(ctx.cast::<Switch>());
        let status = switch.status;
        answer(*switch, status);
    }
}

struct Get {
    cb: spdk_bdev_histogram_data_cb,
    cb_arg: *mut c_void,
    histogram: *mut spdk_histogram_data,
}

/// Merges the histograms of a bdev's channels into `histogram`. `cb_fn` runs later on this thread,
/// with -EFAULT if a channel has none; or inside the call with -ENOMEM and NULL.
///
/// # Safety
/// - `bdev` is registered and stays so, and `histogram` valid, until `cb_fn` runs.
pub unsafe extern "C" fn spdk_bdev_histogram_get(
    bdev: *mut spdk_bdev,
    histogram: *mut spdk_histogram_data,
    cb_fn: spdk_bdev_histogram_data_cb,
    cb_arg: *mut c_void,
) {
    if faults::take_alloc_failure() {
        if let Some(cb) = cb_fn {
            // SAFETY: by contract.
            unsafe { cb(cb_arg, -libc::ENOMEM, ptr::null_mut()) };
        }
        return;
    }
    let ctx = Box::into_raw(Box::new(Get { cb: cb_fn, cb_arg, histogram }));
    // SAFETY: by contract; the context lives until the walk has ended.
    unsafe { walk::start(bdev, merge_channel, ctx.cast(), merge_done) };
}

unsafe extern "C" fn merge_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk; channels are visited one at a time.
    unsafe {
        let own = channel::of(ch).histogram.get();
        let status = if own.is_null() {
            -libc::EFAULT
        } else {
            spdk_histogram_data_merge((*ctx.cast::<Get>()).histogram, own);
            0
        };
        spdk_bdev_for_each_channel_continue(i, status);
    }
}

unsafe extern "C" fn merge_done(_bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    // SAFETY: the end of the walk started by `spdk_bdev_histogram_get`.
    unsafe {
        let get = Box::from_raw(ctx.cast::<Get>());
        if let Some(cb) = get.cb {
            cb(get.cb_arg, status, get.histogram);
        }
    }
}

/// Hands out the histogram of one channel, inside the call; -EFAULT and NULL if it has none.
///
/// # Safety
/// - `ch` is a live channel of a bdev and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_channel_get_histogram(
    ch: *mut spdk_io_channel,
    cb_fn: spdk_bdev_histogram_data_cb,
    cb_arg: *mut c_void,
) {
    // SAFETY: by contract.
    unsafe {
        let histogram = channel::of(ch).histogram.get();
        let status = if histogram.is_null() { -libc::EFAULT } else { 0 };
        if let Some(cb) = cb_fn {
            cb(cb_arg, status, histogram);
        }
    }
}
