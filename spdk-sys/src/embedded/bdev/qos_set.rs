//! Changing the rate limits of a bdev.

use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering;
use std::sync::Arc;

use super::channel::{self, QOS_ENABLED};
use super::qos::{self, NOT_DEFINED, NUM, Qos};
use super::state::state;
use super::submit::route;
use super::walk::{self, spdk_bdev_channel_iter, spdk_bdev_for_each_channel_continue};
use super::{
    SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT, SPDK_BDEV_STATUS_READY, faults, spdk_bdev, unregister,
};
use crate::{spdk_get_thread, spdk_io_channel, spdk_thread, spdk_thread_send_msg};

const MIN_IOS_PER_SEC: u64 = 1000;
const MIB: u64 = 1024 * 1024;

/// The outcome of a change of limits.
type StatusCb = Option<unsafe extern "C" fn(cb_arg: *mut c_void, status: c_int)>;

struct Change {
    bdev: *mut spdk_bdev,
    cb: StatusCb,
    cb_arg: *mut c_void,
}

/// What a change of limits comes to.
enum Step {
    Nothing,
    Enable,
    /// On this thread.
    Update(*mut spdk_thread),
    Disable,
}

/// Rounds the limits up in place: I/O to 1000 per second, MiB to bytes. Returns whether none is set.
fn normalize(limits: &mut [u64]) -> bool {
    let mut none = true;
    for (index, limit) in limits.iter_mut().enumerate() {
        if *limit == NOT_DEFINED {
            continue;
        }
        none &= *limit == 0;
        if index == SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT as usize {
            let most = u64::MAX - u64::MAX % MIN_IOS_PER_SEC;
            *limit = limit.checked_next_multiple_of(MIN_IOS_PER_SEC).unwrap_or(most);
        } else {
            *limit = (*limit).min(u64::MAX / MIB) * MIB;
        }
    }
    none
}

/// Sets the four limits of a bdev: I/O per second, then MiB per second; `u64::MAX` leaves one as it
/// is, 0 lifts it. `limits` is rewritten in place. `cb_fn` may be NULL; it runs once: inside the call
/// with -EAGAIN (a change is in progress), -ENOMEM, or 0 (nothing to do), else later on this thread
/// or on the thread of the QoS channel.
///
/// # Safety
/// - `bdev` is registered and stays so until `cb_fn` ran; `limits` points to four numbers.
pub unsafe extern "C" fn spdk_bdev_set_qos_rate_limits(
    bdev: *mut spdk_bdev,
    limits: *mut u64,
    cb_fn: StatusCb,
    cb_arg: *mut c_void,
) {
    // SAFETY: by contract; the caller does not touch the array meanwhile.
    let limits = unsafe { core::slice::from_raw_parts_mut(limits, NUM) };
    let none = normalize(limits);
    let change = Change { bdev, cb: cb_fn, cb_arg };
    if faults::take_alloc_failure() {
        answer(&change, -libc::ENOMEM);
        return;
    }
    // SAFETY: by contract.
    let bdev_state = unsafe { state(bdev) };
    let mut shared = bdev_state.lock();
    if shared.qos_mod_in_progress {
        drop(shared);
        answer(&change, -libc::EAGAIN);
        return;
    }
    shared.qos_mod_in_progress = true;
    let step = plan(&mut shared.qos, limits, none);
    drop(shared);
    // SAFETY: the bdev stays registered, and so does the thread of a QoS channel.
    unsafe { run(step, change) };
}

/// Notes the limits and says what has to be done about them.
fn plan(slot: &mut Option<Arc<Qos>>, limits: &[u64], none: bool) -> Step {
    let others_stay = slot.as_ref().is_some_and(|qos| {
        limits.iter().zip(&qos.limits).any(|(&new, old)| {
            let old = old.per_sec.load(Ordering::Relaxed);
            new == NOT_DEFINED && old != NOT_DEFINED && old > 0
        })
    });
    let disable = none && !others_stay;
    if disable && slot.is_none() {
        return Step::Nothing;
    }
    let qos = slot.get_or_insert_with(|| Arc::new(Qos::new()));
    for (&new, limit) in limits.iter().zip(&qos.limits) {
        match new {
            NOT_DEFINED => {}
            0 => limit.per_sec.store(NOT_DEFINED, Ordering::Relaxed),
            new => limit.per_sec.store(new, Ordering::Relaxed),
        }
    }
    if disable {
        Step::Disable
    } else {
        let thread = qos.thread();
        if thread.is_null() { Step::Enable } else { Step::Update(thread) }
    }
}

unsafe fn run(step: Step, change: Change) {
    let bdev = change.bdev;
    let ctx: *mut c_void = Box::into_raw(Box::new(change)).cast();
    // SAFETY: called by `spdk_bdev_set_qos_rate_limits`; the context lives until the change ends.
    unsafe {
        match step {
            Step::Nothing => finish(ctx.cast(), 0),
            Step::Enable => walk::start(bdev, enable_channel, ctx, enable_done),
            Step::Disable => walk::start(bdev, disable_channel, ctx, disable_done),
            Step::Update(thread) => {
                spdk_thread_send_msg(thread, Some(update_msg), ctx);
            }
        }
    }
}

fn answer(change: &Change, status: c_int) {
    if let Some(cb) = change.cb {
        // SAFETY: the caller's callback and argument.
        unsafe { cb(change.cb_arg, status) };
    }
}

/// Ends a change of limits.
unsafe fn finish(ctx: *mut Change, status: c_int) {
    // SAFETY: boxed by `run` or `on_open`; used once.
    unsafe {
        let change = Box::from_raw(ctx);
        // Nothing else may keep the bdev registered from here on.
        unregister::qos_change_ended(change.bdev);
        answer(&change, status);
    }
}

unsafe extern "C" fn update_msg(ctx: *mut c_void) {
    // SAFETY: sent by `run`, to the thread of the QoS channel.
    unsafe {
        let bdev = (*ctx.cast::<Change>()).bdev;
        let qos = state(bdev).lock().qos.clone();
        if let Some(qos) = qos {
            qos.refill();
        }
        finish(ctx.cast(), 0);
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
        let (ready, qos) = {
            let shared = state(bdev).lock();
            (shared.status == SPDK_BDEV_STATUS_READY, shared.qos.clone())
        };
        let mut status = 0;
        match qos {
            Some(qos) if ready => qos::enable_on(channel::of(ch), &qos),
            _ => status = -libc::EAGAIN,
        }
        spdk_bdev_for_each_channel_continue(i, status);
    }
}

unsafe extern "C" fn enable_done(_bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    // SAFETY: the end of the walk started by `run`.
    unsafe { finish(ctx.cast(), status) };
}

unsafe extern "C" fn disable_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread; waiting I/O are in flight.
    unsafe {
        let own = channel::of(ch);
        own.set_flag(QOS_ENABLED, false);
        *own.qos.borrow_mut() = None;
        while let Some(io) = own.qos_queued.pop_front() {
            route(own, io);
        }
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn disable_done(bdev: *mut spdk_bdev, ctx: *mut c_void, _status: c_int) {
    // SAFETY: the end of the walk started by `run`.
    unsafe {
        let qos = state(bdev).lock().qos.take();
        let thread = qos.as_ref().map_or(core::ptr::null_mut(), |qos| qos.thread());
        if let Some(qos) = qos {
            qos::end_later(qos);
        }
        if thread.is_null() || thread == spdk_get_thread() {
            finish(ctx.cast(), 0);
        } else {
            spdk_thread_send_msg(thread, Some(disabled_msg), ctx);
        }
    }
}

unsafe extern "C" fn disabled_msg(ctx: *mut c_void) {
    // SAFETY: sent by `disable_done`.
    unsafe { finish(ctx.cast(), 0) };
}

/// Starts limits that were set while nobody had the bdev open. The caller opens a descriptor.
///
/// # Safety
/// - `bdev` is registered.
pub(super) unsafe fn on_open(bdev: *mut spdk_bdev) {
    // SAFETY: by contract.
    unsafe {
        let mut shared = state(bdev).lock();
        let idle = shared.qos.as_ref().is_some_and(|qos| qos.thread().is_null());
        if !idle || shared.qos_mod_in_progress {
            return;
        }
        shared.qos_mod_in_progress = true;
        drop(shared);
        let change = Change { bdev, cb: None, cb_arg: core::ptr::null_mut() };
        let ctx = Box::into_raw(Box::new(change)).cast();
        walk::start(bdev, enable_channel, ctx, enable_done);
    }
}
