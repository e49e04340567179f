//! The message queue of a thread and the cells that messages travel in.
//!
//! Owns: the FIFO of one thread (an atomic stack that any OS thread pushes on, and a list that only
//! the thread itself touches), the cache of free cells of a thread, and the count of cells that the
//! process may still allocate.
//!
//! Invariant: the local list is older than the inbox. A send from the thread to itself first moves
//! the inbox over, so the queue stays one FIFO although such a send needs no atomic write.
//!
//! Only `send`, `poll` and `life` call in here.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::SPDK_MSG_MEMPOOL_CACHE_SIZE;

/// Messages taken by one poll.
pub(super) const BATCH: usize = 8;
/// Messages that one thread's queue holds.
pub(super) const RING_SIZE: usize = 65536;

/// The function of a message.
pub(super) type Call = unsafe extern "C" fn(*mut c_void);

/// One message.
pub(super) struct Msg {
    next: Cell<*mut Msg>,
    pub(super) call: Call,
    pub(super) arg: *mut c_void,
}

/// Cells that the process may still allocate; those in a thread's cache count as allocated.
static POOL_LEFT: AtomicUsize = AtomicUsize::new(0);

/// Sets the size of the process's pool.
pub(super) fn pool_reset(size: usize) {
    POOL_LEFT.store(size, Ordering::Relaxed);
}

fn pool_get(call: Call, arg: *mut c_void) -> Option<*mut Msg> {
    POOL_LEFT
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        .ok()
        .map(|_| Box::into_raw(Box::new(Msg { next: Cell::new(ptr::null_mut()), call, arg })))
}

/// # Safety
/// - `msg` came from `pool_get` and is in no list.
unsafe fn pool_put(msg: *mut Msg) {
    // SAFETY: `pool_get` made it with `Box::into_raw`, and the caller holds its only pointer.
    drop(unsafe { Box::from_raw(msg) });
    POOL_LEFT.fetch_add(1, Ordering::Relaxed);
}

/// Takes a cell from `cache`, else from the pool; `None` when the pool is empty.
pub(super) fn get(cache: Option<&MsgCache>, call: Call, arg: *mut c_void) -> Option<*mut Msg> {
    let Some(msg) = cache.and_then(MsgCache::pop) else { return pool_get(call, arg) };
    // SAFETY: a cell in the cache is allocated and belongs to nobody else.
    unsafe {
        (*msg).call = call;
        (*msg).arg = arg;
    }
    Some(msg)
}

/// Free cells of one thread. Only the thread itself touches it.
pub(super) struct MsgCache {
    head: Cell<*mut Msg>,
    count: Cell<u32>,
}

impl MsgCache {
    pub(super) const fn new() -> Self {
        Self { head: Cell::new(ptr::null_mut()), count: Cell::new(0) }
    }

    fn pop(&self) -> Option<*mut Msg> {
        let msg = self.head.get();
        if msg.is_null() {
            return None;
        }
        // SAFETY: cells in the cache are allocated and owned by it.
        self.head.set(unsafe { (*msg).next.get() });
        self.count.set(self.count.get() - 1);
        Some(msg)
    }

    /// Takes a cell back; the ones used last are used first.
    ///
    /// # Safety
    /// - `msg` came from [`get`] and is in no list.
    pub(super) unsafe fn put(&self, msg: *mut Msg) {
        if self.count.get() >= SPDK_MSG_MEMPOOL_CACHE_SIZE {
            // SAFETY: passed on from the caller.
            return unsafe { pool_put(msg) };
        }
        // SAFETY: the caller gives the cell up, so only we can reach it.
        unsafe { (*msg).next.set(self.head.get()) };
        self.head.set(msg);
        self.count.set(self.count.get() + 1);
    }
}

impl Drop for MsgCache {
    fn drop(&mut self) {
        while let Some(msg) = self.pop() {
            // SAFETY: it was just taken out of the cache.
            unsafe { pool_put(msg) };
        }
    }
}

/// The queue of one thread.
pub(super) struct MsgQueue {
    /// Newest first.
    inbox: AtomicPtr<Msg>,
    inbox_len: AtomicUsize,
    head: Cell<*mut Msg>,
    tail: Cell<*mut Msg>,
    /// Written by the owner only.
    local_len: AtomicUsize,
}

impl MsgQueue {
    pub(super) const fn new() -> Self {
        Self {
            inbox: AtomicPtr::new(ptr::null_mut()),
            inbox_len: AtomicUsize::new(0),
            head: Cell::new(ptr::null_mut()),
            tail: Cell::new(ptr::null_mut()),
            local_len: AtomicUsize::new(0),
        }
    }

    /// Appends a message from any OS thread; `false` when the queue is full.
    ///
    /// # Safety
    /// - `msg` came from [`get`] and is in no list.
    pub(super) unsafe fn push(&self, msg: *mut Msg) -> bool {
        let ahead =
            self.inbox_len.fetch_add(1, Ordering::Relaxed) + self.local_len.load(Ordering::Relaxed);
        if ahead >= RING_SIZE {
            return false;
        }
        let mut head = self.inbox.load(Ordering::Relaxed);
        loop {
            // SAFETY: the cell is ours until the exchange below publishes it.
            unsafe { (*msg).next.set(head) };
            match self.inbox.compare_exchange_weak(head, msg, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => head = now,
            }
        }
    }

    /// Appends a message from the owner itself; `false` when the queue is full.
    ///
    /// # Safety
    /// - The calling OS thread is the one that owns this queue now.
    /// - `msg` came from [`get`] and is in no list.
    pub(super) unsafe fn push_own(&self, msg: *mut Msg) -> bool {
        // SAFETY: passed on from the caller.
        unsafe { self.collect() };
        let len = self.local_len.load(Ordering::Relaxed);
        if len >= RING_SIZE {
            return false;
        }
        // SAFETY: the cell belongs to us now, and the list to the calling OS thread.
        unsafe {
            (*msg).next.set(ptr::null_mut());
            self.append(msg, msg);
        }
        self.local_len.store(len + 1, Ordering::Relaxed);
        true
    }

    /// # Safety
    /// - As for [`MsgQueue::push_own`]; `first..=last` is a chain of cells in no list.
    unsafe fn append(&self, first: *mut Msg, last: *mut Msg) {
        let tail = self.tail.replace(last);
        if tail.is_null() {
            self.head.set(first);
        } else {
            // SAFETY: the tail is a cell of our list.
            unsafe { (*tail).next.set(first) };
        }
    }

    /// Moves the inbox behind the local list.
    ///
    /// # Safety
    /// - The calling OS thread is the one that owns this queue now.
    unsafe fn collect(&self) {
        if self.inbox.load(Ordering::Relaxed).is_null() {
            return;
        }
        let newest = self.inbox.swap(ptr::null_mut(), Ordering::Acquire);
        let (mut oldest, mut next, mut count) = (ptr::null_mut::<Msg>(), newest, 0);
        while !next.is_null() {
            let msg = next;
            // SAFETY: the exchange above made the whole chain ours.
            next = unsafe { (*msg).next.replace(oldest) };
            oldest = msg;
            count += 1;
        }
        // SAFETY: the reversed chain is `oldest..=newest`, and the list is ours.
        unsafe { self.append(oldest, newest) };
        // First down, then up: a sender in between may count too few, never too many.
        self.inbox_len.fetch_sub(count, Ordering::Relaxed);
        self.local_len.store(self.local_len.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }

    /// Takes the oldest messages, at most `max`, and returns how many.
    ///
    /// # Safety
    /// - The calling OS thread is the one that owns this queue now.
    pub(super) unsafe fn take(&self, batch: &mut [*mut Msg; BATCH], max: usize) -> usize {
        // SAFETY: passed on from the caller.
        unsafe { self.collect() };
        let mut count = 0;
        while count < max.min(BATCH) {
            let msg = self.head.get();
            if msg.is_null() {
                break;
            }
            // SAFETY: the head is a cell of our list.
            self.head.set(unsafe { (*msg).next.get() });
            batch[count] = msg;
            count += 1;
        }
        if count > 0 {
            if self.head.get().is_null() {
                self.tail.set(ptr::null_mut());
            }
            self.local_len.store(self.local_len.load(Ordering::Relaxed) - count, Ordering::Relaxed);
        }
        count
    }

    /// True when nothing waits. Any OS thread; for another thread's queue the answer is a snapshot.
    pub(super) fn is_empty(&self) -> bool {
        self.local_len.load(Ordering::Relaxed) == 0 && self.inbox.load(Ordering::Acquire).is_null()
    }

    /// Frees every queued message without running it and returns how many there were.
    ///
    /// # Safety
    /// - Nobody else uses the queue any more.
    pub(super) unsafe fn discard(&self) -> usize {
        let mut batch = [ptr::null_mut(); BATCH];
        let mut dropped = 0;
        loop {
            // SAFETY: the caller is the only user.
            let count = unsafe { self.take(&mut batch, BATCH) };
            if count == 0 {
                return dropped;
            }
            for &msg in &batch[..count] {
                // SAFETY: it was just taken out of the queue.
                unsafe { pool_put(msg) };
            }
            dropped += count;
        }
    }
}
