//! A JSON configuration, read before any of it runs, with the strictness of SPDK's own loader.
//!
//! Both backends read a configuration here ([`read_config`]), so both refuse the same shapes in the
//! same words, and say which element is wrong. What is read keeps the parameters as text: they are
//! the concern of the method.

pub(crate) mod members;
mod read;
mod skipped;

pub use read::check_config;
pub(crate) use read::{Call, Entry, Place, read_config};
#[cfg(feature = "system")]
pub(crate) use skipped::SUBSYSTEMS;
pub(crate) use skipped::say_skipped;
