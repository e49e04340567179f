//! Aborts: of everything a channel has submitted with a given `cb_arg`.
//!
//! A user's abort is the parent of one abort for each target. The targets are listed before the first
//! of them is touched, because aborting one may run callbacks that submit new I/O.

use core::ffi::{c_int, c_void};

use super::channel::BdevChannel;
use super::complete::finish;
use super::io::{Split, int};
use super::module_types::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_NOMEM, SPDK_BDEV_IO_STATUS_SUCCESS,
    spdk_bdev_io_status,
};
use super::query::supports;
use super::submit::{Origin, add_to_submitted, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_ABORT, SPDK_BDEV_IO_TYPE_RESET, io_wait, spdk_bdev_desc, spdk_bdev_free_io,
    spdk_bdev_io, spdk_bdev_io_completion_cb,
};
use crate::{spdk_get_ticks, spdk_io_channel};

/// Aborts every I/O of this channel whose `cb_arg` is `bio_cb_arg` and which was submitted before
/// this call. Returns 0, and `cb` runs once, inside the call if nothing matches (success false); or
/// -EINVAL if `bio_cb_arg` is NULL, -ENOTSUP, or -ENOMEM. A target that waits for resources is ended
/// inside the call. Success is false if a target could not be aborted.
///
/// # Safety
/// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_abort(
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    bio_cb_arg: *mut c_void,
    cb: spdk_bdev_io_completion_cb,
    cb_arg: *mut c_void,
) -> c_int {
    if bio_cb_arg.is_null() {
        return -libc::EINVAL;
    }
    // SAFETY: by contract.
    unsafe {
        let origin = Origin::user(desc, ch, cb, cb_arg);
        if !supports(origin.ch.bdev, SPDK_BDEV_IO_TYPE_ABORT) {
            return -libc::ENOTSUP;
        }
        let io = prepare(&origin, SPDK_BDEV_IO_TYPE_ABORT);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        start_parent(origin.ch, io, bio_cb_arg);
    }
    0
}

/// # Safety
/// - `io` is a prepared abort.
unsafe fn start_parent(ch: &BdevChannel, io: *mut spdk_bdev_io, target_cb_arg: *mut c_void) {
    // SAFETY: by contract.
    unsafe {
        (*io).u.bdev.abort.bio_cb_arg = target_cb_arg;
        int(io).submit_tsc.set(spdk_get_ticks());
        add_to_submitted(ch, io);
        abort_targets(io, SPDK_BDEV_IO_STATUS_FAILED);
    }
}

unsafe extern "C" fn abort_again(ctx: *mut c_void) {
    // SAFETY: queued by `part_done` for a parent that has no part in flight. Those that are gone by
    // now need no abort.
    unsafe { abort_targets(ctx.cast(), SPDK_BDEV_IO_STATUS_SUCCESS) };
}

/// Aborts every target of a parent, which ends with `if_none` if there is none.
///
/// # Safety
/// - `parent` is in flight and has no part in flight.
unsafe fn abort_targets(parent: *mut spdk_bdev_io, if_none: spdk_bdev_io_status) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(parent);
        let ch = &*fields.ch.get();
        let wanted = (*parent).u.bdev.abort.bio_cb_arg;
        let matches = |&io: &*mut spdk_bdev_io| {
            let target = int(io);
            target.caller_ctx.get() == wanted && target.seq.get() < fields.seq.get()
        };
        let with_seq = |io: *mut spdk_bdev_io| (io, int(io).seq.get());
        let targets: Vec<_> = ch.io_submitted.iter().filter(matches).map(with_seq).collect();

        fields.set_status(SPDK_BDEV_IO_STATUS_SUCCESS);
        // The walk itself counts as outstanding, so that no part ends the parent meanwhile.
        fields.split.set(true);
        set_outstanding(parent, 1);
        let mut submitted = 0;
        for (target, seq) in targets {
            // An earlier abort may have ended this one as well.
            if int(target).submitted.get() && int(target).seq.get() == seq {
                match abort_one(parent, target) {
                    0 => submitted += 1,
                    rc => {
                        let no_mem = rc == -libc::ENOMEM;
                        let failed = SPDK_BDEV_IO_STATUS_FAILED;
                        let status = if no_mem { SPDK_BDEV_IO_STATUS_NOMEM } else { failed };
                        fields.set_status(status);
                        break;
                    }
                }
            }
        }
        if submitted == 0 && fields.status() == SPDK_BDEV_IO_STATUS_SUCCESS {
            fields.set_status(if_none);
        }
        part_done(parent);
    }
}

/// # Safety
/// - `io` is a parent abort.
unsafe fn set_outstanding(io: *mut spdk_bdev_io, outstanding: u32) {
    // SAFETY: by contract.
    let state = unsafe { &int(io).split_state };
    state.set(Split { remaining_num_blocks: 0, current_offset_blocks: 0, outstanding });
}

/// # Safety
/// - As [`set_outstanding`]; one part has ended.
unsafe fn part_done(parent: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(parent);
        let left = fields.split_state.get().outstanding - 1;
        set_outstanding(parent, left);
        if left > 0 {
            return;
        }
        if fields.status() == SPDK_BDEV_IO_STATUS_NOMEM {
            io_wait::queue(parent, abort_again, false);
        } else {
            finish(parent);
        }
    }
}

/// Submits the abort of one target for `parent`.
///
/// # Safety
/// - Both are in flight on this thread.
unsafe fn abort_one(parent: *mut spdk_bdev_io, target: *mut spdk_bdev_io) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let type_ = u32::from((*target).type_);
        if type_ == SPDK_BDEV_IO_TYPE_ABORT || type_ == SPDK_BDEV_IO_TYPE_RESET {
            return -libc::ENOTSUP;
        }
        let origin = Origin::for_parent(parent, false, one_done);
        let io = prepare(&origin, SPDK_BDEV_IO_TYPE_ABORT);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        set_outstanding(parent, int(parent).split_state.get().outstanding + 1);
        (*io).u.abort.bio_to_abort = target;
        if int(target).split.get() {
            // Its children have the target as their `cb_arg`.
            start_parent(origin.ch, io, target.cast());
        } else {
            submit(io);
        }
    }
    0
}

unsafe extern "C" fn one_done(io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    let parent = cb_arg.cast::<spdk_bdev_io>();
    // SAFETY: the parent waits for this part. The target may have ended meanwhile, but it is still
    // memory of the pool.
    unsafe {
        let target = (*io).u.abort.bio_to_abort;
        let ch = &*int(io).ch.get();
        spdk_bdev_free_io(io);
        // A target that has completed by itself counts as aborted.
        if !success && ch.io_submitted.contains(target) {
            int(parent).set_status(SPDK_BDEV_IO_STATUS_FAILED);
        }
        part_done(parent);
    }
}
