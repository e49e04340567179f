//! Scenarios that must end the process, played in a child.

use std::env;
use std::process::Command;

const CHILD: &str = "SPDK_ASYNC_TESTS_DIES_IN";

/// Runs `body` in a child process, which must abort and say `message` on standard error. `test` is
/// the full name of the calling test, by which the child finds it; `cell` tells its deaths apart.
#[track_caller]
pub(crate) fn dies(test: &str, cell: &str, message: &str, body: impl FnOnce()) {
    let name = format!("{test} {cell}");
    match env::var(CHILD) {
        Ok(wanted) if wanted == name => {
            body();
            std::process::exit(0);
        }
        Ok(_) => return,
        Err(_) => {}
    }
    let program = env::current_exe().expect("the test program has a path");
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, &name)
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("the test program can be run again");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{cell}: the child survived: {errors}");
    assert!(errors.contains(message), "{cell}: the child did not say `{message}`: {errors}");
}
