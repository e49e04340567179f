//! The application: SPDK's event framework around an async main.
//!
//! `builder` is what the user says, `options` its form for C, `start` runs the main future on the
//! app thread, `stop` ends everything in order.

mod builder;
mod options;
mod start;
mod stop;

pub use builder::{App, LogLevel, Shutdown};
pub(crate) use start::is_up;
pub use start::shutdown_requested;
