//! Stray callbacks are counted for the whole process, so scenarios that make some take turns.

use std::sync::{Mutex, PoisonError};

use callback_adapter::stray_callbacks;

/// How many stray callbacks `body` sets off.
pub(crate) fn strays_of(body: impl FnOnce()) -> u64 {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = stray_callbacks();
    body();
    stray_callbacks() - before
}
