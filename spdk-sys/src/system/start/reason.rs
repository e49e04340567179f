//! Why the application could not be started or configured, for whoever shows it to a person.
//!
//! Owns the one message that is kept. Any thread may call.

use std::sync::{Mutex, PoisonError};

static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Why the latest [`start_configured`](crate::start_configured) refused its configuration or could
/// not start, in one sentence, where that is known; other reasons are in SPDK's log.
///
/// The next start clears it. Callable from any thread, also after the application has ended.
pub fn last_config_error() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Keeps `message`, unless an earlier one of this start is kept: what follows is a consequence.
pub(super) fn report(message: String) {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}

/// Forgets the kept message.
pub(super) fn clear() {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
}
