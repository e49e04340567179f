//! An installed SPDK, bound by bindgen when the crate is built.
//!
//! Owns the inclusion of the generated bindings and keeps the invariant that both backends offer
//! the same names with the same types. Everything here is C, with SPDK's own rules: its
//! documentation says which function may be called from where.
//!
//! # What it needs
//!
//! SPDK v26.05 with its headers, its pkg-config files and its static libraries, and the DPDK that
//! it was built with. How to get them: <https://spdk.io/doc/getting_started.html>, or the packages
//! of a distribution that carries this release. Another release is reported by a warning at build
//! time, and used if its headers and libraries fit. Besides that pkg-config, a C compiler and
//! libclang.
//!
//! # How it is found
//!
//! | variable | what it says |
//! |---|---|
//! | `PKG_CONFIG_PATH` | folders of SPDK's and DPDK's `.pc` files, for pkg-config |
//! | `SPDK_DIR` | SPDK's install prefix, or a source tree in which it was built; searched first |
//! | `PKG_CONFIG` | another program than `pkg-config`, as for a cross build |
//! | `LIBCLANG_PATH` | the folder of libclang, for bindgen |
//!
//! # How it is linked
//!
//! Statically and whole, so that every module, subsystem and driver registers itself; the program
//! then needs none of SPDK's files where it runs. The feature `shared` links the shared libraries
//! instead, which must be where the dynamic loader finds them.

/// What bindgen wrote.
#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    missing_docs,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    reason = "generated: SPDK's documentation is not copied, and bindgen's code has its own style"
)]
mod bindings {
    use libc::FILE;
    pub use libc::iovec;

    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}
pub use bindings::*;

mod extras;
pub use extras::*;

mod start;
pub use start::{config_steps, last_config_error, start_configured};

#[cfg(feature = "shared")]
mod modules;
