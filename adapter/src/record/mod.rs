//! Pooled records: pages that never move, a generation per slot, one pool per home.
//!
//! `state` is the life cycle, `slot` the record with its numbered invariants, `page` its memory,
//! `pool` the free list, `cb_arg` the pointer that C carries, `body` what the record owns. `owner` is the
//! future's side, which `started` and `op` are made of, and `complete` the callback's side.

mod body;
mod cb_arg;
mod complete;
mod op;
mod owner;
mod page;
mod pool;
mod slot;
mod started;
mod state;

pub(crate) use complete::complete;
pub use op::Pooled;
pub use pool::{InFlight, Pool};
pub use started::{Completed, Failure, Pending, Refused, Remainder, Started};
