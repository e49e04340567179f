//! Queue depth: counted on request, or sampled by a poller, and walks over I/O in flight.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::channel;
use super::desc;
use super::io::int;
use super::module_types::{spdk_bdev_for_each_io_cb, spdk_bdev_get_current_qd_cb, spdk_bdev_io_fn};
use super::open::{OpenArgs, close, open_by_name};
use super::state::state;
use super::walk::{self, spdk_bdev_channel_iter, spdk_bdev_for_each_channel_continue};
use super::{faults, spdk_bdev};
use crate::{
    SPDK_POLLER_BUSY, spdk_io_channel, spdk_poller_register_named, spdk_poller_unregister,
    spdk_thread_send_msg,
};

/// Samples the queue depth every `period` microseconds, on this thread; 0 ends it. The bdev is held
/// open meanwhile.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_set_qd_sampling_period(bdev: *mut spdk_bdev, period: u64) {
    // SAFETY: by contract.
    unsafe {
        let own = state(bdev);
        let sampler = {
            let mut shared = own.lock();
            if shared.qd.new_period == period {
                return;
            }
            shared.qd.new_period = period;
            shared.qd.desc
        };
        if !sampler.is_null() {
            let thread = desc::of(sampler).thread;
            spdk_thread_send_msg(thread, Some(update_msg), bdev.cast());
            return;
        }
        let Ok(opened) = open_by_name(own.name.as_bytes(), OpenArgs::internal()) else { return };
        let mut shared = own.lock();
        shared.qd.desc = opened;
        shared.qd.period = period;
        shared.qd.poller = register(bdev, period);
    }
}

unsafe fn register(bdev: *mut spdk_bdev, period: u64) -> *mut crate::spdk_poller {
    let name = c"bdev_calculate_measured_queue_depth".as_ptr();
    // SAFETY: the sampler's descriptor keeps the bdev while the poller is registered.
    unsafe { spdk_poller_register_named(Some(sample), bdev.cast(), period, name) }
}

unsafe extern "C" fn update_msg(ctx: *mut c_void) {
    // SAFETY: sent to the sampler's thread, whose descriptor keeps the bdev until it is closed here.
    unsafe { update(ctx.cast()) };
}

/// Takes a new period into use, unless a sample is being taken, which does it at its end.
unsafe fn update(bdev: *mut spdk_bdev) {
    // SAFETY: on the sampler's thread, with the bdev held open by it.
    unsafe {
        let mut shared = state(bdev).lock();
        if shared.qd.period == shared.qd.new_period || shared.qd.in_progress {
            return;
        }
        shared.qd.period = shared.qd.new_period;
        let period = shared.qd.period;
        let mut poller = core::mem::replace(&mut shared.qd.poller, ptr::null_mut());
        spdk_poller_unregister(&raw mut poller);
        if period != 0 {
            shared.qd.poller = register(bdev, period);
            return;
        }
        let desc = core::mem::replace(&mut shared.qd.desc, ptr::null_mut());
        drop(shared);
        close(desc);
    }
}

unsafe extern "C" fn sample(ctx: *mut c_void) -> c_int {
    let bdev = ctx.cast::<spdk_bdev>();
    // SAFETY: the sampler's descriptor keeps the bdev.
    unsafe {
        {
            let mut shared = state(bdev).lock();
            shared.qd.in_progress = true;
            shared.qd.counting = 0;
        }
        walk::start(bdev, sample_channel, ctx, sampled);
    }
    SPDK_POLLER_BUSY as c_int
}

unsafe extern "C" fn sample_channel(
    i: *mut spdk_bdev_channel_iter,
    bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        state(bdev).lock().qd.counting += channel::of(ch).io_outstanding.get();
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn sampled(bdev: *mut spdk_bdev, _ctx: *mut c_void, _status: c_int) {
    // SAFETY: the sampler's descriptor keeps the bdev.
    unsafe {
        {
            let mut shared = state(bdev).lock();
            let qd = &mut shared.qd;
            qd.measured = qd.counting;
            if qd.measured > 0 {
                qd.io_time += qd.period;
                qd.weighted_io_time += qd.period * qd.measured;
            }
            qd.in_progress = false;
        }
        update(bdev);
    }
}

/// The queue depth of the last sample; `u64::MAX` before the first.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_get_qd(bdev: *const spdk_bdev) -> u64 {
    // SAFETY: by contract.
    unsafe { state(bdev) }.lock().qd.measured
}

/// The sampling period in microseconds; 0 if sampling is off.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_get_qd_sampling_period(bdev: *const spdk_bdev) -> u64 {
    // SAFETY: by contract.
    unsafe { state(bdev) }.lock().qd.period
}

/// Microseconds in which samples found I/O in flight.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_get_io_time(bdev: *const spdk_bdev) -> u64 {
    // SAFETY: by contract.
    unsafe { state(bdev) }.lock().qd.io_time
}

/// As [`spdk_bdev_get_io_time`], multiplied by the queue depth.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_get_weighted_io_time(bdev: *const spdk_bdev) -> u64 {
    // SAFETY: by contract.
    unsafe { state(bdev) }.lock().qd.weighted_io_time
}

struct CurrentQd {
    depth: u64,
    cb: spdk_bdev_get_current_qd_cb,
    cb_arg: *mut c_void,
}

/// Counts the I/O in flight on all channels. `cb_fn` runs later on this thread, or inside the call
/// with -ENOMEM.
///
/// # Safety
/// - `bdev` is registered and stays so until `cb_fn` runs.
pub unsafe extern "C" fn spdk_bdev_get_current_qd(
    bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_get_current_qd_cb,
    cb_arg: *mut c_void,
) {
    if faults::take_alloc_failure() {
        if let Some(cb) = cb_fn {
            // SAFETY: by contract.
            unsafe { cb(bdev, 0, cb_arg, -libc::ENOMEM) };
        }
        return;
    }
    let ctx = Box::into_raw(Box::new(CurrentQd { depth: 0, cb: cb_fn, cb_arg }));
    // SAFETY: by contract; the context lives until the walk has ended.
    unsafe { walk::start(bdev, count_channel, ctx.cast(), counted) };
}

unsafe extern "C" fn count_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk; channels are visited one at a time.
    unsafe {
        (*ctx.cast::<CurrentQd>()).depth += channel::of(ch).io_outstanding.get();
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn counted(bdev: *mut spdk_bdev, ctx: *mut c_void, _status: c_int) {
    // SAFETY: the end of the walk started by `spdk_bdev_get_current_qd`.
    unsafe {
        let ctx = Box::from_raw(ctx.cast::<CurrentQd>());
        if let Some(cb) = ctx.cb {
            cb(bdev, ctx.depth, ctx.cb_arg, 0);
        }
    }
}

struct EachIo {
    ctx: *mut c_void,
    visit: spdk_bdev_io_fn,
    done: spdk_bdev_for_each_io_cb,
}

/// Visits every I/O in flight, each on its channel's thread. A non-zero return of `fn_` ends the
/// walk. `cb` runs later on this thread, or inside the call with -ENOMEM.
///
/// # Safety
/// - `bdev` is registered and stays so until `cb` runs.
pub unsafe extern "C" fn spdk_bdev_for_each_bdev_io(
    bdev: *mut spdk_bdev,
    ctx: *mut c_void,
    fn_: spdk_bdev_io_fn,
    cb: spdk_bdev_for_each_io_cb,
) {
    if faults::take_alloc_failure() {
        if let Some(cb) = cb {
            // SAFETY: by contract.
            unsafe { cb(ctx, -libc::ENOMEM) };
        }
        return;
    }
    let walk_ctx = Box::into_raw(Box::new(EachIo { ctx, visit: fn_, done: cb }));
    // SAFETY: by contract; the context lives until the walk has ended.
    unsafe { walk::start(bdev, visit_channel, walk_ctx.cast(), visited) };
}

unsafe extern "C" fn visit_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk; an I/O that ended since it was listed is skipped.
    unsafe {
        let (visit, user) = ((*ctx.cast::<EachIo>()).visit, (*ctx.cast::<EachIo>()).ctx);
        let own = channel::of(ch);
        let listed: Vec<_> = own.io_submitted.iter().map(|io| (io, int(io).seq.get())).collect();
        let mut rc = 0;
        for (io, seq) in listed {
            if rc == 0 && int(io).submitted.get() && int(io).seq.get() == seq {
                rc = visit.map_or(0, |visit| visit(user, io));
            }
        }
        spdk_bdev_for_each_channel_continue(i, rc);
    }
}

unsafe extern "C" fn visited(_bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    // SAFETY: the end of the walk started by `spdk_bdev_for_each_bdev_io`.
    unsafe {
        let ctx = Box::from_raw(ctx.cast::<EachIo>());
        if let Some(done) = ctx.done {
            done(ctx.ctx, status);
        }
    }
}
