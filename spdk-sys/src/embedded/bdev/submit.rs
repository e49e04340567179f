//! The way of an I/O from a public submit function to the module.
//!
//! `prepare` takes a bdev_io and fills in what every I/O has; the public function then sets the
//! parameters of its type and calls `submit`. Invariant: between `submit` and the completion
//! callback the I/O is with exactly one of: the module, a queue, the locked list, its children.

use core::ffi::c_void;
use core::ptr;

use super::channel::{BdevChannel, QOS_ENABLED, RESET_IN_PROGRESS};
use super::desc::{self, spdk_bdev_desc};
use super::faults;
use super::io::{ErrorStatus, Phase, int};
use super::io_types::spdk_bdev_io_block_params;
use super::module_types::{
    SPDK_BDEV_IO_STATUS_ABORTED, SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_PENDING,
    SPDK_BDEV_IO_STATUS_SUCCESS, spdk_bdev_io_status,
};
use super::{
    SPDK_BDEV_IO_TYPE_ABORT, SPDK_BDEV_IO_TYPE_WRITE, channel, lba_lock, nomem, qos, spdk_bdev_io,
    spdk_bdev_io_complete, spdk_bdev_io_completion_cb, spdk_bdev_io_type, split,
};
use crate::{spdk_get_thread, spdk_get_ticks, spdk_io_channel};

/// On whose behalf an I/O is submitted.
#[derive(Copy, Clone)]
pub(super) struct Origin<'a> {
    pub(super) desc: &'a spdk_bdev_desc,
    pub(super) ch: &'a BdevChannel,
    pub(super) cb: spdk_bdev_io_completion_cb,
    pub(super) cb_arg: *mut c_void,
    /// The I/O is a part of a split I/O.
    pub(super) child: bool,
}

impl<'a> Origin<'a> {
    /// A request of the API's user.
    ///
    /// # Safety
    /// - `desc` is open and `ch` is a live channel of its bdev.
    pub(super) unsafe fn user(
        desc: *mut spdk_bdev_desc,
        ch: *mut spdk_io_channel,
        cb: spdk_bdev_io_completion_cb,
        cb_arg: *mut c_void,
    ) -> Self {
        // SAFETY: by contract.
        unsafe { Self { desc: desc::of(desc), ch: channel::of(ch), cb, cb_arg, child: false } }
    }

    /// A request made while working on `parent`, with `parent` as its `cb_arg`.
    ///
    /// # Safety
    /// - `parent` is in flight.
    pub(super) unsafe fn for_parent(
        parent: *mut spdk_bdev_io,
        child: bool,
        cb: unsafe extern "C" fn(*mut spdk_bdev_io, bool, *mut c_void),
    ) -> Self {
        // SAFETY: an I/O in flight has an open descriptor and a live channel.
        unsafe {
            let fields = int(parent);
            let (desc, ch) = (desc::of(fields.desc.get()), &*fields.ch.get());
            Self { desc, ch, cb: Some(cb), cb_arg: parent.cast(), child }
        }
    }
}

/// Takes a bdev_io and fills in what every I/O has; NULL means -ENOMEM.
///
/// # Safety
/// - Called on the channel's thread.
pub(super) unsafe fn prepare(origin: &Origin<'_>, type_: spdk_bdev_io_type) -> *mut spdk_bdev_io {
    let ch = origin.ch;
    // SAFETY: may be called from anywhere.
    let thread = unsafe { spdk_get_thread() };
    assert!(
        thread == ch.thread,
        "spdk_bdev submit: called off the channel's thread; get a channel on the thread that submits"
    );
    let io = ch.mgmt().get_io();
    if io.is_null() {
        return io;
    }
    // SAFETY: the I/O came out of the cache or pool and belongs to this function.
    unsafe {
        (*io).bdev = ch.bdev;
        (*io).type_ = type_ as u8;
        (*io).num_retries = 0;
        (*io).u.bdev = spdk_bdev_io_block_params::default();
        let fields = int(io);
        fields.ch.set(ptr::from_ref(ch).cast_mut());
        fields.mgmt.set(ch.mgmt);
        fields.desc.set(ptr::from_ref(origin.desc).cast_mut());
        fields.cb.set(origin.cb);
        fields.caller_ctx.set(origin.cb_arg);
        fields.set_status(SPDK_BDEV_IO_STATUS_PENDING);
        fields.set_phase(Phase::InFlight);
        fields.in_submit.set(false);
        fields.split.set(false);
        fields.child.set(origin.child);
        fields.has_buf.set(false);
        fields.has_bounce.set(false);
        fields.submitted.set(false);
        fields.error.set(ErrorStatus::default());
        fields.get_buf_cb.set(None);
        fields.seq.set(ch.next_seq.get());
    }
    ch.next_seq.set(ch.next_seq.get() + 1);
    ch.ios_held.set(ch.ios_held.get() + 1);
    origin.desc.add_io(ch);
    io
}

/// Puts an I/O on its channel's submitted list.
pub(super) fn add_to_submitted(ch: &BdevChannel, io: *mut spdk_bdev_io) {
    // SAFETY: pool memory.
    unsafe { int(io) }.submitted.set(true);
    ch.io_submitted.push_back(io);
}

/// Takes an I/O off its channel's submitted list.
pub(super) fn remove_from_submitted(ch: &BdevChannel, io: *mut spdk_bdev_io) {
    // SAFETY: pool memory.
    if unsafe { int(io) }.submitted.replace(false) {
        ch.io_submitted.remove(io);
    }
}

/// Submits a prepared I/O.
///
/// # Safety
/// - `io` was prepared on this thread and its parameters are set.
pub(super) unsafe fn submit(io: *mut spdk_bdev_io) {
    // SAFETY: prepared, so all parts are valid.
    unsafe {
        let fields = int(io);
        let ch = &*fields.ch.get();
        if !fields.child.get() {
            fields.split.set(split::needed(io));
            if lba_lock::park_if_locked(ch, io) {
                return;
            }
        }
        fields.submit_tsc.set(spdk_get_ticks());
        add_to_submitted(ch, io);
        if fields.split.get() {
            split::start(io);
        } else {
            route(ch, io);
        }
    }
}

/// Sends an I/O on its way: to the module, or to what stands before it.
///
/// # Safety
/// - `io` is on the submitted list of `ch`.
pub(super) unsafe fn route(ch: &BdevChannel, io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        if ch.flags.get() == 0 {
            to_module(ch, io);
        } else if ch.has_flag(RESET_IN_PROGRESS) {
            complete_in_submit(ch, io, SPDK_BDEV_IO_STATUS_ABORTED);
        } else {
            debug_assert!(ch.has_flag(QOS_ENABLED));
            let is_abort = u32::from((*io).type_) == SPDK_BDEV_IO_TYPE_ABORT;
            if is_abort && nomem::abort_queued(&ch.qos_queued, (*io).u.abort.bio_to_abort) {
                complete_in_submit(ch, io, SPDK_BDEV_IO_STATUS_SUCCESS);
            } else {
                ch.qos_queued.push_back(io);
                qos::submit_queued(ch);
            }
        }
    }
}

/// Completes an I/O that does not reach the module, as a module would inside its submit function.
///
/// # Safety
/// - As [`route`].
pub(super) unsafe fn complete_in_submit(
    ch: &BdevChannel,
    io: *mut spdk_bdev_io,
    status: spdk_bdev_io_status,
) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        fields.in_submit.set(true);
        ch.add_outstanding();
        spdk_bdev_io_complete(io, status);
        fields.in_submit.set(false);
    }
}

/// Hands an I/O to the module, or queues it behind those the module had no resources for.
///
/// # Safety
/// - As [`route`].
pub(super) unsafe fn to_module(ch: &BdevChannel, io: *mut spdk_bdev_io) {
    let shared = ch.shared();
    // SAFETY: by contract; the bdev is registered while it has I/O.
    unsafe {
        let type_ = u32::from((*io).type_);
        if type_ == SPDK_BDEV_IO_TYPE_ABORT
            && nomem::abort_queued(&shared.nomem, (*io).u.abort.bio_to_abort)
        {
            complete_in_submit(ch, io, SPDK_BDEV_IO_STATUS_SUCCESS);
            return;
        }
        if type_ == SPDK_BDEV_IO_TYPE_WRITE && smaller_than_write_unit(io) {
            complete_in_submit(ch, io, SPDK_BDEV_IO_STATUS_FAILED);
            return;
        }
        if !shared.nomem.is_empty() {
            nomem::queue_behind(shared, io);
            return;
        }
        if faults::active() && faults::intercept_submit(ch, io) {
            return;
        }
        ch.add_outstanding();
        let fields = int(io);
        fields.in_submit.set(true);
        call_module(ch, io);
        fields.in_submit.set(false);
    }
}

/// # Safety
/// - `io` is a write.
unsafe fn smaller_than_write_unit(io: *mut spdk_bdev_io) -> bool {
    // SAFETY: by contract.
    unsafe {
        let bdev = (*io).bdev;
        (*bdev).split_on_write_unit && (*io).u.bdev.num_blocks < u64::from((*bdev).write_unit_size)
    }
}

/// Calls the module's submit function.
///
/// # Safety
/// - `io` is in flight and counted as outstanding, unless it is a reset.
pub(super) unsafe fn call_module(ch: &BdevChannel, io: *mut spdk_bdev_io) {
    // SAFETY: the bdev is registered while it has I/O; registration checked the table.
    unsafe {
        if let Some(submit_request) = (*(*ch.bdev).fn_table).submit_request {
            submit_request(ch.channel, io);
        }
    }
}
