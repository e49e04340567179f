//! Scenarios that would go round in circles, or wait for ever, if what they look at were broken.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Runs `body` with a watchdog: a test that goes round in circles ends the process with a message.
pub(crate) fn watched(test: &'static str, body: impl FnOnce()) {
    let (done, wait) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let limit = Duration::from_secs(60);
        if wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{test}: it does not end");
            std::process::abort();
        }
    });
    body();
    drop(done);
    watchdog.join().expect("the watchdog ends well");
}
