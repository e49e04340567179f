//! I/O statistics: counted per channel, folded into the bdev when a channel ends, summed up on
//! request by a walk over the channels.

use core::ffi::{c_int, c_void};

use super::channel::{self, BdevChannel};
use super::io::int;
use super::module_types::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_SUCCESS, SPDK_MIN_BDEV_IO_STATUS,
};
use super::state::state;
use super::walk::{self, spdk_bdev_for_each_channel_continue};
use super::{
    SPDK_BDEV_IO_TYPE_COPY, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_UNMAP,
    SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_ZCOPY, SPDK_BDEV_RESET_STAT_ALL,
    SPDK_BDEV_RESET_STAT_ERROR, SPDK_BDEV_RESET_STAT_NONE, faults, spdk_bdev,
    spdk_bdev_channel_iter, spdk_bdev_get_device_stat_cb, spdk_bdev_io, spdk_bdev_io_stat,
    spdk_bdev_reset_stat_mode,
};
use crate::spdk_io_channel;

/// Statistics of nothing.
pub(super) fn empty() -> spdk_bdev_io_stat {
    spdk_bdev_io_stat {
        min_read_latency_ticks: u64::MAX,
        min_write_latency_ticks: u64::MAX,
        min_unmap_latency_ticks: u64::MAX,
        min_copy_latency_ticks: u64::MAX,
        ..Default::default()
    }
}

/// Calls a macro with the I/O type and the five fields of each kind of I/O that is counted.
macro_rules! each_kind {
    ($apply:ident) => {
        $apply!(
            SPDK_BDEV_IO_TYPE_READ,
            bytes_read,
            num_read_ops,
            read_latency_ticks,
            max_read_latency_ticks,
            min_read_latency_ticks
        );
        $apply!(
            SPDK_BDEV_IO_TYPE_WRITE,
            bytes_written,
            num_write_ops,
            write_latency_ticks,
            max_write_latency_ticks,
            min_write_latency_ticks
        );
        $apply!(
            SPDK_BDEV_IO_TYPE_UNMAP,
            bytes_unmapped,
            num_unmap_ops,
            unmap_latency_ticks,
            max_unmap_latency_ticks,
            min_unmap_latency_ticks
        );
        $apply!(
            SPDK_BDEV_IO_TYPE_COPY,
            bytes_copied,
            num_copy_ops,
            copy_latency_ticks,
            max_copy_latency_ticks,
            min_copy_latency_ticks
        );
    };
}

/// Adds `from` to `to`, counters and latencies alike.
pub(super) fn add(to: &mut spdk_bdev_io_stat, from: &spdk_bdev_io_stat) {
    macro_rules! fold {
        ($type_:ident, $bytes:ident, $ops:ident, $sum:ident, $max:ident, $min:ident) => {
            to.$bytes = to.$bytes.saturating_add(from.$bytes);
            to.$ops += from.$ops;
            to.$sum += from.$sum;
            to.$max = to.$max.max(from.$max);
            to.$min = to.$min.min(from.$min);
        };
    }
    each_kind!(fold);
}

/// Resets what `mode` names, except error counters.
fn reset_counters(stat: &mut spdk_bdev_io_stat, mode: spdk_bdev_reset_stat_mode) {
    if mode == SPDK_BDEV_RESET_STAT_NONE || mode == SPDK_BDEV_RESET_STAT_ERROR {
        return;
    }
    let none = empty();
    if mode == SPDK_BDEV_RESET_STAT_ALL {
        *stat = spdk_bdev_io_stat { ticks_rate: stat.ticks_rate, io_error: stat.io_error, ..none };
        return;
    }
    *stat = spdk_bdev_io_stat {
        max_read_latency_ticks: 0,
        min_read_latency_ticks: none.min_read_latency_ticks,
        max_write_latency_ticks: 0,
        min_write_latency_ticks: none.min_write_latency_ticks,
        max_unmap_latency_ticks: 0,
        min_unmap_latency_ticks: none.min_unmap_latency_ticks,
        max_copy_latency_ticks: 0,
        min_copy_latency_ticks: none.min_copy_latency_ticks,
        ..*stat
    };
}

fn resets_errors(mode: spdk_bdev_reset_stat_mode) -> bool {
    mode == SPDK_BDEV_RESET_STAT_ALL || mode == SPDK_BDEV_RESET_STAT_ERROR
}

/// Counts a completed I/O.
///
/// # Safety
/// - `io` is in flight on `ch` and has its final status.
pub(super) unsafe fn account(ch: &BdevChannel, io: *mut spdk_bdev_io, ticks: u64) {
    // SAFETY: by contract; only this thread touches the channel's statistics, and no reference to
    // them is alive.
    unsafe {
        let status = int(io).status();
        let stat = ch.stat.get();
        if status != SPDK_BDEV_IO_STATUS_SUCCESS {
            count_error(ch, status);
            return;
        }
        let mut type_ = u32::from((*io).type_);
        if type_ == SPDK_BDEV_IO_TYPE_ZCOPY && (*io).u.bdev.zcopy.start == 1 {
            let populates = (*io).u.bdev.zcopy.populate == 1;
            type_ = if populates { SPDK_BDEV_IO_TYPE_READ } else { SPDK_BDEV_IO_TYPE_WRITE };
        }
        macro_rules! count {
            ($type_:ident, $bytes:ident, $ops:ident, $sum:ident, $max:ident, $min:ident) => {
                if type_ == $type_ {
                    let blocks = (*io).u.bdev.num_blocks;
                    let bytes = blocks.saturating_mul((*ch.bdev).blocklen.into());
                    (*stat).$bytes = (*stat).$bytes.saturating_add(bytes);
                    (*stat).$ops += 1;
                    (*stat).$sum += ticks;
                    (*stat).$max = (*stat).$max.max(ticks);
                    (*stat).$min = (*stat).$min.min(ticks);
                    return;
                }
            };
        }
        each_kind!(count);
    }
}

#[cold]
fn count_error(ch: &BdevChannel, status: c_int) {
    if (SPDK_MIN_BDEV_IO_STATUS..=SPDK_BDEV_IO_STATUS_FAILED).contains(&status) {
        // SAFETY: the bdev is registered while it has channels.
        let mut shared = unsafe { state(ch.bdev) }.lock();
        shared.errors.error_status[(-status - 1) as usize] += 1;
    }
}

/// Copies statistics without their error counters.
unsafe fn copy_out(to: *mut spdk_bdev_io_stat, from: &spdk_bdev_io_stat) {
    // SAFETY: the caller's structure is writable.
    unsafe {
        let io_error = (*to).io_error;
        *to = spdk_bdev_io_stat { io_error, ..*from };
    }
}

/// Reads the statistics of one channel, then resets what `reset_mode` names.
///
/// # Safety
/// - `ch` is a live channel of `bdev`, and the caller runs on its thread; `stat` is writable.
pub unsafe extern "C" fn spdk_bdev_get_io_stat(
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    stat: *mut spdk_bdev_io_stat,
    reset_mode: spdk_bdev_reset_stat_mode,
) {
    // SAFETY: by contract; no reference into the channel's statistics outlives this function.
    unsafe {
        let own = &mut *channel::of(ch).stat.get();
        copy_out(stat, own);
        reset_counters(own, reset_mode);
    }
}

/// Adds the counters of `add_` to `total`.
///
/// # Safety
/// - Both are valid and distinct.
pub unsafe extern "C" fn spdk_bdev_add_io_stat(
    total: *mut spdk_bdev_io_stat,
    add_: *mut spdk_bdev_io_stat,
) {
    // SAFETY: by contract.
    unsafe { add(&mut *total, &*add_) };
}

/// Resets what `mode` names.
///
/// # Safety
/// - `stat` is valid; its `io_error` is NULL or valid.
pub unsafe extern "C" fn spdk_bdev_reset_io_stat(
    stat: *mut spdk_bdev_io_stat,
    mode: spdk_bdev_reset_stat_mode,
) {
    // SAFETY: by contract.
    unsafe {
        if resets_errors(mode) && !(*stat).io_error.is_null() {
            *(*stat).io_error = Default::default();
        }
        reset_counters(&mut *stat, mode);
    }
}

struct DeviceStat {
    stat: *mut spdk_bdev_io_stat,
    reset_mode: spdk_bdev_reset_stat_mode,
    cb: spdk_bdev_get_device_stat_cb,
    cb_arg: *mut c_void,
}

/// Sums up the statistics of a bdev and its channels into `stat`, then resets what `reset_mode`
/// names. `cb` runs later on this thread with rc 0, or inside the call with -ENOMEM.
///
/// # Safety
/// - `bdev` is registered and stays so until `cb` runs (hold a descriptor).
/// - `stat` was zeroed or has a valid `io_error`, and stays valid until `cb` runs.
pub unsafe extern "C" fn spdk_bdev_get_device_stat(
    bdev: *mut spdk_bdev,
    stat: *mut spdk_bdev_io_stat,
    reset_mode: spdk_bdev_reset_stat_mode,
    cb: spdk_bdev_get_device_stat_cb,
    cb_arg: *mut c_void,
) {
    if faults::take_alloc_failure() {
        if let Some(cb) = cb {
            // SAFETY: by contract.
            unsafe { cb(bdev, stat, cb_arg, -libc::ENOMEM) };
        }
        return;
    }
    // SAFETY: by contract.
    unsafe {
        let mut shared = state(bdev).lock();
        copy_out(stat, &shared.stat);
        if !(*stat).io_error.is_null() {
            *(*stat).io_error = shared.errors;
        }
        reset_counters(&mut shared.stat, reset_mode);
        if resets_errors(reset_mode) {
            shared.errors = Default::default();
        }
        drop(shared);
        let ctx = Box::into_raw(Box::new(DeviceStat { stat, reset_mode, cb, cb_arg }));
        walk::start(bdev, sum_channel, ctx.cast(), sum_done);
    }
}

unsafe extern "C" fn sum_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    // SAFETY: the walk visits one channel at a time, so nobody else uses the context or the sum.
    unsafe {
        let request = &*ctx.cast::<DeviceStat>();
        let own = &mut *channel::of(ch).stat.get();
        add(&mut *request.stat, own);
        reset_counters(own, request.reset_mode);
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn sum_done(bdev: *mut spdk_bdev, ctx: *mut c_void, _status: c_int) {
    // SAFETY: boxed by `spdk_bdev_get_device_stat`; the walk has ended.
    unsafe {
        let request = Box::from_raw(ctx.cast::<DeviceStat>());
        (*request.stat).ticks_rate = crate::spdk_get_ticks_hz();
        if let Some(cb) = request.cb {
            cb(bdev, request.stat, request.cb_arg, 0);
        }
    }
}
