//! Descriptors: an open bdev.
//!
//! Invariants:
//! 1. A descriptor is closed on the thread that opened it, with none of its I/O in flight.
//! 2. Its memory lives until it is closed and every event message and timeout walk that names it
//!    has run.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use super::channel::BdevChannel;
use super::registry::lock;
use super::{
    spdk_bdev, spdk_bdev_event_cb_t, spdk_bdev_event_type, spdk_bdev_io_timeout_cb,
    spdk_bdev_media_event,
};
use crate::{spdk_poller, spdk_thread};

/// An open bdev.
#[derive(Debug)]
pub struct spdk_bdev_desc {
    /// Its number in the bdev's list.
    pub(super) number: u64,
    pub(super) bdev: *mut spdk_bdev,
    pub(super) thread: *mut spdk_thread,
    pub(super) write: AtomicBool,
    pub(super) hide_metadata: bool,
    pub(super) event_cb: spdk_bdev_event_cb_t,
    pub(super) event_ctx: *mut c_void,
    /// I/O in flight on channels of the opening thread. Written by that thread only.
    local_ios: AtomicU64,
    /// I/O in flight on channels of other threads.
    remote_ios: AtomicU64,
    sync: Mutex<DescSync>,
    pub(super) timeout: Timeout,
}

/// The part of a descriptor that several threads use.
#[derive(Debug)]
pub(super) struct DescSync {
    pub(super) closed: bool,
    /// Messages and walks under way that name this descriptor.
    pub(super) refs: u32,
    pub(super) media_events: Option<VecDeque<spdk_bdev_media_event>>,
}

/// I/O timeout settings. Touched on the descriptor's thread only.
#[derive(Debug)]
pub(super) struct Timeout {
    pub(super) seconds: Cell<u64>,
    pub(super) cb: Cell<spdk_bdev_io_timeout_cb>,
    pub(super) cb_arg: Cell<*mut c_void>,
    pub(super) poller: Cell<*mut spdk_poller>,
}

impl spdk_bdev_desc {
    /// A descriptor that is not in the bdev's list yet.
    pub(super) fn new(
        number: u64,
        bdev: *mut spdk_bdev,
        thread: *mut spdk_thread,
        write: bool,
        hide_metadata: bool,
        event: (spdk_bdev_event_cb_t, *mut c_void),
        media_events: bool,
    ) -> *mut Self {
        Box::into_raw(Box::new(Self {
            number,
            bdev,
            thread,
            write: AtomicBool::new(write),
            hide_metadata,
            event_cb: event.0,
            event_ctx: event.1,
            local_ios: AtomicU64::new(0),
            remote_ios: AtomicU64::new(0),
            sync: Mutex::new(DescSync {
                closed: false,
                refs: 0,
                media_events: media_events.then(VecDeque::new),
            }),
            timeout: Timeout {
                seconds: Cell::new(0),
                cb: Cell::new(None),
                cb_arg: Cell::new(ptr::null_mut()),
                poller: Cell::new(ptr::null_mut()),
            },
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, DescSync> {
        lock(&self.sync)
    }

    pub(super) fn writable(&self) -> bool {
        self.write.load(Ordering::Relaxed)
    }

    /// Counts an I/O submitted on `ch`.
    pub(super) fn add_io(&self, ch: &BdevChannel) {
        if ch.thread == self.thread {
            // One writer: no read-modify-write instruction is needed.
            self.local_ios.store(self.local_ios.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        } else {
            self.remote_ios.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an I/O of `ch` whose callback is about to run.
    pub(super) fn sub_io(&self, ch: &BdevChannel) {
        if ch.thread == self.thread {
            self.local_ios.store(self.local_ios.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        } else {
            self.remote_ios.fetch_sub(1, Ordering::Release);
        }
    }

    /// I/O in flight on this descriptor.
    pub(super) fn ios_in_flight(&self) -> u64 {
        self.local_ios.load(Ordering::Relaxed) + self.remote_ios.load(Ordering::Acquire)
    }
}

/// The descriptor behind a pointer of the API.
///
/// # Safety
/// - `desc` is open, or held by a reference counted in its `refs`.
pub(super) unsafe fn of<'a>(desc: *mut spdk_bdev_desc) -> &'a spdk_bdev_desc {
    // SAFETY: by contract; all fields that change are cells, atomics or behind a mutex.
    unsafe { &*desc }
}

/// Drops a reference counted in `refs`; frees the descriptor if it is closed and this was the last.
/// Returns whether it is still open.
///
/// # Safety
/// - The caller owns one of `refs` and does not use `desc` again unless this returns true.
pub(super) unsafe fn unref(desc: *mut spdk_bdev_desc) -> bool {
    // SAFETY: kept alive by the reference.
    let mut sync = unsafe { of(desc) }.lock();
    sync.refs -= 1;
    let (closed, last) = (sync.closed, sync.refs == 0);
    drop(sync);
    if closed && last {
        // SAFETY: closed and unreferenced: no message, walk or user names it any more.
        drop(unsafe { Box::from_raw(desc) });
    }
    !closed
}

/// Marks a descriptor closed; frees it unless something still names it.
///
/// # Safety
/// - The descriptor is off its bdev's list and the caller does not use it again.
pub(super) unsafe fn mark_closed(desc: *mut spdk_bdev_desc) {
    // SAFETY: open until now.
    let mut sync = unsafe { of(desc) }.lock();
    sync.closed = true;
    let last = sync.refs == 0;
    drop(sync);
    if last {
        // SAFETY: as in `unref`.
        drop(unsafe { Box::from_raw(desc) });
    }
}

/// Raises an event: a message to the descriptor's thread. Dropped if the descriptor is closed before
/// the message runs.
///
/// # Safety
/// - The descriptor is open; the caller holds the lock of its bdev.
pub(super) unsafe fn notify(desc: *mut spdk_bdev_desc, event: spdk_bdev_event_type) {
    // SAFETY: open by contract.
    let target = unsafe { of(desc) };
    target.lock().refs += 1;
    let message: unsafe extern "C" fn(*mut c_void) = match event {
        super::SPDK_BDEV_EVENT_REMOVE => remove_msg,
        super::SPDK_BDEV_EVENT_RESIZE => resize_msg,
        _ => media_management_msg,
    };
    // SAFETY: a thread does not exit while it has an open descriptor; the reference keeps `desc`.
    unsafe { crate::spdk_thread_send_msg(target.thread, Some(message), desc.cast()) };
}

unsafe extern "C" fn remove_msg(ctx: *mut c_void) {
    // SAFETY: sent by `notify`.
    unsafe { deliver(ctx.cast(), super::SPDK_BDEV_EVENT_REMOVE) };
}

unsafe extern "C" fn resize_msg(ctx: *mut c_void) {
    // SAFETY: sent by `notify`.
    unsafe { deliver(ctx.cast(), super::SPDK_BDEV_EVENT_RESIZE) };
}

unsafe extern "C" fn media_management_msg(ctx: *mut c_void) {
    // SAFETY: sent by `notify`.
    unsafe { deliver(ctx.cast(), super::SPDK_BDEV_EVENT_MEDIA_MANAGEMENT) };
}

/// # Safety
/// - A message of `notify` is being processed, on the descriptor's thread.
unsafe fn deliver(desc: *mut spdk_bdev_desc, event: spdk_bdev_event_type) {
    // SAFETY: the message owns one reference.
    if unsafe { !unref(desc) } {
        return;
    }
    // SAFETY: it is open, and only this thread closes it.
    let target = unsafe { of(desc) };
    let (cb, bdev, ctx) = (target.event_cb, target.bdev, target.event_ctx);
    if let Some(cb) = cb {
        // SAFETY: the callback and its context stay valid until the descriptor is closed.
        unsafe { cb(event, bdev, ctx) };
    }
}
