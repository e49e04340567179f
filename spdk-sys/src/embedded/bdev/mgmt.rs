//! The per-thread part of the bdev layer: the cache of bdev_io, those who wait for one, and the
//! resources that channels of one module share.
//!
//! Everything here is touched only on the channel's thread. Waiters run with nothing borrowed.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use std::collections::{HashSet, VecDeque};

use super::io::{IoQueue, Phase, QueueLink, int};
use super::opts::current_opts;
use super::pool::POOL;
use super::types::spdk_bdev_io_wait_entry;
use super::{buf, channel, fail, spdk_bdev, spdk_bdev_io};
use crate::{
    spdk_get_io_channel, spdk_get_thread, spdk_io_channel, spdk_io_channel_from_ctx,
    spdk_io_channel_get_ctx, spdk_io_device_register, spdk_io_device_unregister, spdk_poller,
    spdk_put_io_channel,
};

/// Context of the management channel.
#[derive(Debug)]
pub(super) struct MgmtChannel {
    cache: IoQueue<QueueLink>,
    cache_count: Cell<u32>,
    cache_size: u32,
    pub(super) shared_resources: RefCell<Vec<*mut SharedResource>>,
    io_wait: RefCell<VecDeque<*mut spdk_bdev_io_wait_entry>>,
    /// The entries of `io_wait`, to find one that is queued twice without a search.
    queued: RefCell<HashSet<*mut spdk_bdev_io_wait_entry>>,
    has_waiters: Cell<bool>,
}

/// What the channels of one module channel share: the NOMEM queue.
#[derive(Debug)]
pub(super) struct SharedResource {
    pub(super) mgmt: *mut MgmtChannel,
    pub(super) io_outstanding: Cell<u64>,
    pub(super) nomem: IoQueue<QueueLink>,
    pub(super) nomem_threshold: Cell<u64>,
    pub(super) nomem_abort_in_progress: Cell<bool>,
    pub(super) nomem_poller: Cell<*mut spdk_poller>,
    pub(super) shared_ch: *mut spdk_io_channel,
    pub(super) refs: Cell<u32>,
}

/// Address of the io_device of the management channels.
static MGMT_DEVICE: u8 = 0;

fn device() -> *mut c_void {
    (&raw const MGMT_DEVICE).cast_mut().cast()
}

/// Registers the device; app thread.
pub(super) fn register() {
    let size = u32::try_from(size_of::<MgmtChannel>()).expect("a channel context is small");
    // SAFETY: the address is unique to this device and the callbacks match the context's size.
    unsafe {
        spdk_io_device_register(
            device(),
            Some(create_cb),
            Some(destroy_cb),
            size,
            c"bdev_mgr".as_ptr(),
        );
    }
}

/// Unregisters the device; `done` runs when the last channel is gone.
pub(super) fn unregister(done: unsafe extern "C" fn(io_device: *mut c_void)) {
    // SAFETY: registered by `register`.
    unsafe { spdk_io_device_unregister(device(), Some(done)) };
}

unsafe extern "C" fn create_cb(_io_device: *mut c_void, ctx_buf: *mut c_void) -> c_int {
    let cache_size = current_opts().bdev_io_cache_size;
    let Some(ios) = POOL.get_bulk(cache_size as usize) else {
        tracing::error!(
            "the bdev_io pool cannot fill the cache of another thread; raise bdev_io_pool_size"
        );
        return -1;
    };
    let channel = MgmtChannel {
        cache: IoQueue::new(),
        cache_count: Cell::new(cache_size),
        cache_size,
        shared_resources: RefCell::new(Vec::new()),
        io_wait: RefCell::default(),
        queued: RefCell::default(),
        has_waiters: Cell::new(false),
    };
    for io in ios {
        channel.cache.push_front(io);
    }
    // SAFETY: the thread library hands out a buffer of the registered size for this context.
    unsafe { ctx_buf.cast::<MgmtChannel>().write(channel) };
    0
}

unsafe extern "C" fn destroy_cb(_io_device: *mut c_void, ctx_buf: *mut c_void) {
    // SAFETY: written by `create_cb`; the thread library does not use it again.
    let channel = unsafe { ctx_buf.cast::<MgmtChannel>().read() };
    for io in channel.cache.take_all() {
        POOL.put(io);
    }
}

/// The management channel of the current thread, with a new reference, or NULL.
pub(super) fn get() -> *mut MgmtChannel {
    // SAFETY: called on an spdk_thread while the device is registered.
    let ch = unsafe { spdk_get_io_channel(device()) };
    if ch.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a live channel has a context.
    unsafe { spdk_io_channel_get_ctx(ch) }.cast()
}

/// Drops a reference taken by [`get`].
pub(super) fn put(mgmt: *mut MgmtChannel) {
    // SAFETY: `mgmt` is the context of a channel of this thread on which a reference is held.
    unsafe {
        let ch = spdk_io_channel_from_ctx(mgmt.cast());
        spdk_put_io_channel(ch);
    }
}

impl MgmtChannel {
    /// Takes an I/O for a new request; NULL means -ENOMEM.
    pub(super) fn get_io(&self) -> *mut spdk_bdev_io {
        if let Some(io) = self.cache.pop_front() {
            self.cache_count.set(self.cache_count.get() - 1);
            return io;
        }
        // Those who wait come first: a newcomer must not take what they are waiting for.
        if self.has_waiters.get() {
            return ptr::null_mut();
        }
        POOL.get().unwrap_or(ptr::null_mut())
    }

    fn put_io(&self, io: *mut spdk_bdev_io) {
        if self.cache_count.get() >= self.cache_size {
            POOL.put(io);
            return;
        }
        self.cache_count.set(self.cache_count.get() + 1);
        self.cache.push_front(io);
        if self.has_waiters.get() {
            self.run_waiters();
        }
    }

    #[cold]
    fn run_waiters(&self) {
        while self.cache_count.get() > 0 {
            let next = self.io_wait.borrow_mut().pop_front();
            let Some(entry) = next else { break };
            self.queued.borrow_mut().remove(&entry);
            self.has_waiters.set(!self.io_wait.borrow().is_empty());
            // SAFETY: the entry stays valid until its callback runs; it is out of the queue, so
            // the callback may queue or free it.
            unsafe {
                if let Some(cb) = (*entry).cb_fn {
                    cb((*entry).cb_arg);
                }
            }
        }
    }

    fn queue_wait(&self, entry: *mut spdk_bdev_io_wait_entry, first: bool) -> c_int {
        if self.cache_count.get() > 0 {
            tracing::error!(
                "spdk_bdev_queue_io_wait: the thread's cache holds a bdev_io; submit again instead"
            );
            return -libc::EINVAL;
        }
        let mut queue = self.io_wait.borrow_mut();
        assert!(
            self.queued.borrow_mut().insert(entry),
            "spdk_bdev_queue_io_wait: the entry is queued already; wait for its callback"
        );
        if first {
            queue.push_front(entry);
        } else {
            queue.push_back(entry);
        }
        self.has_waiters.set(true);
        0
    }
}

/// Asks to be called when a bdev_io is available, after a submit returned -ENOMEM. Returns 0, or
/// -EINVAL if `entry.bdev` is another bdev or the thread has a bdev_io at hand: submit again then.
///
/// # Safety
/// - `ch` is a live channel of `bdev`, and the caller runs on its thread.
/// - `entry` stays valid and in place until its callback runs. It cannot be cancelled.
pub unsafe extern "C" fn spdk_bdev_queue_io_wait(
    bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    entry: *mut spdk_bdev_io_wait_entry,
) -> c_int {
    fail::require_thread("spdk_bdev_queue_io_wait");
    // SAFETY: the entry is valid by contract.
    let (entry_bdev, first) = unsafe { ((*entry).bdev, (*entry).dep_unblock) };
    if entry_bdev != bdev {
        tracing::error!("spdk_bdev_queue_io_wait: the entry names another bdev");
        return -libc::EINVAL;
    }
    // SAFETY: the channel is live by contract, and so is the management channel it refers to.
    unsafe { (*channel::of(ch).mgmt).queue_wait(entry, first) }
}

/// Frees an I/O whose callback has run. Runs io_wait callbacks inline, oldest first. A second free,
/// a free in flight, or a free on another thread ends the process.
///
/// # Safety
/// - `bdev_io` was handed to a completion callback, and its channel still exists.
pub unsafe extern "C" fn spdk_bdev_free_io(bdev_io: *mut spdk_bdev_io) {
    assert!(!bdev_io.is_null(), "spdk_bdev_free_io: bdev_io is NULL; pass what the callback got");
    // SAFETY: pool memory by contract.
    let fields = unsafe { int(bdev_io) };
    match fields.phase() {
        Phase::Done => {}
        Phase::Free => panic!("spdk_bdev_free_io: the bdev_io was freed before; free it once"),
        Phase::InFlight => {
            panic!("spdk_bdev_free_io: the I/O is in flight; free it in its completion callback")
        }
    }
    // SAFETY: a channel is not destroyed while it has I/O that was not freed.
    let ch = unsafe { &*fields.ch.get() };
    // SAFETY: may be called from anywhere.
    let thread = unsafe { spdk_get_thread() };
    assert!(
        thread == ch.thread,
        "spdk_bdev_free_io: called off the thread of the I/O's channel; free it where it completed"
    );
    if fields.has_buf.get() {
        buf::release(bdev_io);
    }
    fields.set_phase(Phase::Free);
    ch.ios_held.set(ch.ios_held.get() - 1);
    // SAFETY: the management channel lives as long as a channel that uses it.
    unsafe { (*fields.mgmt.get()).put_io(bdev_io) };
}
