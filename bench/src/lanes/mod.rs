//! The ways to do an operation. Each lane is one function: it has `buffers.len()` operations in flight
//! until none is left, and returns when the last has completed.

mod awaited;
mod callback;
mod channel;
mod oneshot;
mod promise;
mod round;
mod safe;

pub(crate) use round::{Round, run};
