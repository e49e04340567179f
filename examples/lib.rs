//! Runnable programs; the index is `examples/README.md`. This library holds nothing but the program
//! of the README at the root, so that it is compiled and run as a doc test.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
