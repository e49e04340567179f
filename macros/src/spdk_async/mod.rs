//! `#[spdk_async]`: the declaration of a C function that takes a callback becomes a function that
//! returns a future, feeds a stream, or runs a closure.
//!
//! The stages, which `pipeline` runs: `attr` reads arguments and marks, `model` is what the user asked
//! for, `check` holds the rules, `expand` writes the code (`signature` what of it is shown),
//! `fallback` what stands in for it beside mistakes.

mod attr;
mod check;
mod expand;
mod fallback;
mod item;
mod model;
mod pipeline;
mod signature;

pub(crate) use pipeline::run;
