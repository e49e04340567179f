//! The two ways this layer ends the process when SPDK's rules are broken.

use crate::{spdk_get_thread, spdk_thread, spdk_thread_get_app_thread};

/// Ends the process unless the caller runs on an spdk_thread; returns that thread.
pub(super) fn require_thread(function: &str) -> *mut spdk_thread {
    // SAFETY: may be called from anywhere.
    let thread = unsafe { spdk_get_thread() };
    assert!(
        !thread.is_null(),
        "{function}: called off an SPDK thread; call it from a message or a poller of an spdk_thread"
    );
    thread
}

/// Ends the process unless the caller runs on the app thread.
pub(super) fn require_app_thread(function: &str) {
    let thread = require_thread(function);
    // SAFETY: may be called from anywhere.
    let app = unsafe { spdk_thread_get_app_thread() };
    assert!(
        thread == app,
        "{function}: called off the app thread; send a message to spdk_thread_get_app_thread()"
    );
}
