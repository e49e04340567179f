//! The configuration methods of the embedded backend: what each takes, when it may run, and the
//! call that it stands for.
//!
//! One file per bdev module, and one for the bdev layer. Methods run on the app thread; each one
//! answers its [`Reply`](super::load::Reply) exactly once, at once or from a later callback.

mod aio;
mod bdev;
mod malloc;
mod null;
mod table;

pub(super) use table::{Method, find_method};
