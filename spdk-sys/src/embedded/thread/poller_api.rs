//! The poller functions of thread.h.
//!
//! A poller belongs to the thread that was current when it was registered; every function here ends
//! the process when it is called on another one, where SPDK would log and leave the poller behind.

use core::ffi::{c_char, c_void};
use core::ptr;

use super::object::{EXITED, current, name_or_address, require_current};
use super::poller::{State, spdk_poller};
use super::{spdk_poller_fn, spdk_thread};
use crate::{spdk_get_ticks, spdk_get_ticks_hz};

const MICROSECONDS: u64 = 1_000_000;

fn ticks_of(microseconds: u64) -> u64 {
    // SAFETY: reading the rate of the clock has no precondition.
    let hz = unsafe { spdk_get_ticks_hz() };
    let rest = (microseconds % MICROSECONDS) * hz / MICROSECONDS;
    (microseconds / MICROSECONDS).saturating_mul(hz).saturating_add(rest)
}

/// # Safety
/// - `poller` is alive, in no list, and its thread is current.
unsafe fn insert(thread: *mut spdk_thread, poller: *mut spdk_poller) {
    // SAFETY: the caller vouches for the poller; a current thread is alive.
    unsafe {
        if (*poller).period_ticks.get() == 0 {
            (*thread).active.push_back(poller);
        } else {
            (*thread).timed.insert(poller, spdk_get_ticks());
        }
    }
}

/// Registers a poller on the current thread: with period 0 it runs at each poll, else once per
/// period. Returns NULL without a current thread or on an exited one.
///
/// # Safety
/// - `fn_` may be called with `arg` on this thread until the poller is unregistered, and does not
///   unwind.
pub unsafe extern "C" fn spdk_poller_register(
    fn_: spdk_poller_fn,
    arg: *mut c_void,
    period_microseconds: u64,
) -> *mut spdk_poller {
    // SAFETY: passed on from the caller.
    unsafe { spdk_poller_register_named(fn_, arg, period_microseconds, ptr::null()) }
}

/// As [`spdk_poller_register`], with a name for messages to people.
///
/// # Safety
/// - As for [`spdk_poller_register`].
/// - `name` is NULL or a C string.
pub unsafe extern "C" fn spdk_poller_register_named(
    fn_: spdk_poller_fn,
    arg: *mut c_void,
    period_microseconds: u64,
    name: *const c_char,
) -> *mut spdk_poller {
    let function = fn_.expect("spdk_poller_register: the poller function must not be NULL");
    let thread = current();
    if thread.is_null() {
        tracing::error!("spdk_poller_register: called without a current spdk_thread");
        return ptr::null_mut();
    }
    // SAFETY: a current thread is alive, and this OS thread is the one it runs on.
    unsafe {
        if (*thread).state() == EXITED {
            tracing::error!("spdk_poller_register: thread '{}' has exited", (*thread).label());
            return ptr::null_mut();
        }
        let name = name_or_address(name, function as *const c_void);
        let poller = spdk_poller::alloc(thread, function, arg, ticks_of(period_microseconds), name);
        insert(thread, poller);
        poller
    }
}

/// Stops a poller for good and sets the handle to NULL; NULL in the handle is a no-op. Legal inside
/// the poller itself. The memory is freed at the poller's next turn.
///
/// # Safety
/// - `ppoller` points to a handle that is NULL or a registered poller.
pub unsafe extern "C" fn spdk_poller_unregister(ppoller: *mut *mut spdk_poller) {
    // SAFETY: the caller vouches for the handle.
    let poller = unsafe { ppoller.replace(ptr::null_mut()) };
    if poller.is_null() {
        return;
    }
    // SAFETY: the caller vouches for the poller.
    let thread = unsafe { (*poller).thread };
    require_current("spdk_poller_unregister", "the poller", thread);
    // SAFETY: the poller is alive, its thread is current.
    unsafe {
        assert!(
            (*poller).state.get() != State::Unregistered,
            "spdk_poller_unregister: the poller was unregistered before; use its handle only once"
        );
        if (*poller).state.get() == State::Paused {
            // The next visit of the active list frees it.
            (*thread).paused.remove(poller);
            (*poller).period_ticks.set(0);
            (*thread).active.push_back(poller);
        }
        (*poller).state.set(State::Unregistered);
    }
}

/// Keeps a poller from running, from its next turn on, until it is resumed. Repeated calls are
/// harmless.
///
/// # Safety
/// - `poller` is registered.
pub unsafe extern "C" fn spdk_poller_pause(poller: *mut spdk_poller) {
    // SAFETY: the caller vouches for the poller.
    require_current("spdk_poller_pause", "the poller", unsafe { (*poller).thread });
    // SAFETY: as above, and its thread is current.
    let state = unsafe { &(*poller).state };
    match state.get() {
        State::Waiting | State::Running => state.set(State::Pausing),
        State::Pausing | State::Paused => {}
        State::Unregistered => panic!("spdk_poller_pause: the poller is unregistered"),
    }
}

/// Lets a paused poller run again; a timed one after a full period. No effect on one that is not
/// paused.
///
/// # Safety
/// - `poller` is registered.
pub unsafe extern "C" fn spdk_poller_resume(poller: *mut spdk_poller) {
    // SAFETY: the caller vouches for the poller.
    let thread = unsafe { (*poller).thread };
    require_current("spdk_poller_resume", "the poller", thread);
    // SAFETY: the poller is alive, its thread is current.
    unsafe {
        match (*poller).state.get() {
            State::Paused => {
                (*thread).paused.remove(poller);
                (*poller).state.set(State::Waiting);
                insert(thread, poller);
            }
            State::Pausing => (*poller).state.set(State::Waiting),
            State::Waiting | State::Running => {}
            State::Unregistered => panic!("spdk_poller_resume: the poller is unregistered"),
        }
    }
}
