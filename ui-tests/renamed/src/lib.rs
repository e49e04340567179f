//! Nothing but a test: a crate whose `Cargo.toml` gives the adapter, the macros and the wrappers
//! other names. It is a package of its own because only there the usual names are unknown.
