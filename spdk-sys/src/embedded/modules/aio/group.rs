//! What the aio bdevs of one spdk_thread share: the workers, the depth, the poller.
//!
//! Invariant: a group is the channel context of the module's own io_device and is touched by its
//! spdk_thread alone; the bdevs' channels hold references to it.

use core::ffi::{c_int, c_void};
use core::ptr::null_mut;

use super::request;
use super::workers::{Job, Outcome, Workers};
use crate::{
    SPDK_POLLER_BUSY, SPDK_POLLER_IDLE, spdk_io_device_register, spdk_io_device_unregister,
    spdk_poller, spdk_poller_register_named, spdk_poller_unregister,
};

/// I/Os in flight of one group; what comes on top waits in the bdev layer.
const DEPTH: usize = 128;

/// The io_device of the module is the address of this static.
static IO_DEVICE: u8 = 0;

/// The io_device whose channels are the groups.
pub(super) fn io_device() -> *mut c_void {
    (&raw const IO_DEVICE).cast_mut().cast()
}

/// A group.
pub(super) struct Group {
    workers: Workers,
    in_flight: usize,
    /// Where the poller takes outcomes to; kept for its memory.
    outcomes: Vec<Outcome>,
    poller: *mut spdk_poller,
}

/// The channel context: a pointer, as the group is built by Rust's allocator.
#[repr(C)]
struct GroupCtx {
    group: *mut Group,
}

/// The group behind a channel context of [`io_device`].
///
/// # Safety
///
/// - `ctx` is such a context, alive, and of this thread.
pub(super) unsafe fn from_ctx(ctx: *mut c_void) -> *mut Group {
    // SAFETY: by the caller's promise.
    unsafe { (*ctx.cast::<GroupCtx>()).group }
}

/// Hands a job to the workers; false if the group is full.
///
/// # Safety
///
/// - `group` is alive and of this thread; the job's file and buffers stay valid until its I/O is
///   completed.
pub(super) unsafe fn submit(group: *mut Group, job: Job) -> bool {
    // SAFETY: by the caller's promise; nothing in here calls back.
    unsafe {
        if (*group).in_flight >= DEPTH {
            return false;
        }
        (*group).in_flight += 1;
        (*group).workers.submit(job);
    }
    true
}

/// Registers the module's own io_device.
pub(super) fn register() {
    // SAFETY: the address of a static, unique to this module; the context size is a GroupCtx's.
    unsafe {
        spdk_io_device_register(
            io_device(),
            Some(create),
            Some(destroy),
            const { size_of::<GroupCtx>() as u32 },
            c"aio_module".as_ptr(),
        );
    }
}

/// Unregisters the module's own io_device.
pub(super) fn unregister() {
    // SAFETY: register came before.
    unsafe { spdk_io_device_unregister(io_device(), None) };
}

unsafe extern "C" fn create(_io_device: *mut c_void, ctx: *mut c_void) -> c_int {
    let workers = match Workers::start() {
        Ok(workers) => workers,
        Err(error) => {
            tracing::error!("the worker threads of an aio channel could not be started: {error}");
            return -libc::ENOMEM;
        }
    };
    let group = Group { workers, in_flight: 0, outcomes: Vec::new(), poller: null_mut() };
    let group = Box::into_raw(Box::new(group));
    // SAFETY: the context is ours to initialize; the group outlives its poller, which destroy ends.
    unsafe {
        ctx.cast::<GroupCtx>().write(GroupCtx { group });
        (*group).poller = spdk_poller_register_named(
            Some(poll),
            group.cast(),
            0,
            c"bdev_aio_group_poll".as_ptr(),
        );
    }
    0
}

unsafe extern "C" fn destroy(_io_device: *mut c_void, ctx: *mut c_void) {
    // SAFETY: the thread library passes the context of a group of this thread; nobody else has it.
    unsafe {
        let mut group = Box::from_raw(from_ctx(ctx));
        assert!(
            group.in_flight == 0,
            "spdk_put_io_channel: the last reference was put while I/O was in flight"
        );
        spdk_poller_unregister(&raw mut group.poller);
    }
}

unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    let group = ctx.cast::<Group>();
    // SAFETY: the poller runs on the group's thread. The list is taken out while the callbacks run,
    // as they may submit to the group; a group is destroyed by message, so it outlives this call.
    unsafe {
        let mut outcomes = core::mem::take(&mut (*group).outcomes);
        (*group).workers.take_done(&mut outcomes);
        let busy = !outcomes.is_empty();
        for Outcome { io, result } in outcomes.drain(..) {
            (*group).in_flight -= 1;
            request::complete(io, result);
        }
        (*group).outcomes = outcomes;
        (if busy { SPDK_POLLER_BUSY } else { SPDK_POLLER_IDLE }) as c_int
    }
}
