//! `c/shapes.h`: every shape of callback API, as C has it (`sys`), with its callbacks
//! (`callbacks`) and functions (`functions`, `declared`) as the macros make them.
//!
//! The declarations carry no documentation on purpose: `missing_docs` is denied, and what the
//! macros write in its place has to satisfy it.

mod callbacks;
mod declared;
mod functions;
pub mod sys;

pub use callbacks::*;
pub use declared::*;
pub use functions::*;
