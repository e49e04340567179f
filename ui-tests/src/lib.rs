//! Nothing but tests: what the compiler says to users of the macros.
//!
//! `fail/<macro>/` has one mistake a file and what the compiler says to it in a `.stderr` beside
//! it, blessed for the toolchain in `rust-toolchain.toml`; `pass/` has what must compile and run.
//! Renew the messages with `TRYBUILD=overwrite cargo test -p spdk-async-ui-tests` and read the
//! difference before committing it.
