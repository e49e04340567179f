//! Tasks on one home: `queue` holds what is ready, `task` is what is spawned, `join` its handle.
//!
//! The executor never polls itself. A host calls [`Executor::run`], and a [`Wakeup`] tells the host
//! when that is needed.

mod join;
mod local;
mod remote;
mod task;

pub use join::{JoinError, JoinHandle};
pub use local::{Executor, yield_now};
pub use remote::{Closed, Remote, Wakeup};
