//! Runnable programs; the index is `examples/README.md`. This library holds nothing.
