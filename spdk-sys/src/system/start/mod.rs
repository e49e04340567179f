//! Starting an application with a configuration, as often as one likes.
//!
//! SPDK does not forget that its subsystems have once been up. An application of the same process
//! that later fails *before* they are up (its configuration is refused, its RPC socket cannot be
//! made) takes down what was never brought up, and reads memory that the end of the first
//! application has freed. One whose subsystems fail leaves marks that make the next start wait for
//! ever. So here nothing can fail before the subsystems are up:
//!
//! - shape and method names are checked before SPDK starts ([`plan`]);
//! - `spdk_app_start` gets neither configuration nor RPC address. A subsystem of our own comes up
//!   before all others, and runs the start-up methods; a refusal is kept until all are up, and ends
//!   the application then ([`run`], [`first`]);
//! - what cannot be started again is refused, and says so ([`again`]).
//!
//! Running the methods ourselves ([`load`], over a [`link`] to SPDK's RPC server) also tells which
//! one failed, which SPDK's loader does not log, and does without its wait of 4 ms for each answer.
//!
//! Everything happens on the app thread, but for [`start_configured`] and [`last_config_error`].

mod again;
mod first;
mod link;
mod load;
mod plan;
mod reason;
mod run;

/// The symbols of `api-system/`, which this crate does not offer.
#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    missing_docs,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    reason = "generated, as the bindings that are offered"
)]
mod own {
    use libc::FILE;

    include!(concat!(env!("OUT_DIR"), "/own_bindings.rs"));
}

pub use load::config_steps;
pub use reason::last_config_error;
pub use run::start_configured;
