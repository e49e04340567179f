//! What the tests of the app framework and of the bdev modules share.
//!
//! [`start_app`] runs one application; [`host::Host`] is the other way to use the library: an spdk_thread
//! that the test polls itself, so that a test reads from top to bottom. Both hold one lock, as there
//! is one SPDK per process.
#![allow(dead_code, reason = "each test file uses its own part of the fixture")]

pub(crate) mod host;
pub(crate) mod io;

use std::ffi::{CString, c_int, c_void};
use std::sync::{Mutex, MutexGuard, mpsc};
use std::time::Duration;

use spdk_sys::*;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Keeps other tests of this process away from SPDK.
pub(crate) fn lock() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().expect("an earlier test of this process failed and left SPDK running")
}

/// A configuration with these entries for the subsystem "bdev".
pub(crate) fn bdev_config(entries: &str) -> String {
    format!("{{\"subsystems\": [{{\"subsystem\": \"bdev\", \"config\": [{entries}]}}]}}")
}

/// Options of an application named "test".
pub(crate) fn app_opts() -> spdk_app_opts {
    let mut opts = spdk_app_opts::default();
    // SAFETY: `opts` is writable for its size.
    unsafe { spdk_app_opts_init(&raw mut opts, size_of::<spdk_app_opts>()) };
    opts.name = c"test".as_ptr();
    opts
}

/// Runs an application to its end: `start` on the app thread, with `opts` and `config`. The caller
/// holds the lock.
pub(crate) fn run_app(
    mut opts: spdk_app_opts,
    config: Option<&str>,
    start: impl FnOnce() + 'static,
) -> c_int {
    let config = config.map(|config| CString::new(config).expect("no NUL in a configuration"));
    if let Some(config) = &config {
        opts.json_data = config.as_ptr().cast_mut().cast();
        opts.json_data_size = config.count_bytes();
    }
    let mut start: Option<Box<dyn FnOnce()>> = Some(Box::new(start));
    let _watchdog = watchdog();
    // SAFETY: `opts` is initialized; `start` lives until the application has ended, which takes it
    // at most once.
    unsafe {
        let rc = spdk_app_start(&raw mut opts, Some(run_start), (&raw mut start).cast());
        spdk_app_fini();
        rc
    }
}

/// Runs an application with `config` as [`run_app`] does, with default options.
pub(crate) fn start_app(config: &str, start: impl FnOnce() + 'static) -> c_int {
    run_app(app_opts(), Some(config), start)
}

/// Ends the process if an application does not end in time, unless what it answers is dropped.
fn watchdog() -> mpsc::Sender<()> {
    const LIMIT: Duration = Duration::from_secs(60);
    let (alive, watched) = mpsc::channel();
    std::thread::spawn(move || {
        if watched.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("the application of this test is still running after {LIMIT:?}");
            std::process::abort();
        }
    });
    alive
}

unsafe extern "C" fn run_start(ctx: *mut c_void) {
    // SAFETY: `ctx` is the option that run_app passed, which outlives the application.
    let start = unsafe { (*ctx.cast::<Option<Box<dyn FnOnce()>>>()).take() };
    start.expect("start_fn runs once")();
}

/// Stops the application.
pub(crate) fn stop(rc: c_int) {
    // SAFETY: called by code that runs inside an application.
    unsafe { spdk_app_stop(rc) };
}

/// Runs the test `name` of this binary again in a process of its own with `DIES` set, and returns
/// what it wrote to stderr. Fails unless that process was ended by a signal.
pub(crate) fn dies(name: &str) -> String {
    let binary = std::env::current_exe().expect("a test binary knows its path");
    let output = std::process::Command::new(binary)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("DIES", name)
        .output()
        .expect("the test binary can be run again");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!(signal, Some(6), "expected an abort: {stderr}");
    stderr
}

/// Whether this process is the one that [`dies`] has started.
pub(crate) fn is_to_die() -> bool {
    std::env::var_os("DIES").is_some()
}

/// Sends a closure to a thread.
pub(crate) fn send(thread: *mut spdk_thread, message: impl FnOnce() + 'static) {
    unsafe extern "C" fn run(ctx: *mut c_void) {
        // SAFETY: `ctx` is the box that was leaked for this one message.
        let message = unsafe { Box::from_raw(ctx.cast::<Box<dyn FnOnce()>>()) };
        message();
    }
    let message: Box<Box<dyn FnOnce()>> = Box::new(Box::new(message));
    // SAFETY: the thread is alive; the message takes the box.
    unsafe { spdk_thread_send_msg(thread, Some(run), Box::into_raw(message).cast()) };
}
