//! Why the application could not be started or configured, for whoever shows it to a person.
//!
//! Owns the one message that is kept; SPDK's own API only answers with a number. Any thread may
//! call.

use std::sync::Mutex;

static LAST: Mutex<Option<String>> = Mutex::new(None);

/// The first reason why the latest [`spdk_app_start`](crate::spdk_app_start) or
/// [`spdk_subsystem_load_config`](crate::spdk_subsystem_load_config) refused its options or its
/// configuration, as one sentence; `None` if there was none.
///
/// The next start or load clears it. Callable from any thread, also after the application has ended.
pub fn last_config_error() -> Option<String> {
    LAST.lock().expect("the lock is never held across a panic").clone()
}

/// Logs `message` as an error and keeps it, unless an earlier one of this start is already kept:
/// what follows the first error is a consequence of it.
pub(in crate::embedded::app) fn report(message: String) {
    tracing::error!("{message}");
    LAST.lock().expect("the lock is never held across a panic").get_or_insert(message);
}

/// Forgets the kept message; called when an application starts and when a load begins.
pub(in crate::embedded::app) fn clear() {
    *LAST.lock().expect("the lock is never held across a panic") = None;
}
