//! The embedded backend: a Rust implementation of the part of SPDK v26.05's C API that this
//! project binds. One folder per SPDK library; `extern "C"` functions keep SPDK's names.
//!
//! A misuse that a release build of SPDK hides ends the process here with a message that names the
//! rule.

mod app;
mod bdev;
mod env;
mod modules;
mod thread;
mod util;

pub use app::*;
pub use bdev::*;
pub use env::*;
pub use modules::*;
pub use thread::*;
pub use util::*;
