//! The process-wide pool of bdev_io. It is asked only when a thread's cache is empty or full.
//!
//! Invariant: the memory of an I/O, once made, stays until [`Pool::destroy`], so a stale pointer to
//! an I/O always points to an I/O.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::sync::Mutex;

use super::registry::lock;
use super::spdk_bdev_io;

/// The pool of this process.
pub(super) static POOL: Pool = Pool { inner: Mutex::new(None) };

pub(super) struct Pool {
    inner: Mutex<Option<Inner>>,
}

struct Inner {
    free: Vec<*mut spdk_bdev_io>,
    made: Vec<*mut spdk_bdev_io>,
    limit: usize,
    layout: Layout,
}

// SAFETY: the pointers in `free` and `made` are memory owned by the pool; an I/O is used by the one
// thread that took it.
unsafe impl Send for Inner {}

impl Inner {
    fn get(&mut self) -> Option<*mut spdk_bdev_io> {
        if let Some(io) = self.free.pop() {
            return Some(io);
        }
        if self.made.len() == self.limit {
            return None;
        }
        // SAFETY: the layout covers at least a bdev_io, so its size is not zero.
        let io = unsafe { alloc_zeroed(self.layout) }.cast::<spdk_bdev_io>();
        if io.is_null() {
            return None;
        }
        self.made.push(io);
        Some(io)
    }
}

impl Pool {
    /// Makes the pool: at most `limit` I/O with `ctx_size` bytes of driver context each.
    pub(super) fn create(&self, limit: usize, ctx_size: usize) {
        let ctx = Layout::array::<u8>(ctx_size).expect("a driver context has a sane size");
        let (layout, _) = Layout::new::<spdk_bdev_io>()
            .extend(ctx)
            .expect("a bdev_io with its driver context has a sane size");
        let inner = Inner { free: Vec::new(), made: Vec::new(), limit, layout };
        *lock(&self.inner) = Some(inner);
    }

    /// Takes one I/O; `None` when every one is taken.
    pub(super) fn get(&self) -> Option<*mut spdk_bdev_io> {
        lock(&self.inner).as_mut()?.get()
    }

    /// Takes `count` I/O or none.
    pub(super) fn get_bulk(&self, count: usize) -> Option<Vec<*mut spdk_bdev_io>> {
        let mut guard = lock(&self.inner);
        let inner = guard.as_mut()?;
        if inner.free.len() + (inner.limit - inner.made.len()) < count {
            return None;
        }
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            match inner.get() {
                Some(io) => taken.push(io),
                None => {
                    inner.free.append(&mut taken);
                    return None;
                }
            }
        }
        Some(taken)
    }

    /// Gives one I/O back.
    pub(super) fn put(&self, io: *mut spdk_bdev_io) {
        if let Some(inner) = lock(&self.inner).as_mut() {
            inner.free.push(io);
        }
    }

    /// Frees the pool. Ends the process if an I/O was never given back.
    pub(super) fn destroy(&self) {
        let Some(inner) = lock(&self.inner).take() else { return };
        let missing = inner.made.len() - inner.free.len();
        assert!(
            missing == 0,
            "spdk_bdev_finish: {missing} bdev_io were never freed; call spdk_bdev_free_io once for each completed I/O"
        );
        for io in inner.made {
            // SAFETY: allocated by `get` with this layout, and every I/O is back in the pool.
            unsafe { dealloc(io.cast(), inner.layout) };
        }
    }
}
