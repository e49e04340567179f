//! SPDK leaves its signal handlers installed. One that ran without an application would crash, and SPDK
//! heeds only the first signal; so what was there before comes back as soon as the main future has
//! ended. A second signal then ends an application whose end is held up.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;

use libc::sigaction;

/// The signals that SPDK handles.
const HANDLED: [c_int; 2] = [libc::SIGINT, libc::SIGTERM];

/// What a process does on those signals.
#[derive(Clone, Copy)]
pub(super) struct Signals([Option<sigaction>; 2]);

impl Signals {
    pub(super) fn of_this_process() -> Self {
        Self(HANDLED.map(|signal| {
            let mut action = MaybeUninit::<sigaction>::zeroed();
            // SAFETY: the place is writable, and nothing is changed.
            let rc = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
            // SAFETY: zeroes are a valid action, and the call wrote one.
            (rc == 0).then(|| unsafe { action.assume_init() })
        }))
    }

    /// Has the process do that again.
    pub(super) fn restore(self) {
        for (signal, action) in HANDLED.into_iter().zip(self.0) {
            if let Some(action) = action {
                // SAFETY: the action was in force for this signal before.
                let rc = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
                if rc != 0 {
                    tracing::debug!(signal, "the signal's former handler could not be restored");
                }
            }
        }
    }
}
