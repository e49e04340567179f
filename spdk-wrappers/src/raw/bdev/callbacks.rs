//! What each callback typedef of `bdev.h` means: its context, how it reports the outcome, and what
//! becomes of its other parameters.
//!
//! Where one typedef serves calls that report different things, each meaning has a type of its own.

use core::ffi::{c_int, c_void};

use spdk_sys::{
    spdk_bdev, spdk_bdev_channel_iter, spdk_bdev_desc, spdk_bdev_event_type, spdk_bdev_io,
    spdk_bdev_io_stat, spdk_histogram_data, spdk_io_channel,
};

use crate::adapter::{Errno, Handle, guard};
use crate::bdev::{IoStatus, IoTimeout, ZeroCopies};
use crate::spdk_callback;
use crate::thread::{Owner, Runtime, run_at_home};

/// A bdev goes away. An older form of [`spdk_bdev_event_cb_t`], which block device modules still use.
#[spdk_callback(multi, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_remove_cb_t = unsafe extern "C" fn(#[context] remove_ctx: *mut c_void);

/// An event of an open bdev: removed, resized, or one of its media.
#[spdk_callback(multi, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_event_cb_t = unsafe extern "C" fn(
    type_: spdk_bdev_event_type,
    #[ignore] bdev: *mut spdk_bdev,
    #[context] event_ctx: *mut c_void,
);

/// An I/O completed. Its status is read and its `spdk_bdev_io` freed inside the callback.
#[spdk_callback(
    once,
    sys = spdk_sys,
    crate = crate::adapter,
    output = IoStatus::read -> Result<(), IoStatus>
)]
pub type spdk_bdev_io_completion_cb = unsafe extern "C" fn(
    #[free(spdk_sys::spdk_bdev_free_io)] bdev_io: *mut spdk_bdev_io,
    success: bool,
    #[context] cb_arg: *mut c_void,
);

/// A seek completed: the offset in blocks that was found.
#[spdk_callback(
    once,
    sys = spdk_sys,
    typedef = spdk_bdev_io_completion_cb,
    crate = crate::adapter,
    output = read_seek -> Result<u64, IoStatus>
)]
pub type spdk_bdev_seek_cb = unsafe extern "C" fn(
    #[free(spdk_sys::spdk_bdev_free_io)] bdev_io: *mut spdk_bdev_io,
    success: bool,
    #[context] cb_arg: *mut c_void,
);

/// A zero-copy start completed: the `spdk_bdev_io` whose buffers are borrowed.
///
/// Its handle must go to [`spdk_bdev_zcopy_end`](super::spdk_bdev_zcopy_end). Dropped, as when
/// nobody takes it, it ends the zero-copy without a commit.
#[spdk_callback(
    once,
    sys = spdk_sys,
    typedef = spdk_bdev_io_completion_cb,
    crate = crate::adapter,
    output = read_zcopy_start -> Result<Handle<spdk_bdev_io>, IoStatus>
)]
pub type spdk_bdev_zcopy_start_cb =
    unsafe extern "C" fn(bdev_io: *mut spdk_bdev_io, success: bool, #[context] cb_arg: *mut c_void);

/// An `spdk_bdev_io` is free again.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_io_wait_cb = unsafe extern "C" fn(#[context] cb_arg: *mut c_void);

/// No module is examining a bdev any more.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_wait_for_examine_cb = unsafe extern "C" fn(#[context] arg: *mut c_void);

/// The bdev layer has started.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_init_cb =
    unsafe extern "C" fn(#[context] cb_arg: *mut c_void, #[status(errno)] rc: c_int);

/// The bdev layer has ended.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_fini_cb = unsafe extern "C" fn(#[context] cb_arg: *mut c_void);

/// Statistics were written to the out-parameter of the call.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_get_device_stat_cb = unsafe extern "C" fn(
    #[ignore] bdev: *mut spdk_bdev,
    #[ignore] stat: *mut spdk_bdev_io_stat,
    #[context] cb_arg: *mut c_void,
    #[status(errno)] rc: c_int,
);

/// An I/O has been in flight for longer than the limit; what it is, is read inside the callback.
#[spdk_callback(
    multi,
    sys = spdk_sys,
    crate = crate::adapter,
    output = IoTimeout::read -> IoTimeout
)]
pub type spdk_bdev_io_timeout_cb =
    unsafe extern "C" fn(#[context] cb_arg: *mut c_void, bdev_io: *mut spdk_bdev_io);

/// A histogram was switched on or off.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_histogram_status_cb =
    unsafe extern "C" fn(#[context] cb_arg: *mut c_void, #[status(errno)] status: c_int);

/// A histogram was added to the one that the call was given.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_histogram_data_cb = unsafe extern "C" fn(
    #[context] cb_arg: *mut c_void,
    #[status(errno)] status: c_int,
    #[ignore] histogram: *mut spdk_histogram_data,
);

/// The histogram of one channel, valid during the visit, or null with an error number.
#[spdk_callback(
    visitor,
    sys = spdk_sys,
    typedef = spdk_bdev_histogram_data_cb,
    crate = crate::adapter
)]
pub type spdk_bdev_channel_histogram_cb = unsafe extern "C" fn(
    #[context] cb_arg: *mut c_void,
    status: c_int,
    #[value] histogram: *mut spdk_histogram_data,
);

/// Rate limits were set.
#[spdk_callback(once, crate = crate::adapter)]
pub type spdk_bdev_set_qos_cb =
    unsafe extern "C" fn(#[context] cb_arg: *mut c_void, #[status(errno)] status: c_int);

/// A bdev was opened after a wait. A descriptor that nobody takes is closed, on this thread.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_open_async_cb_t = unsafe extern "C" fn(
    #[handle(close = spdk_sys::spdk_bdev_close)] desc: *mut spdk_bdev_desc,
    #[status(errno)] rc: c_int,
    #[context] cb_arg: *mut c_void,
);

/// A bdev is visited. Zero goes on, anything else ends the walk.
#[spdk_callback(visitor, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_for_each_bdev_fn =
    unsafe extern "C" fn(#[context] ctx: *mut c_void, #[value] bdev: *mut spdk_bdev) -> c_int;

/// A channel is visited, on its own thread.
#[spdk_callback(visitor, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_for_each_channel_msg = unsafe extern "C" fn(
    #[resume(spdk_sys::spdk_bdev_for_each_channel_continue)] i: *mut spdk_bdev_channel_iter,
    #[value] bdev: *mut spdk_bdev,
    #[value] ch: *mut spdk_io_channel,
    #[context] ctx: *mut c_void,
);

/// Each channel was visited, or a visit ended the walk with a status.
#[spdk_callback(once, sys = spdk_sys, crate = crate::adapter)]
pub type spdk_bdev_for_each_channel_done = unsafe extern "C" fn(
    #[ignore] bdev: *mut spdk_bdev,
    #[context] ctx: *mut c_void,
    #[status(errno)] status: c_int,
);

/// # Safety
///
/// - `bdev_io` is a completed seek.
unsafe fn read_seek(bdev_io: *mut spdk_bdev_io, success: bool) -> Result<u64, IoStatus> {
    // SAFETY: the caller's promise.
    unsafe { IoStatus::read(bdev_io, success) }?;
    // SAFETY: the caller's promise.
    Ok(unsafe { spdk_sys::spdk_bdev_io_get_seek_offset(bdev_io) })
}

/// # Safety
///
/// - `bdev_io` is a completed zero-copy start, which the caller gives up.
unsafe fn read_zcopy_start(
    bdev_io: *mut spdk_bdev_io,
    success: bool,
) -> Result<Handle<spdk_bdev_io>, IoStatus> {
    // SAFETY: the caller's promise.
    let status = unsafe { IoStatus::read(bdev_io, success) };
    if let Err(status) = status {
        // SAFETY: a zero-copy that did not start is freed like any other I/O.
        unsafe { spdk_sys::spdk_bdev_free_io(bdev_io) };
        return Err(status);
    }
    // SAFETY: the zero-copy has started and nobody else ends it. The handle is not `Send`, so it is
    // dropped on the OS thread that runs the channel's thread.
    let handle = unsafe { Handle::new(bdev_io, end_zcopy) };
    handle.ok_or_else(|| IoStatus::from_errno(Errno::EINVAL))
}

/// Ends a zero-copy that nobody took, on its channel's thread.
///
/// # Safety
///
/// - `bdev_io` is a started zero-copy that nobody else ends, and this is the OS thread that runs its
///   channel's thread.
unsafe fn end_zcopy(bdev_io: *mut spdk_bdev_io) {
    // SAFETY: the I/O is the caller's.
    let thread = unsafe { spdk_sys::spdk_bdev_io_get_thread(bdev_io) };
    // SAFETY: no precondition.
    if thread == unsafe { spdk_sys::spdk_get_thread() } {
        // SAFETY: the caller's promise, on the channel's thread.
        return unsafe { end_zcopy_at_home(bdev_io) };
    }
    // SAFETY: a thread with a channel has not exited.
    let owner = Owner::from_id(unsafe { spdk_sys::spdk_thread_get_id(thread) });
    // SAFETY: the caller's promise, on the channel's thread.
    let end = |bdev_io| unsafe { end_zcopy_at_home(bdev_io) };
    // SAFETY: the I/O belongs to that thread, and by the caller's promise has not left its OS thread.
    unsafe { run_at_home(owner, bdev_io, end) };
}

/// Ends a zero-copy and frees its `spdk_bdev_io`.
///
/// # Safety
///
/// - `bdev_io` is a started zero-copy that nobody else ends, on its channel's thread.
unsafe fn end_zcopy_at_home(bdev_io: *mut spdk_bdev_io) {
    unsafe extern "C" fn freed(bdev_io: *mut spdk_bdev_io, _success: bool, _cb_arg: *mut c_void) {
        guard("the end of a zero-copy", || {
            // SAFETY: SPDK hands the I/O over to its completion callback.
            unsafe { spdk_sys::spdk_bdev_free_io(bdev_io) };
            abandoned(ZeroCopies::ended);
        });
    }
    /// Tells the thread's runtime, if it has one.
    fn abandoned(what: impl FnOnce(&ZeroCopies)) {
        if let Ok(runtime) = Runtime::current("spdk_bdev_zcopy_end") {
            what(&runtime.zero_copies);
        }
    }
    abandoned(ZeroCopies::begun);
    // SAFETY: the caller's promise.
    let rc = unsafe {
        spdk_sys::spdk_bdev_zcopy_end(bdev_io, false, Some(freed), core::ptr::null_mut())
    };
    if rc != 0 {
        abandoned(ZeroCopies::ended);
        tracing::error!(rc, "spdk_bdev_zcopy_end refused; an spdk_bdev_io is lost");
    }
}
