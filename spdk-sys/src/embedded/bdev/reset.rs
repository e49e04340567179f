//! Resets: every channel is frozen, waiting I/O is aborted, then the module is reset (or found idle),
//! then the channels thaw. Resets asked for meanwhile get the outcome of the one in progress.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::channel::{self, QOS_ENABLED, RESET_IN_PROGRESS};
use super::complete::finish;
use super::io::int;
use super::io_types::{spdk_bdev_io_reset_params, spdk_bdev_io_reset_wait_poller};
use super::module_types::SPDK_BDEV_IO_STATUS_SUCCESS;
use super::state::state;
use super::submit::{Origin, add_to_submitted, call_module, prepare};
use super::walk::{self, spdk_bdev_channel_iter, spdk_bdev_for_each_channel_continue};
use super::{
    SPDK_BDEV_IO_TYPE_RESET, nomem, spdk_bdev, spdk_bdev_desc, spdk_bdev_io, spdk_bdev_io_complete,
    spdk_bdev_io_completion_cb,
};
use crate::{
    SPDK_POLLER_BUSY, spdk_get_ticks, spdk_get_ticks_hz, spdk_io_channel, spdk_io_channel_ref,
    spdk_poller_register_named, spdk_poller_unregister, spdk_put_io_channel, spdk_thread_send_msg,
};

const DRAIN_CHECK_PERIOD_US: u64 = 1_000_000;

/// Resets the bdev. Returns 0, and `cb` runs once; or -ENOMEM. Allowed on a read-only descriptor.
/// Until it ends, new I/O on every channel ends aborted, and so does I/O that waits for resources.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_reset(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        let bdev = origin.ch.bdev;
        let io = prepare(&origin, SPDK_BDEV_IO_TYPE_RESET);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        int(io).submit_tsc.set(spdk_get_ticks());
        add_to_submitted(origin.ch, io);
        (*io).u.reset = spdk_bdev_io_reset_params {
            ch_ref: spdk_io_channel_ref(ch),
            wait_poller: spdk_bdev_io_reset_wait_poller {
                poller: ptr::null_mut(),
                stop_time_tsc: 0,
            },
        };
        let mut shared = state(bdev).lock();
        if shared.reset_in_progress.is_null() {
            shared.reset_in_progress = io;
            drop(shared);
            walk::start(bdev, freeze_channel, io.cast(), freeze_done);
        } else {
            shared.queued_resets.push_back(io);
        }
    }
    0
}

unsafe extern "C" fn freeze_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        let own = channel::of(ch);
        own.set_flag(RESET_IN_PROGRESS, true);
        nomem::abort_channel(own);
        if own.has_flag(QOS_ENABLED) {
            nomem::abort_all(&own.qos_queued, own);
        }
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn freeze_done(bdev: *mut spdk_bdev, ctx: *mut c_void, _status: c_int) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: the reset is in flight, on this thread.
    unsafe {
        let timeout = u64::from((*bdev).reset_io_drain_timeout);
        if timeout == 0 {
            reset_module(io);
            return;
        }
        let stop = spdk_get_ticks() + timeout * spdk_get_ticks_hz();
        (*io).u.reset.wait_poller.stop_time_tsc = stop;
        walk::start(bdev, check_channel, ctx, check_done);
    }
}

/// # Safety
/// - `io` is the reset in progress, on this thread.
unsafe fn reset_module(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        fields.in_submit.set(true);
        call_module(&*fields.ch.get(), io);
        fields.in_submit.set(false);
    }
}

unsafe extern "C" fn check_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        let busy = channel::of(ch).io_outstanding.get() > 0;
        spdk_bdev_for_each_channel_continue(i, if busy { -libc::EBUSY } else { 0 });
    }
}

unsafe extern "C" fn check_done(_bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: the reset is in flight, on this thread.
    unsafe {
        if status != -libc::EBUSY {
            // Nothing is outstanding: there is nothing to reset.
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
        } else if spdk_get_ticks() < (*io).u.reset.wait_poller.stop_time_tsc {
            (*io).u.reset.wait_poller.poller = spdk_poller_register_named(
                Some(check_again),
                ctx,
                DRAIN_CHECK_PERIOD_US,
                c"bdev_reset_poll_for_outstanding_io".as_ptr(),
            );
        } else {
            reset_module(io);
        }
    }
}

unsafe extern "C" fn check_again(ctx: *mut c_void) -> c_int {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: the reset is in flight; the poller is its own.
    unsafe {
        spdk_poller_unregister(&raw mut (*io).u.reset.wait_poller.poller);
        walk::start((*io).bdev, check_channel, ctx, check_done);
    }
    SPDK_POLLER_BUSY as c_int
}

/// Goes on when the module has completed a reset.
///
/// # Safety
/// - `io` is the reset in progress and has its final status.
pub(super) unsafe fn module_done(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe { walk::start((*io).bdev, thaw_channel, io.cast(), thaw_done) };
}

unsafe extern "C" fn thaw_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        channel::of(ch).set_flag(RESET_IN_PROGRESS, false);
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn thaw_done(bdev: *mut spdk_bdev, ctx: *mut c_void, _status: c_int) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: the reset is in flight on this thread; queued ones are on theirs.
    unsafe {
        let status = int(io).status();
        let queued = {
            let mut shared = state(bdev).lock();
            shared.reset_in_progress = ptr::null_mut();
            shared.queued_resets.take_all()
        };
        for other in queued {
            let fields = int(other);
            let thread = (*fields.ch.get()).thread;
            fields.set_status(status);
            spdk_thread_send_msg(thread, Some(end_msg), other.cast());
        }
        end_msg(ctx);
    }
}

/// Drops the reset's channel reference and ends it.
unsafe extern "C" fn end_msg(ctx: *mut c_void) {
    let io = ctx.cast::<spdk_bdev_io>();
    // SAFETY: the reset is in flight, on this thread, with its final status.
    unsafe {
        spdk_put_io_channel((*io).u.reset.ch_ref);
        (*io).u.reset.ch_ref = ptr::null_mut();
        finish(io);
    }
}
