//! Nothing but tests: what the compiler says to users.
//!
//! - `fail/spdk_callback/` and `fail/spdk_async/`: mistakes in a declaration.
//! - `fail/soundness/`: uses of the safe API, and of generated functions, that would reach freed
//!   memory, cross a thread or lose an outcome.
//! - `pass/`: unusual code that must compile and run; `renamed/` is a package for what needs a
//!   `Cargo.toml` of its own.
//!
//! What depends on how something was opened is no matter of types, and has no case here: a write by a
//! descriptor of `Bdev::open_read_only` compiles, and fails with `EBADF` when it is awaited
//! (`writes_through_a_read_only_descriptor` in `spdk-wrappers/tests/refusals.rs`).
//!
//! A file of `fail/` has one mistake (`all_at_once` has one of each), and what the compiler says to
//! it in a `.stderr` beside it, blessed for the toolchain in `rust-toolchain.toml`. Renew the
//! messages with `TRYBUILD=overwrite cargo test -p spdk-async-ui-tests` and read the difference
//! before committing it.
