//! The part of a program that is counted by itself.

/// Does some work. Callgrind can be told to count nothing but what this function does
/// (`--toggle-collect`), so it is a function in the program too, and never calls itself.
#[inline(never)]
pub(super) fn counted<R>(work: impl FnOnce() -> R) -> R {
    work()
}
