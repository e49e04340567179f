//! Completion records that turn C callback APIs of the form `f(args…, cb, cb_arg)` into sound
//! futures and streams. No SPDK inside: the crate works for any such library.
//!
//! # The promise
//!
//! `cb_arg` identifies one record. The record owns everything that C may touch until the callback:
//! buffers, arrays, option structs, strings, out-parameters, and shared references to the objects
//! that must outlive the call. So a future may be dropped at any moment: the record stays with C,
//! and the callback finds it.
//!
//! # The parts
//!
//! - A [`Call`] is a C call that has not been made. Awaited, its record comes from a [`Pool`]
//!   ([`Pooled`]: fast, bound to its thread); [submitted](Call::submit), its record is on the heap
//!   ([`Submitted`]: `Send`, awaited anywhere).
//! - [`OnceCallback`], [`MultiCallback`] and [`VisitorCallback`] say what a callback type is. The
//!   macros of `spdk-async-macros` implement them.
//! - [`Keep`] values travel in the record and come back with the reply; [`Handle`] is a result that
//!   closes itself when nobody takes it.
//! - [`Subscription`] and [`Events`] turn callbacks that come many times into a stream.
//! - [`Home`] is the unit of single-threadedness; [`Executor`] runs tasks on one.
//!
//! SAFETY.md at the root of the repository numbers the invariants.

#[doc(hidden)]
pub mod __private;
mod call;
mod callback;
mod errno;
mod executor;
mod handle;
mod home;
mod keep;
mod outcome;
mod record;
mod report;
mod shared;
mod sync;
mod unwind;
mod words;

pub use call::{Call, Submit};
pub use callback::{
    Answer, Callback, MultiCallback, OnceCallback, ResumedVisitorCallback, VisitorCallback,
};
pub use errno::Errno;
pub use executor::{Closed, Executor, JoinError, JoinHandle, Remote, Wakeup, yield_now};
pub use handle::Handle;
pub use home::Home;
pub use keep::{Keep, Kept, KeptOuts, Outs, Parent, Payload, With};
pub use outcome::{CallError, Failed, Refusal};
pub use record::{
    Completed, Failure, InFlight, Pending, Pool, Pooled, Refused, Remainder, Started,
};
pub use report::stray_callbacks;
pub use shared::{BoxedInFlight, Events, Submitted, Subscription, boxed_in_flight, submit_visit};
pub use unwind::{guard, guard_named};
pub use words::read_by_words;
