//! `bdev.h`: the 55 functions that take a callback, each in the form that its kind asks for.
//!
//! `callbacks` says what each callback typedef means; the other files declare the functions by
//! subject. Every declaration is checked against the signature of the backend at compile time.

mod buffers;
mod callbacks;
mod commands;
mod io_wait;
mod manage;
mod passthru;
mod read_write;
mod register;
mod walk;

pub use buffers::*;
pub use callbacks::*;
pub use commands::*;
pub use io_wait::*;
pub use manage::*;
pub use passthru::*;
pub use read_write::*;
pub use register::*;
pub use walk::*;
