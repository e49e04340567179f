//! The poller object and the lists of a thread that pollers stand in.
//!
//! Invariant: a poller stands in exactly one list of its thread while it is alive, except for the
//! moment in which a timed poller runs. It leaves a list and is freed only at its own visit, so the
//! neighbour that a walk remembers stays valid whatever the callbacks do.
//!
//! Only `poll`, `poller_api` and `life` call in here, on the thread itself.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use std::ffi::CString;

use super::spdk_thread;

/// Where a poller is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Registered, not running now.
    Waiting,
    /// Inside its function.
    Running,
    /// Will be freed at its next visit; its function never runs again.
    Unregistered,
    /// Will move to the paused list at its next visit.
    Pausing,
    /// In the paused list.
    Paused,
}

/// A function that its thread runs again and again until it is unregistered.
///
/// Opaque, as in C; used through pointers only.
pub struct spdk_poller {
    prev: Cell<*mut spdk_poller>,
    next: Cell<*mut spdk_poller>,
    pub(super) state: Cell<State>,
    pub(super) period_ticks: Cell<u64>,
    pub(super) next_run_tick: Cell<u64>,
    pub(super) function: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(super) arg: *mut c_void,
    pub(super) thread: *mut spdk_thread,
    pub(super) name: CString,
}

impl spdk_poller {
    pub(super) fn alloc(
        thread: *mut spdk_thread,
        function: unsafe extern "C" fn(*mut c_void) -> c_int,
        arg: *mut c_void,
        period_ticks: u64,
        name: CString,
    ) -> *mut Self {
        Box::into_raw(Box::new(Self {
            prev: Cell::new(ptr::null_mut()),
            next: Cell::new(ptr::null_mut()),
            state: Cell::new(State::Waiting),
            period_ticks: Cell::new(period_ticks),
            next_run_tick: Cell::new(0),
            function,
            arg,
            thread,
            name,
        }))
    }

    /// # Safety
    /// - `poller` came from [`spdk_poller::alloc`], stands in no list and is not used again.
    pub(super) unsafe fn free(poller: *mut Self) {
        // SAFETY: `alloc` made it with `Box::into_raw`.
        drop(unsafe { Box::from_raw(poller) });
    }

    /// Runs the function once.
    ///
    /// # Safety
    /// - `poller` is alive and waiting, and its thread is current.
    pub(super) unsafe fn run(poller: *mut Self) -> c_int {
        // SAFETY: the caller vouches for the poller.
        let (function, arg) = unsafe {
            (*poller).state.set(State::Running);
            ((*poller).function, (*poller).arg)
        };
        // SAFETY: registering promised that the function may be called with this argument.
        unsafe { function(arg) }
    }
}

/// A doubly linked list of pollers.
pub(super) struct PollerList {
    head: Cell<*mut spdk_poller>,
    tail: Cell<*mut spdk_poller>,
}

/// Pollers with period 0, in order of registration.
pub(super) type ActivePollers = PollerList;
/// Pollers that wait to be resumed.
pub(super) type PausedPollers = PollerList;

impl PollerList {
    pub(super) const fn new() -> Self {
        Self { head: Cell::new(ptr::null_mut()), tail: Cell::new(ptr::null_mut()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.get().is_null()
    }

    pub(super) fn first(&self) -> *mut spdk_poller {
        self.head.get()
    }

    pub(super) fn last(&self) -> *mut spdk_poller {
        self.tail.get()
    }

    /// Puts `poller` right behind `after`, or first if that is NULL.
    ///
    /// # Safety
    /// - `poller` is alive and in no list; `after` is NULL or in this list.
    unsafe fn insert_after(&self, after: *mut spdk_poller, poller: *mut spdk_poller) {
        // SAFETY: the caller vouches for both; the neighbours are members of this list.
        unsafe {
            let next = if after.is_null() { self.head.get() } else { (*after).next.get() };
            (*poller).prev.set(after);
            (*poller).next.set(next);
            if after.is_null() {
                self.head.set(poller)
            } else {
                (*after).next.set(poller)
            }
            if next.is_null() { self.tail.set(poller) } else { (*next).prev.set(poller) }
        }
    }

    /// # Safety
    /// - `poller` is alive and in no list.
    pub(super) unsafe fn push_back(&self, poller: *mut spdk_poller) {
        // SAFETY: passed on; the tail is NULL or in this list.
        unsafe { self.insert_after(self.tail.get(), poller) }
    }

    /// # Safety
    /// - `poller` is in this list.
    pub(super) unsafe fn remove(&self, poller: *mut spdk_poller) {
        // SAFETY: the caller vouches for the poller; its neighbours are members of this list.
        unsafe {
            let (prev, next) = ((*poller).prev.get(), (*poller).next.get());
            if prev.is_null() {
                self.head.set(next)
            } else {
                (*prev).next.set(next)
            }
            if next.is_null() { self.tail.set(prev) } else { (*next).prev.set(prev) }
        }
    }

    /// The first member that is not unregistered, or NULL.
    pub(super) fn first_registered(&self) -> *mut spdk_poller {
        let mut poller = self.first();
        // SAFETY: members are alive.
        while !poller.is_null() && unsafe { (*poller).state.get() } == State::Unregistered {
            poller = next(poller);
        }
        poller
    }
}

/// The neighbour behind a member, or NULL.
pub(super) fn next(poller: *mut spdk_poller) -> *mut spdk_poller {
    // SAFETY: private to the thread folder, which passes members of a list only.
    unsafe { (*poller).next.get() }
}

/// The neighbour before a member, or NULL.
pub(super) fn prev(poller: *mut spdk_poller) -> *mut spdk_poller {
    // SAFETY: private to the thread folder, which passes members of a list only.
    unsafe { (*poller).prev.get() }
}

/// Pollers with a period, earliest first, equal ticks in the order of insertion.
pub(super) struct TimedPollers {
    list: PollerList,
}

impl TimedPollers {
    pub(super) const fn new() -> Self {
        Self { list: PollerList::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn list(&self) -> &PollerList {
        &self.list
    }

    /// The tick at which the earliest is due; 0 when there is none.
    pub(super) fn next_tick(&self) -> u64 {
        let first = self.list.first();
        // SAFETY: members are alive.
        if first.is_null() { 0 } else { unsafe { (*first).next_run_tick.get() } }
    }

    /// Schedules `poller` one period after `now`. The search starts at the latest, where a poller
    /// that just ran mostly belongs.
    ///
    /// # Safety
    /// - `poller` is alive and in no list.
    pub(super) unsafe fn insert(&self, poller: *mut spdk_poller, now: u64) {
        // SAFETY: the caller vouches for the poller; members are alive.
        unsafe {
            let tick = now.saturating_add((*poller).period_ticks.get());
            (*poller).next_run_tick.set(tick);
            let mut after = self.list.last();
            while !after.is_null() && (*after).next_run_tick.get() > tick {
                after = prev(after);
            }
            self.list.insert_after(after, poller);
        }
    }
}
