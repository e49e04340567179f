//! `#[spdk_callback]`: a C callback typedef becomes a nominal type that implements the adapter's
//! callback traits, with the functions that C calls.
//!
//! The stages, which `pipeline` runs: `attr` reads arguments and marks, `model` is what the user asked
//! for, `check` holds the rules, `expand` writes the code, `fallback` what stands in for it beside
//! mistakes.

mod attr;
mod check;
mod expand;
mod fallback;
mod item;
mod model;
mod pipeline;

pub(crate) use pipeline::run;
