//! Whether SPDK can start again in this process.
//!
//! It cannot where the very first start failed with DPDK's environment half up, for DPDK initialises
//! once; nor where subsystems failed to come up, for SPDK then takes no later start for one.

use core::ffi::c_int;
use std::sync::{Mutex, PoisonError};

struct History {
    /// Reactors have run once, so that SPDK knows its environment to be up.
    ran: bool,
    /// What forbids another start.
    stuck: Option<&'static str>,
}

static HISTORY: Mutex<History> = Mutex::new(History { ran: false, stuck: None });

/// Whether another application can start, or why it cannot.
pub(super) fn allowed() -> Result<(), &'static str> {
    HISTORY.lock().unwrap_or_else(PoisonError::into_inner).stuck.map_or(Ok(()), Err)
}

/// Keeps how a call of `spdk_app_start` ended: with `code`, and with its subsystems `up` or not.
pub(super) fn ended(code: c_int, up: bool) {
    let mut history = HISTORY.lock().unwrap_or_else(PoisonError::into_inner);
    // What fails before the reactors run answers 1, and nothing else does unless subsystems are up.
    let before_reactors = code == 1 && !up;
    if before_reactors && !history.ran {
        history.stuck = Some(
            "SPDK's environment failed to start before, and cannot start again in this process; \
             start another one",
        );
    }
    if !before_reactors && !up {
        history.stuck = Some(
            "SPDK's subsystems failed to start before, and cannot start again in this process; \
             start another one",
        );
    }
    history.ran |= !before_reactors;
}
