//! Walks over the channels of a bdev, each visited on its own thread.

use core::ffi::{c_int, c_void};

use super::state::{bdev_of_device, io_device};
use super::{
    fail, faults, spdk_bdev, spdk_bdev_for_each_channel_done, spdk_bdev_for_each_channel_msg,
};
use crate::{
    spdk_for_each_channel, spdk_for_each_channel_continue, spdk_io_channel, spdk_io_channel_iter,
    spdk_io_channel_iter_get_channel, spdk_io_channel_iter_get_ctx,
    spdk_io_channel_iter_get_io_device,
};

/// A walk under way.
#[derive(Debug)]
pub struct spdk_bdev_channel_iter {
    visit: spdk_bdev_for_each_channel_msg,
    done: spdk_bdev_for_each_channel_done,
    i: *mut spdk_io_channel_iter,
    ctx: *mut c_void,
}

/// A visitor of this layer.
pub(super) type Visit = unsafe extern "C" fn(
    *mut spdk_bdev_channel_iter,
    *mut spdk_bdev,
    *mut spdk_io_channel,
    *mut c_void,
);
/// The end of a walk of this layer.
pub(super) type Done = unsafe extern "C" fn(*mut spdk_bdev, *mut c_void, c_int);

impl spdk_bdev_channel_iter {
    /// The channel being visited.
    pub(super) fn channel(&self) -> *mut spdk_io_channel {
        // SAFETY: called during a visit.
        unsafe { spdk_io_channel_iter_get_channel(self.i) }
    }
}

/// Visits the channels of a bdev one after another; `done` runs by message on this thread.
///
/// # Safety
/// - `bdev` is registered; `ctx` stays valid until `done`.
pub(super) unsafe fn start(bdev: *mut spdk_bdev, visit: Visit, ctx: *mut c_void, done: Done) {
    let iter = spdk_bdev_channel_iter {
        visit: Some(visit),
        done: Some(done),
        i: core::ptr::null_mut(),
        ctx,
    };
    // SAFETY: by contract.
    unsafe { begin(bdev, iter) };
}

unsafe fn begin(bdev: *mut spdk_bdev, iter: spdk_bdev_channel_iter) {
    let iter = Box::into_raw(Box::new(iter));
    // SAFETY: the io_device exists while the bdev is registered; the iterator lives until `finish`.
    unsafe { spdk_for_each_channel(io_device(bdev), Some(visit), iter.cast(), Some(finish)) };
}

unsafe extern "C" fn visit(i: *mut spdk_io_channel_iter) {
    // SAFETY: called by the thread library for the walk that `begin` started.
    unsafe {
        let iter = spdk_io_channel_iter_get_ctx(i).cast::<spdk_bdev_channel_iter>();
        let bdev = bdev_of_device(spdk_io_channel_iter_get_io_device(i));
        (*iter).i = i;
        let (visit, ctx) = ((*iter).visit, (*iter).ctx);
        if let Some(visit) = visit {
            visit(iter, bdev, spdk_io_channel_iter_get_channel(i), ctx);
        }
    }
}

unsafe extern "C" fn finish(i: *mut spdk_io_channel_iter, status: c_int) {
    // SAFETY: as in `visit`; nobody uses the iterator after the walk.
    unsafe {
        let iter = Box::from_raw(spdk_io_channel_iter_get_ctx(i).cast::<spdk_bdev_channel_iter>());
        let bdev = bdev_of_device(spdk_io_channel_iter_get_io_device(i));
        if let Some(done) = iter.done {
            done(bdev, iter.ctx, status);
        }
    }
}

/// Visits every channel of a bdev, one after another, each on its own thread. `fn_` calls
/// `spdk_bdev_for_each_channel_continue` once on that thread, maybe later; a non-zero status ends the
/// walk. `cpl` runs by message on this thread with the last status. (Where SPDK would fail to
/// allocate and never call anything, the test switch of this backend calls `cpl` inside the call
/// with -ENOMEM.)
///
/// # Safety
/// - `bdev` is registered and stays so until `cpl` runs (hold a descriptor).
/// - `ctx` is not NULL and stays valid until `cpl` runs.
pub unsafe extern "C" fn spdk_bdev_for_each_channel(
    bdev: *mut spdk_bdev,
    fn_: spdk_bdev_for_each_channel_msg,
    ctx: *mut c_void,
    cpl: spdk_bdev_for_each_channel_done,
) {
    fail::require_thread("spdk_bdev_for_each_channel");
    assert!(
        !bdev.is_null() && fn_.is_some() && !ctx.is_null() && cpl.is_some(),
        "spdk_bdev_for_each_channel: an argument is NULL; bdev, fn, ctx and cpl are all required"
    );
    if faults::take_alloc_failure() {
        if let Some(cpl) = cpl {
            // SAFETY: by contract.
            unsafe { cpl(bdev, ctx, -libc::ENOMEM) };
        }
        return;
    }
    let iter = spdk_bdev_channel_iter { visit: fn_, done: cpl, i: core::ptr::null_mut(), ctx };
    // SAFETY: by contract.
    unsafe { begin(bdev, iter) };
}

/// Goes on with a walk over the channels of a bdev.
///
/// # Safety
/// - `i` was passed to the visitor of the channel of this thread, and was not continued yet.
pub unsafe extern "C" fn spdk_bdev_for_each_channel_continue(
    i: *mut spdk_bdev_channel_iter,
    status: c_int,
) {
    // SAFETY: by contract.
    unsafe { spdk_for_each_channel_continue((*i).i, status) };
}
