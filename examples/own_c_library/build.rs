//! Compiles the small C library of the example `own_c_library`.
fn main() {}
