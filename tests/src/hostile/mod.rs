//! `c/hostile.h`: a C library that breaks every habit a caller might rely on, and what tests need to
//! hold it to account.
//!
//! `sys` is the library as C has it, `callbacks` and `calls` what the macros make of it, `world`
//! scripts it and `trace` listens to it. `payload` is memory that tells of its end, `flight` a call with
//! its types forgotten, and `table` lists every shape of call with what is to be expected of it.

mod bell;
mod callbacks;
mod calls;
mod flight;
mod payload;
pub mod sys;
mod table;
mod trace;
mod world;

pub use bell::Bell;
pub use callbacks::*;
pub use calls::*;
pub use flight::{Flight, Outcome, Prepared, Settled, Storage};
pub use payload::{Load, Mem};
pub use table::{Lends, ROWS, Row};
pub use trace::{Event, TestWaker, Trace};
pub use world::{Again, Debts, Script, When, World};
