//! Models of everything in the adapter that crosses threads, for the `loom` model checker. README.md
//! says what each explores, how far, and what it was seen to catch.
#![cfg(loom)]

mod common;

mod boxed;
mod end;
mod join;
mod registration;
mod resume;
mod stray;
mod wakeup;
