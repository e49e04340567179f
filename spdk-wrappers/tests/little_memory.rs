//! A start with less memory than SPDK's pools take.

mod common;

use common::*;

/// The pools of an installed SPDK do not fit; the embedded backend has none that count.
#[test]
fn a_start_without_enough_memory_says_what_to_raise() {
    alone_in_child(|| {
        let started = run(app().memory_mib(100).json(malloc_and_null()), async || ());
        if cfg!(feature = "system") {
            let error = started.unwrap_err().to_string();
            assert!(error.contains("100 MiB of memory, so raise `memory_mib`"), "{error}");
        } else {
            started.unwrap();
        }
    });
}
