//! JSON configuration: the file that says which bdevs an application starts with.
//!
//! Calls are read from the text ([`document`], by way of [`crate::json`]). Those that are due in the
//! present state are run one after another ([`load`]), each by its method in [`methods`] after its
//! [`params`] are decoded. [`state`] says which methods are due, [`last_error`] keeps why a start
//! failed.
//!
//! SPDK sends each call through a socket to itself, so that one takes milliseconds; here a call is
//! a message on the app thread. What a configuration can see is the same: calls run in order, and
//! each waits for the answer of the one before.

mod document;
mod last_error;
mod load;
mod methods;
mod params;
mod state;

pub use last_error::last_config_error;
pub(super) use last_error::{clear, report};
pub(super) use load::require_app_thread;
pub use load::spdk_subsystem_load_config;
pub use state::{SPDK_RPC_RUNTIME, SPDK_RPC_STARTUP, spdk_rpc_get_state, spdk_rpc_set_state};
