//! Answers of the C API at its edges, the same on every backend: codes and their order, and what
//! comes inside a call.

#[path = "../common/mod.rs"]
mod common;
mod fixture;
mod io;
mod state;
