//! The bdev modules of the embedded backend: malloc, null and aio.
//!
//! SPDK's modules register themselves before `main`; here `builtin` does it, at the latest when the
//! subsystems are initialized. Each module offers a small Rust API to create and delete its bdevs,
//! which the JSON configuration uses; SPDK keeps that API to itself, so portable programs configure
//! by JSON.

pub mod aio;
mod builtin;
mod completions;
pub mod malloc;
pub mod null;
mod refusal;
mod unregister;
mod uuid;

pub(super) use builtin::add_builtin_modules;
pub use completions::hold_completions;
pub use refusal::Refusal;
use uuid::uuid;
