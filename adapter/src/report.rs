//! What the adapter says about a C library that breaks its word.

use core::sync::atomic::{AtomicU64, Ordering};

static STRAYS: AtomicU64 = AtomicU64::new(0);

/// How many callbacks came that no call was waiting for, in this process.
///
/// Each is a fault of the C library (a second callback, or one after a refusal); it was reported
/// through `tracing` at level `ERROR` and changed nothing.
#[must_use]
pub fn stray_callbacks() -> u64 {
    STRAYS.load(Ordering::Relaxed)
}

#[cold]
pub(crate) fn stray(callback: &str) {
    STRAYS.fetch_add(1, Ordering::Relaxed);
    tracing::error!(
        callback,
        "a callback came that no call was waiting for; it was ignored (the C library called back twice, or after it had refused)"
    );
}
