//! I/O that the module had no resources for, and what else waits in a queue and can be aborted.
//!
//! The user never sees NOMEM: the I/O waits at the head of the queue of its shared resource, new I/O
//! queues behind it, and both are tried again when other I/O completes or by a 10 ms poller.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::channel::BdevChannel;
use super::complete::complete_now;
use super::io::{ErrorStatus, IoQueue, QueueLink, int};
use super::mgmt::SharedResource;
use super::module_types::{
    SPDK_BDEV_IO_STATUS_ABORTED, SPDK_BDEV_IO_STATUS_NOMEM, SPDK_BDEV_IO_STATUS_PENDING,
};
use super::{faults, spdk_bdev_io, submit};
use crate::{
    SPDK_POLLER_BUSY, SPDK_POLLER_IDLE, spdk_poller, spdk_poller_register_named,
    spdk_poller_unregister,
};

/// Completions to wait for before the queue is tried again.
const THRESHOLD_COUNT: u64 = 8;
const RETRY_PERIOD_US: u64 = 10_000;

/// Handles the NOMEM side of a completion. True: the I/O was queued and has not ended.
///
/// # Safety
/// - `io` is in flight on `ch` and just came back from the module.
pub(super) unsafe fn handle(ch: &BdevChannel, io: *mut spdk_bdev_io) -> bool {
    // SAFETY: by contract.
    let fields = unsafe { int(io) };
    let shared = ch.shared();
    if fields.status() == SPDK_BDEV_IO_STATUS_NOMEM {
        fields.set_status(SPDK_BDEV_IO_STATUS_PENDING);
        let out = shared.io_outstanding.get();
        shared.nomem_threshold.set((out / 2).max(out.saturating_sub(THRESHOLD_COUNT)));
        shared.nomem.push_front(io);
        if out == 0 && shared.nomem_poller.get().is_null() {
            start_poller(ch);
        }
        return true;
    }
    if !shared.nomem.is_empty() {
        retry(shared);
    }
    false
}

fn start_poller(ch: &BdevChannel) {
    // SAFETY: runs on the channel's thread; the resource unregisters the poller before it goes.
    let poller = unsafe {
        spdk_poller_register_named(
            Some(poll),
            ch.shared.cast(),
            RETRY_PERIOD_US,
            c"bdev_no_mem_poller".as_ptr(),
        )
    };
    ch.shared().nomem_poller.set(poller);
}

unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    // SAFETY: the poller is unregistered before its resource is freed.
    let shared = unsafe { &*ctx.cast::<SharedResource>() };
    if !shared.nomem.is_empty() {
        retry(shared);
    }
    if !shared.nomem.is_empty() && shared.io_outstanding.get() == 0 {
        return SPDK_POLLER_BUSY as c_int;
    }
    let mut poller: *mut spdk_poller = shared.nomem_poller.replace(ptr::null_mut());
    // SAFETY: registered on this thread by `start_poller`.
    unsafe { spdk_poller_unregister(&raw mut poller) };
    SPDK_POLLER_IDLE as c_int
}

/// Queues a new I/O behind those that wait. If nothing is outstanding, nothing will ever wake the
/// queue, so it is tried at once; callbacks may then run inside the user's submit call.
pub(super) fn queue_behind(shared: &SharedResource, io: *mut spdk_bdev_io) {
    shared.nomem.push_back(io);
    if shared.nomem_threshold.get() == 0 && shared.io_outstanding.get() == 0 {
        retry(shared);
    }
}

/// Gives waiting I/O to the module again, until it says NOMEM again.
fn retry(shared: &SharedResource) {
    if shared.nomem_abort_in_progress.get()
        || shared.io_outstanding.get() > shared.nomem_threshold.get()
    {
        return;
    }
    while let Some(io) = shared.nomem.pop_front() {
        // SAFETY: queued I/O are in flight on this thread.
        unsafe {
            let fields = int(io);
            let ch = &*fields.ch.get();
            fields.error.set(ErrorStatus::default());
            (*io).num_retries = (*io).num_retries.wrapping_add(1);
            if !(faults::active() && faults::intercept_retry(ch, io)) {
                ch.add_outstanding();
                submit::call_module(ch, io);
            }
        }
        if shared.nomem.first() == io {
            break;
        }
    }
}

/// Aborts `target` if it waits in `queue`. Its callback may run inside.
pub(super) fn abort_queued(queue: &IoQueue<QueueLink>, target: *mut spdk_bdev_io) -> bool {
    if !queue.contains(target) {
        return false;
    }
    queue.remove(target);
    // SAFETY: queued I/O are in flight on this thread.
    unsafe {
        let ch = &*int(target).ch.get();
        ch.add_outstanding();
        complete_now(ch, target, SPDK_BDEV_IO_STATUS_ABORTED);
    }
    true
}

/// Aborts every I/O of `ch` that waits in `queue` now; not those that callbacks add meanwhile.
pub(super) fn abort_all(queue: &IoQueue<QueueLink>, ch: &BdevChannel) {
    // SAFETY: queued I/O are in flight on this thread.
    let of_channel = |io: &*mut spdk_bdev_io| ptr::eq(unsafe { int(*io) }.ch.get(), ch);
    let waiting: Vec<_> = queue.iter().filter(of_channel).collect();
    for io in waiting {
        abort_queued(queue, io);
    }
}

/// Aborts every I/O of `ch` that waits for the module's resources.
pub(super) fn abort_channel(ch: &BdevChannel) {
    let shared = ch.shared();
    shared.nomem_abort_in_progress.set(true);
    abort_all(&shared.nomem, ch);
    shared.nomem_abort_in_progress.set(false);
}
