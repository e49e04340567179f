//! The application: SPDK's event framework around an async main.
//!
//! `builder` is what the user says, `checks` whether SPDK would take it, `options` its form for C,
//! `start` runs the main future on the
//! app thread, `shutdown` is the request to end early, `stop` ends everything in order. `log` hands
//! SPDK's log on; `affinity` and `signals` undo what SPDK does to the calling thread and the process.

mod affinity;
mod builder;
mod checks;
mod log;
mod options;
mod shutdown;
mod signals;
mod start;
mod stop;

pub use builder::{App, LogLevel, Shutdown};
pub use shutdown::shutdown_requested;
pub(crate) use start::is_up;
