//! Tasks on `spdk_thread`s.
//!
//! A runtime belongs to one `spdk_thread`, not to the OS thread that happens to run it: `runtime`
//! holds its executor, its records and what is open on it, `registry` finds it by the thread's id,
//! `roster` is how threads that come and go reach each other, `end` lets it go in order. `spawn`,
//! `time` and `worker` are what tasks use.

mod end;
mod opened;
mod registry;
mod roster;
#[cfg(all(test, loom))]
mod roster_models;
mod runtime;
mod spawn;
mod time;
mod worker;

pub(crate) use end::{end, end_workers};
pub(crate) use opened::{Opened, run_at_home};
pub(crate) use registry::Owner;
pub(crate) use runtime::Runtime;
pub use spawn::{JoinError, JoinHandle, spawn_local, yield_now};
pub use time::{Elapsed, Sleep, sleep, timeout};
pub use worker::{Worker, WorkerEnded};
