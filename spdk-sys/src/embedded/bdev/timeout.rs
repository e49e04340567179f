//! Telling a descriptor's owner about I/O that takes too long.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::channel;
use super::desc::{self, spdk_bdev_desc};
use super::io::int;
use super::walk::{self, spdk_bdev_channel_iter, spdk_bdev_for_each_channel_continue};
use super::{spdk_bdev, spdk_bdev_io_timeout_cb};
use crate::{
    SPDK_POLLER_BUSY, spdk_get_thread, spdk_get_ticks, spdk_get_ticks_hz, spdk_io_channel,
    spdk_poller_register_named, spdk_poller_unregister,
};

const PERIOD_US: u64 = 1_000_000;

struct Scan {
    desc: *mut spdk_bdev_desc,
    seconds: u64,
    cb: spdk_bdev_io_timeout_cb,
    cb_arg: *mut c_void,
}

/// Calls `cb_fn` once a second for each I/O of this descriptor older than `timeout_in_sec`, on the
/// thread of the I/O's channel; 0 ends it. Returns 0, or -1 if there is no memory. On the
/// descriptor's thread.
///
/// # Safety
/// - `desc` is open.
/// - `cb_arg` stays valid until a scan that runs when this is called again, or when the descriptor is
///   closed, has ended: a later `spdk_bdev_for_each_channel` ends after it.
pub unsafe extern "C" fn spdk_bdev_set_timeout(
    desc: *mut spdk_bdev_desc,
    timeout_in_sec: u64,
    cb_fn: spdk_bdev_io_timeout_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: open by contract.
    let target = unsafe { desc::of(desc) };
    // SAFETY: may be called from anywhere.
    let thread = unsafe { spdk_get_thread() };
    assert!(
        thread == target.thread,
        "spdk_bdev_set_timeout: called off the thread that opened the descriptor; call it there"
    );
    stop(target);
    if timeout_in_sec > 0 {
        assert!(cb_fn.is_some(), "spdk_bdev_set_timeout: cb_fn is NULL; pass one");
        let name = c"bdev_poll_timeout_io".as_ptr();
        // SAFETY: `stop` unregisters the poller before the descriptor goes.
        let poller =
            unsafe { spdk_poller_register_named(Some(poll), desc.cast(), PERIOD_US, name) };
        if poller.is_null() {
            return -1;
        }
        target.timeout.poller.set(poller);
    }
    target.timeout.cb.set(cb_fn);
    target.timeout.cb_arg.set(cb_arg);
    target.timeout.seconds.set(timeout_in_sec);
    0
}

/// Ends the poller of a descriptor, on its thread.
pub(super) fn stop(desc: &spdk_bdev_desc) {
    let mut poller = desc.timeout.poller.replace(ptr::null_mut());
    // SAFETY: registered on this thread, or NULL.
    unsafe { spdk_poller_unregister(&raw mut poller) };
}

unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    let desc = ctx.cast::<spdk_bdev_desc>();
    // SAFETY: the descriptor is open while its poller runs; the scan holds a reference to it.
    unsafe {
        let target = desc::of(desc);
        target.lock().refs += 1;
        let scan = Box::into_raw(Box::new(Scan {
            desc,
            seconds: target.timeout.seconds.get(),
            cb: target.timeout.cb.get(),
            cb_arg: target.timeout.cb_arg.get(),
        }));
        walk::start(target.bdev, scan_channel, scan.cast(), scanned);
    }
    SPDK_POLLER_BUSY as c_int
}

unsafe extern "C" fn scan_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk; the scan's reference keeps the descriptor. An I/O that ended since
    // it was listed is skipped.
    unsafe {
        let scan = &*ctx.cast::<Scan>();
        if desc::of(scan.desc).lock().closed {
            spdk_bdev_for_each_channel_continue(i, -1);
            return;
        }
        let own = channel::of(ch);
        let limit = scan.seconds.saturating_mul(spdk_get_ticks_hz());
        let now = spdk_get_ticks();
        let old: Vec<_> = own
            .io_submitted
            .iter()
            .filter(|&io| !int(io).child.get())
            .take_while(|&io| now >= int(io).submit_tsc.get().saturating_add(limit))
            .filter(|&io| int(io).desc.get() == scan.desc)
            .map(|io| (io, int(io).seq.get()))
            .collect();
        for (io, seq) in old {
            let still_there = int(io).submitted.get() && int(io).seq.get() == seq;
            if let Some(cb) = scan.cb.filter(|_| still_there) {
                cb(scan.cb_arg, io);
            }
        }
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn scanned(_bdev: *mut spdk_bdev, ctx: *mut c_void, _status: c_int) {
    // SAFETY: the end of the walk started by `poll`, which took the reference dropped here.
    unsafe {
        let scan = Box::from_raw(ctx.cast::<Scan>());
        desc::unref(scan.desc);
    }
}
