//! What the tests share: the Rust side of the C libraries in `c/`, and a way to run futures by hand.

pub mod drive;
pub mod hostile;
pub mod shapes;
