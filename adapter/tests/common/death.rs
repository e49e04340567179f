//! Scenarios that must end the process, run in a child.

use std::env;
use std::process::Command;

const CHILD: &str = "CALLBACK_ADAPTER_DIES_IN";

/// Runs `body` in a child process, which must end abnormally and say `message` on standard error.
/// `test` is the full name of the calling test, by which the child finds it.
#[track_caller]
pub(crate) fn dies(test: &str, message: &str, body: impl FnOnce()) {
    if env::var_os(CHILD).is_some_and(|name| name == test) {
        body();
        std::process::exit(0);
    }
    let program = env::current_exe().expect("the test program has a path");
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .output()
        .expect("the test program can be run again");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "the child survived: {errors}");
    assert!(errors.contains(message), "the child said: {errors}");
}
