//! Pooled records: pages that never move, a generation per slot, one pool per home.
//!
//! `state` is the life cycle, `slot` the record with its numbered invariants, `page` its memory,
//! `pool` the free list, `cb_arg` the pointer that C carries, `body` what the record owns, `op` the
//! future's side and `complete` the callback's side.

mod body;
mod cb_arg;
mod complete;
mod op;
mod page;
mod pool;
mod slot;
mod state;

pub(crate) use body::Report;
pub(crate) use complete::complete;
pub(crate) use op::start;
pub use op::{Pending, Pooled, Started};
pub(crate) use pool::PoolId;
pub use pool::{InFlight, Pool};
