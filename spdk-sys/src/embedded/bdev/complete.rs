//! The way of an I/O back: from the module's `spdk_bdev_io_complete` to the user's callback.
//!
//! Invariant: a completion made while the bdev layer is inside the module's submit function is
//! posted as a message, so the callback does not run inside the user's submit call.

use core::ffi::{c_int, c_void};

use super::channel::BdevChannel;
use super::io::{ErrorStatus, Phase, int};
use super::module_types::{
    SPDK_BDEV_IO_STATUS_AIO_ERROR, SPDK_BDEV_IO_STATUS_NVME_ERROR, SPDK_BDEV_IO_STATUS_PENDING,
    SPDK_BDEV_IO_STATUS_SCSI_ERROR, SPDK_BDEV_IO_STATUS_SUCCESS, spdk_bdev_io_status,
};
use super::status::{
    spdk_bdev_io_set_aio_status, spdk_bdev_io_set_nvme_status, spdk_bdev_io_set_scsi_status,
};
use super::{
    SPDK_BDEV_IO_TYPE_RESET, buf, desc, faults, histogram, nomem, reset, spdk_bdev_io, stat, submit,
};
use crate::{spdk_get_thread, spdk_get_ticks, spdk_thread_send_msg};

/// Ends an I/O. The module calls it once for each I/O it was given, on the I/O's thread; a second
/// completion or one on another thread ends the process. `SPDK_BDEV_IO_STATUS_NOMEM` makes the bdev
/// layer try again later.
///
/// # Safety
/// - `bdev_io` was given to the module and was not completed yet.
pub unsafe extern "C" fn spdk_bdev_io_complete(
    bdev_io: *mut spdk_bdev_io,
    status: spdk_bdev_io_status,
) {
    // SAFETY: pool memory by contract.
    let fields = unsafe { int(bdev_io) };
    assert!(
        fields.phase() == Phase::InFlight && fields.status() == SPDK_BDEV_IO_STATUS_PENDING,
        "spdk_bdev_io_complete: the module completed an I/O twice; complete each I/O once"
    );
    // SAFETY: an I/O in flight has a live channel.
    let ch = unsafe { &*fields.ch.get() };
    // SAFETY: may be called from anywhere.
    let thread = unsafe { spdk_get_thread() };
    assert!(
        thread == ch.thread,
        "spdk_bdev_io_complete: called off the I/O's thread; send a message to spdk_bdev_io_get_thread() first"
    );
    // SAFETY: checked above.
    unsafe {
        if !(faults::active() && faults::intercept_complete(ch, bdev_io, status)) {
            complete_now(ch, bdev_io, status);
        }
    }
}

/// [`spdk_bdev_io_complete`] past its checks.
///
/// # Safety
/// - `io` is in flight on `ch`, on this thread, and pending.
pub(super) unsafe fn complete_now(
    ch: &BdevChannel,
    io: *mut spdk_bdev_io,
    status: spdk_bdev_io_status,
) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        fields.set_status(status);
        if u32::from((*io).type_) == SPDK_BDEV_IO_TYPE_RESET {
            reset::module_done(io);
            return;
        }
        ch.sub_outstanding();
        if fields.has_bounce.get() && status == SPDK_BDEV_IO_STATUS_SUCCESS {
            buf::push_bounce(io);
        }
        if nomem::handle(ch, io) {
            return;
        }
        finish(io);
    }
}

/// Processes a completion: statistics, then the user's callback, now or by message.
///
/// # Safety
/// - `io` is in flight on this thread and has its final status.
pub(super) unsafe fn finish(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        let ch = &*fields.ch.get();
        if fields.in_submit.get() {
            spdk_thread_send_msg(ch.thread, Some(finish_msg), io.cast());
            return;
        }
        let elapsed = spdk_get_ticks().wrapping_sub(fields.submit_tsc.get());
        submit::remove_from_submitted(ch, io);
        histogram::tally(ch, io, elapsed);
        stat::account(ch, io, elapsed);
        call_back(io);
    }
}

unsafe extern "C" fn finish_msg(ctx: *mut c_void) {
    // SAFETY: sent by `finish` for an I/O that stays in flight until here.
    unsafe { finish(ctx.cast()) };
}

/// Ends an I/O that the bdev layer worked on itself and that has no statistics of its own.
///
/// # Safety
/// - `io` is in flight on this thread and on no list.
pub(super) unsafe fn finish_with(io: *mut spdk_bdev_io, status: spdk_bdev_io_status) {
    // SAFETY: by contract.
    unsafe {
        int(io).set_status(status);
        call_back(io);
    }
}

/// Ends an I/O with success in a later poll of its thread.
///
/// # Safety
/// - `io` was prepared on this thread and not submitted.
pub(super) unsafe fn succeed_by_message(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let ch = &*int(io).ch.get();
        spdk_thread_send_msg(ch.thread, Some(succeed_msg), io.cast());
    }
}

unsafe extern "C" fn succeed_msg(ctx: *mut c_void) {
    // SAFETY: sent by `succeed_by_message`.
    unsafe { finish_with(ctx.cast(), SPDK_BDEV_IO_STATUS_SUCCESS) };
}

/// Ends an I/O that has its final status in a later poll of its thread, without statistics.
///
/// # Safety
/// - `io` is in flight on this thread, has its final status, and is on no list.
pub(super) unsafe fn call_back_by_message(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let ch = &*int(io).ch.get();
        spdk_thread_send_msg(ch.thread, Some(call_back_msg), io.cast());
    }
}

unsafe extern "C" fn call_back_msg(ctx: *mut c_void) {
    // SAFETY: sent by `call_back_by_message`.
    unsafe { call_back(ctx.cast()) };
}

/// Gives the I/O to its completion callback.
///
/// # Safety
/// - `io` is in flight on this thread, has its final status, and is on no list.
pub(super) unsafe fn call_back(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        debug_assert!(!fields.submitted.get());
        let success = fields.status() == SPDK_BDEV_IO_STATUS_SUCCESS;
        fields.set_phase(Phase::Done);
        desc::of(fields.desc.get()).sub_io(&*fields.ch.get());
        match fields.cb.get() {
            Some(cb) => cb(io, success, fields.caller_ctx.get()),
            None => panic!("spdk_bdev submit: the completion callback is NULL; pass one"),
        }
    }
}

/// Ends an I/O with an NVMe status.
///
/// # Safety
/// - As [`spdk_bdev_io_complete`].
pub unsafe extern "C" fn spdk_bdev_io_complete_nvme_status(
    bdev_io: *mut spdk_bdev_io,
    cdw0: u32,
    sct: c_int,
    sc: c_int,
) {
    // SAFETY: by contract.
    unsafe {
        let status = spdk_bdev_io_set_nvme_status(bdev_io, cdw0, sct, sc);
        spdk_bdev_io_complete(bdev_io, status);
    }
}

/// Ends an I/O with a SCSI status.
///
/// # Safety
/// - As [`spdk_bdev_io_complete`].
pub unsafe extern "C" fn spdk_bdev_io_complete_scsi_status(
    bdev_io: *mut spdk_bdev_io,
    sc: super::spdk_scsi_status,
    sk: super::spdk_scsi_sense,
    asc: u8,
    ascq: u8,
) {
    // SAFETY: by contract.
    unsafe {
        let status = spdk_bdev_io_set_scsi_status(bdev_io, sc, sk, asc, ascq);
        spdk_bdev_io_complete(bdev_io, status);
    }
}

/// Ends an I/O with the result of a Linux AIO request: 0 or a negative errno.
///
/// # Safety
/// - As [`spdk_bdev_io_complete`].
pub unsafe extern "C" fn spdk_bdev_io_complete_aio_status(
    bdev_io: *mut spdk_bdev_io,
    aio_result: c_int,
) {
    // SAFETY: by contract.
    unsafe {
        let status = spdk_bdev_io_set_aio_status(bdev_io, aio_result);
        spdk_bdev_io_complete(bdev_io, status);
    }
}

/// Copies the status of an I/O on a base bdev to an I/O of the bdev above it.
///
/// # Safety
/// - Both I/O are valid; `base_io` has completed.
pub unsafe extern "C" fn spdk_bdev_io_set_base_io_status(
    bdev_io: *mut spdk_bdev_io,
    base_io: *const spdk_bdev_io,
) -> spdk_bdev_io_status {
    // SAFETY: by contract.
    unsafe {
        let base = int(base_io.cast_mut());
        if matches!(
            base.status(),
            SPDK_BDEV_IO_STATUS_NVME_ERROR
                | SPDK_BDEV_IO_STATUS_SCSI_ERROR
                | SPDK_BDEV_IO_STATUS_AIO_ERROR
        ) {
            let error: ErrorStatus = base.error.get();
            int(bdev_io).error.set(error);
        }
        base.status()
    }
}

/// Ends an I/O with the status of an I/O on a base bdev.
///
/// # Safety
/// - As [`spdk_bdev_io_complete`] and [`spdk_bdev_io_set_base_io_status`].
pub unsafe extern "C" fn spdk_bdev_io_complete_base_io_status(
    bdev_io: *mut spdk_bdev_io,
    base_io: *const spdk_bdev_io,
) {
    // SAFETY: by contract.
    unsafe {
        let status = spdk_bdev_io_set_base_io_status(bdev_io, base_io);
        spdk_bdev_io_complete(bdev_io, status);
    }
}
