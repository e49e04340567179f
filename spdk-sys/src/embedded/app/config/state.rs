//! The state of the application as configuration methods see it: starting up, or running.
//!
//! Owns the process-wide state that [`spdk_rpc_set_state`] changes. Any thread may read it; the app
//! thread changes it.

use core::sync::atomic::{AtomicU32, Ordering};

/// The state before subsystems are initialized.
pub const SPDK_RPC_STARTUP: u32 = 0x1;
/// The state after subsystems are initialized.
pub const SPDK_RPC_RUNTIME: u32 = 0x2;

static STATE: AtomicU32 = AtomicU32::new(SPDK_RPC_STARTUP);

/// Sets the state that decides which methods of a configuration are due: [`SPDK_RPC_STARTUP`] or
/// [`SPDK_RPC_RUNTIME`].
///
/// A host that does not use [`spdk_app_start`](crate::spdk_app_start) calls it with the latter once
/// the subsystems are initialized, as SPDK asks of it too.
///
/// # Safety
///
/// - Call it on the app thread, while no configuration is being loaded.
pub unsafe extern "C" fn spdk_rpc_set_state(state_mask: u32) {
    STATE.store(state_mask, Ordering::Release);
}

/// The present state: [`SPDK_RPC_STARTUP`] or [`SPDK_RPC_RUNTIME`].
///
/// # Safety
///
/// - None beyond those of a C call; any thread may call it.
pub unsafe extern "C" fn spdk_rpc_get_state() -> u32 {
    STATE.load(Ordering::Acquire)
}

/// Which of the two states the application is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RpcState {
    /// Subsystems are not initialized yet.
    Startup,
    /// Subsystems are initialized.
    Runtime,
}

impl RpcState {
    /// The state of this moment.
    pub(super) fn current() -> Self {
        match STATE.load(Ordering::Acquire) {
            SPDK_RPC_STARTUP => Self::Startup,
            _ => Self::Runtime,
        }
    }
}

/// The states in which a method may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct States(u32);

impl States {
    /// Only before the subsystems are initialized.
    pub(super) const STARTUP: Self = Self(SPDK_RPC_STARTUP);
    /// Only after the subsystems are initialized.
    pub(super) const RUNTIME: Self = Self(SPDK_RPC_RUNTIME);

    /// The states that both allow.
    pub(super) fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether no state is left.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a method of these states runs in `state`.
    pub(super) fn due_in(self, state: RpcState) -> bool {
        match state {
            RpcState::Startup => self.0 & SPDK_RPC_STARTUP != 0,
            // What may run in both states has run in the first.
            RpcState::Runtime => self.0 == SPDK_RPC_RUNTIME,
        }
    }
}
