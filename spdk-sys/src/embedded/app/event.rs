//! Events: functions to be run once on the reactor of a given core.
//!
//! An event runs with no current spdk_thread, so it must not touch channels, pollers or bdevs; a
//! message to a spdk_thread is nearly always what is wanted.

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::Ordering;

use super::reactor::current;

/// Events that may be allocated and not yet run, as in SPDK.
const POOL_SIZE: usize = 16_383;

/// What an event runs.
pub type spdk_event_fn = Option<unsafe extern "C" fn(arg1: *mut c_void, arg2: *mut c_void)>;

/// An event, from [`spdk_event_allocate`] until it has run.
#[derive(Debug)]
pub struct spdk_event {
    pub(super) lcore: u32,
    function: unsafe extern "C" fn(arg1: *mut c_void, arg2: *mut c_void),
    arg1: *mut c_void,
    arg2: *mut c_void,
}

// SAFETY: whoever calls an event lets go of what it points to and lets the reactor use it.
unsafe impl Send for spdk_event {}

impl spdk_event {
    /// Runs the function.
    pub(super) fn run(self) {
        // SAFETY: the caller of spdk_event_call made the function callable with these on the reactor.
        unsafe { (self.function)(self.arg1, self.arg2) };
    }
}

/// Allocates an event that runs `fn_(arg1, arg2)` on the reactor of `lcore`.
///
/// Returns null if no application runs, if `lcore` has no reactor, if `fn_` is null, or if 16383
/// events wait already. Any thread may call.
///
/// # Safety
///
/// - The event is passed to [`spdk_event_call`] exactly once.
pub unsafe extern "C" fn spdk_event_allocate(
    lcore: u32,
    fn_: spdk_event_fn,
    arg1: *mut c_void,
    arg2: *mut c_void,
) -> *mut spdk_event {
    let (Some(reactors), Some(function)) = (current(), fn_) else { return null_mut() };
    if !reactors.has_core(lcore) {
        return null_mut();
    }
    if reactors.live_events.fetch_add(1, Ordering::Relaxed) >= POOL_SIZE {
        reactors.live_events.fetch_sub(1, Ordering::Relaxed);
        return null_mut();
    }
    Box::into_raw(Box::new(spdk_event { lcore, function, arg1, arg2 }))
}

/// Queues an event on its core and takes it over. Any thread may call; without a running
/// application the process ends with a message. Events that still wait when the reactors stop never
/// run.
///
/// # Safety
///
/// - `event` comes from [`spdk_event_allocate`] and was not passed here before.
/// - Its function may be called with its arguments on the reactor's OS thread.
pub unsafe extern "C" fn spdk_event_call(event: *mut spdk_event) {
    // SAFETY: the caller hands over the box that spdk_event_allocate leaked.
    let event = unsafe { Box::from_raw(event) };
    current().expect("spdk_event_call: no application is running").push_event(event);
}
