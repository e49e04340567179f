//! event.h and init.h: the application framework.
//!
//! [`spdk_app_start`] brings up the environment, one reactor per core and the app thread, runs the
//! JSON configuration, and then the program's own start function; [`spdk_app_stop`] takes it all
//! down again. [`opts`] checks the options, [`start`] is the life cycle, [`reactor`] and
//! [`placement`] poll the threads, [`config`] reads the JSON, [`subsystem`] is what a host without
//! reactors uses instead of [`spdk_app_start`].
//!
//! Left out, next to what needs hardware: the RPC server, tracing, interrupt mode, the scheduler
//! (threads stay where they were placed unless they change their cpumask), and the lock files that
//! keep two processes off one core.

mod config;
mod configured;
mod core_mask;
mod env;
mod event;
mod opts;
mod placement;
mod reactor;
mod signals;
mod start;
mod subsystem;

pub use config::{
    SPDK_RPC_RUNTIME, SPDK_RPC_STARTUP, last_config_error, spdk_rpc_get_state, spdk_rpc_set_state,
    spdk_subsystem_load_config,
};
pub use configured::{config_steps, start_configured};
pub use core_mask::{spdk_app_get_core_mask, spdk_app_parse_core_mask};
pub use event::{spdk_event, spdk_event_allocate, spdk_event_call, spdk_event_fn};
pub use opts::{spdk_app_opts, spdk_app_opts_init, spdk_app_shutdown_cb};
pub use start::{
    spdk_app_fini, spdk_app_get_shm_id, spdk_app_start, spdk_app_start_shutdown, spdk_app_stop,
};
pub use subsystem::{
    spdk_subsystem_exists, spdk_subsystem_fini, spdk_subsystem_fini_fn, spdk_subsystem_init,
    spdk_subsystem_init_fn,
};
