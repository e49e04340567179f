//! Tasks on one home: `core` holds what is ready and polls it, `task` is what is spawned, `waker` and
//! `remote` are the ways back to it, `join` its handle, and `joint` is where the two meet.
//!
//! The executor never polls itself. A host calls [`Executor::run`], and a [`Wakeup`] tells the host
//! when that is needed. A callback may resume the task that waits for it; see `core`.

mod core;
mod join;
mod joint;
mod list;
mod local;
mod queue;
mod reference;
mod remote;
mod task;
mod waker;

pub use join::{JoinError, JoinHandle};
pub use local::{Executor, yield_now};
pub use remote::{Closed, Remote, Wakeup};
pub(crate) use waker::{WaitingTask, Wake, polled};
