//! The C API of SPDK v26.05, nothing more.
//!
//! Two backends offer the same names with the same signatures:
//!
//! - `embedded` (default): an implementation in Rust, inside this crate, with the observable
//!   semantics of SPDK v26.05. It needs no SPDK, no hugepages, no root and no device. It is a
//!   stand-in for development, tests and sanitizers, not a storage stack to ship.
//! - `system`: an installed SPDK, found by pkg-config (`PKG_CONFIG_PATH`) or in `SPDK_DIR`, and
//!   bound by bindgen at build time. It wins when both features are on. It is linked statically;
//!   the feature `shared` links SPDK's shared libraries instead. `src/system.rs` says more.
//!
//! [`BACKEND`] tells which one is linked. What is bound is listed in `api/*.txt`, one symbol a
//! line; a test proves that each exists in either backend.
#![allow(non_camel_case_types, non_upper_case_globals, non_snake_case)]

#[cfg(not(any(feature = "embedded", feature = "system")))]
compile_error!(
    "spdk-sys needs a backend: enable the feature `embedded` (Rust stand-in, the default) or `system` (an installed SPDK v26.05)"
);

mod config;
mod json;
pub use config::check_config;

#[cfg(all(feature = "embedded", not(feature = "system")))]
mod embedded;
#[cfg(all(feature = "embedded", not(feature = "system")))]
pub use embedded::*;

#[cfg(feature = "system")]
mod system;
#[cfg(feature = "system")]
pub use system::*;

/// The backend linked into this program: `"embedded"` or `"system"`.
pub const BACKEND: &str = if cfg!(feature = "system") { "system" } else { "embedded" };
