//! The system's allocator, with a count of what the calling thread does with it.

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

/// Counts allocations and live bytes of each thread.
pub(crate) struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

fn grown(by: usize) {
    // A thread that is ending has no place to count in; its allocations do not matter here.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + by as i64);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

fn shrunk(by: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get() - by as i64));
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        shrunk(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        shrunk(layout.size());
        grown(new_size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

/// How often this thread has allocated.
pub(crate) fn allocations() -> u64 {
    COUNT.get()
}

/// The most that this thread has held since its start, beyond what it held before, in bytes.
pub(crate) struct Growth(i64);

impl Growth {
    /// Begins.
    pub(crate) fn start() -> Self {
        let live = LIVE.get();
        PEAK.set(live);
        Self(live)
    }

    /// What it holds now.
    pub(crate) fn now(&self) -> u64 {
        (LIVE.get() - self.0).max(0) as u64
    }

    /// The peak since the start.
    pub(crate) fn peak(&self) -> u64 {
        (PEAK.get() - self.0).max(0) as u64
    }
}
