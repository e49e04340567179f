//! Whatever is asked of a bdev, by any function: the answer and the bytes are those of a model.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;
mod property_common;

use std::os::fd::AsRawFd;

use app_common::host::Host;
use property_common::check;
use property_common::disk::{Opened, spec};
use property_common::drive::{compare_all, fill, step};
use property_common::model::{Fallocate, Model};
use property_common::ops::op;
use proptest::collection::vec;

/// Asks the file system that aio bdevs are going to lie on.
fn fallocate() -> Fallocate {
    let file = tempfile::tempfile().expect("a temporary file");
    file.set_len(8192).expect("it can have a size");
    // SAFETY: a system call on an open file.
    let has = |mode| unsafe { libc::fallocate(file.as_raw_fd(), mode, 0, 4096) } == 0;
    Fallocate {
        punch_hole: has(libc::FALLOC_FL_KEEP_SIZE | libc::FALLOC_FL_PUNCH_HOLE),
        zero_range: has(libc::FALLOC_FL_ZERO_RANGE),
    }
}

#[test]
fn any_sequence_of_calls_ends_as_the_model_says() {
    let host = Host::start("");
    let fallocate = fallocate();
    check("any_sequence_of_calls", 10_000, (spec(), vec(op(), 1..8)), |(spec, ops)| {
        let opened = Opened::new(&host, spec);
        let mut model = Model::new(*spec, fallocate);
        fill(&opened, &mut model);
        let mut calls = ops.iter().map(|op| step(&opened, &mut model, op));
        let outcome = calls.find(Result::is_err).unwrap_or(Ok(()));
        let outcome = outcome.and_then(|()| compare_all(&opened, &model));
        opened.end();
        outcome
    });
}
