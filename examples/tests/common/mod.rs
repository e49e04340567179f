//! What the tests of example programs have in common.
//!
//! Cargo builds the examples of a package with its tests; `cargo test --test` alone does not.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Where an example program is.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let target = test.ancestors().nth(2).expect("the test lies in `deps` of the target directory");
    let program = target.join("examples").join(name);
    assert!(program.exists(), "build it first: cargo build --example {name}");
    program
}

/// An example program. One that hangs is ended, with exit code 124.
pub(crate) fn example(name: &str) -> Command {
    let mut command = Command::new("timeout");
    command.arg("60").arg(program(name));
    command
}

/// The tests' turn: an installed SPDK has each core only once.
pub(crate) fn in_turn<T>(test: impl FnOnce() -> T) -> T {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    test()
}

/// Runs a program, which must fail with one line that begins with its name and holds each of `words`.
#[track_caller]
pub(crate) fn fails(name: &str, command: &mut Command, words: &[&str]) {
    let output = command.output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    // An installed SPDK says that it starts, or starts again, on a line of its own.
    let lines: Vec<_> = stderr.lines().filter(|line| !line.starts_with("Starting SPDK")).collect();
    let prefix = format!("{name}: ");
    assert!(matches!(lines[..], [line] if line.starts_with(&prefix)), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no `{word}` in: {stderr}");
    }
}

/// A configuration of the bdevs `methods`.
pub(crate) fn configuration(methods: &str) -> String {
    format!(r#"{{"subsystems":[{{"subsystem":"bdev","config":[{methods}]}}]}}"#)
}
