//! The fixture of the env and thread tests: a host with some threads that the test polls by hand.
//!
//! SPDK's state belongs to the process, so a host holds a lock and tests take turns. A host starts
//! and ends everything, and its end proves that nothing was left.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, Once};

use spdk_sys::*;

static SERIAL: Mutex<()> = Mutex::new(());
static FIRST_INIT: Once = Once::new();

/// Lets one test at a time use SPDK.
pub(crate) fn serial() -> MutexGuard<'static, ()> {
    SERIAL.lock().expect("an earlier test of this process failed and left SPDK running")
}

/// Starts the environment: with options the first time, again with NULL later.
pub(crate) fn start_env() {
    let mut first = false;
    FIRST_INIT.call_once(|| first = true);
    let rc = if first {
        let mut opts =
            spdk_env_opts { opts_size: size_of::<spdk_env_opts>(), ..Default::default() };
        // SAFETY: the options are ours and filled in before use.
        unsafe {
            spdk_env_opts_init(&mut opts);
            spdk_env_init(&opts)
        }
    } else {
        // SAFETY: NULL asks for a restart.
        unsafe { spdk_env_init(ptr::null()) }
    };
    assert_eq!(rc, 0);
}

/// What a test saw, in order; cheap to clone into callbacks.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    /// The entries since the last call, joined by blanks.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

/// A running library with threads 0, 1, ... of which 0 is the app thread.
pub(crate) struct Host {
    threads: Vec<*mut spdk_thread>,
    _serial: MutexGuard<'static, ()>,
}

impl Host {
    pub(crate) fn new(threads: usize) -> Self {
        let serial = serial();
        start_env();
        // SAFETY: the library is not initialised, as hosts take turns.
        assert_eq!(unsafe { spdk_thread_lib_init(None, 0) }, 0);
        let threads = (0..threads).map(|n| create(&format!("t{n}"))).collect();
        Self { threads, _serial: serial }
    }

    pub(crate) fn thread(&self, n: usize) -> *mut spdk_thread {
        self.threads[n]
    }

    /// Runs `f` with thread `n` current.
    pub(crate) fn on<R>(&self, n: usize, f: impl FnOnce() -> R) -> R {
        // SAFETY: the threads live as long as the host, and the test polls them on one OS thread.
        unsafe {
            let before = spdk_get_thread();
            spdk_set_thread(self.thread(n));
            let result = f();
            spdk_set_thread(before);
            result
        }
    }

    /// Sends a closure to thread `n`.
    pub(crate) fn send(&self, n: usize, f: impl FnOnce() + 'static) {
        send(self.thread(n), f);
    }

    pub(crate) fn poll(&self, n: usize) -> c_int {
        self.poll_at(n, 0)
    }

    /// Polls thread `n` as if it were tick `now`.
    pub(crate) fn poll_at(&self, n: usize, now: u64) -> c_int {
        // SAFETY: the thread is alive and polled on this OS thread only.
        unsafe { spdk_thread_poll(self.thread(n), 0, now) }
    }

    /// Polls every thread once.
    pub(crate) fn poll_all(&self) {
        for n in 0..self.threads.len() {
            self.poll(n);
        }
    }

    /// Polls every thread until `done`; fails the test after many rounds.
    pub(crate) fn poll_until(&self, mut done: impl FnMut() -> bool) {
        for _ in 0..100_000 {
            if done() {
                return;
            }
            self.poll_all();
        }
        panic!("the condition did not come true in 100 000 polls");
    }

    /// Exits and destroys thread `n`; the later ones move up.
    pub(crate) fn retire(&mut self, n: usize) {
        let thread = self.thread(n);
        self.on(n, || {
            // SAFETY: the thread is current.
            assert_eq!(unsafe { spdk_thread_exit(thread) }, 0);
        });
        // SAFETY: the thread is alive until it is destroyed below.
        self.poll_until(|| unsafe { spdk_thread_is_exited(thread) });
        self.threads.remove(n);
        // SAFETY: it has exited and is no longer in our list.
        unsafe { spdk_thread_destroy(thread) };
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nothing can be said about what is left; the poisoned lock stops the next test.
            return;
        }
        while let Some(last) = self.threads.len().checked_sub(1) {
            self.retire(last);
        }
        // SAFETY: every thread was destroyed.
        unsafe {
            spdk_thread_lib_fini();
            spdk_env_fini();
        }
    }
}

/// Creates a thread for any CPU.
pub(crate) fn create(name: &str) -> *mut spdk_thread {
    let name = std::ffi::CString::new(name).unwrap();
    // SAFETY: the name is a C string, NULL means any CPU.
    let thread = unsafe { spdk_thread_create(name.as_ptr(), ptr::null()) };
    assert!(!thread.is_null());
    thread
}

/// Sends a closure to a thread.
pub(crate) fn send(thread: *mut spdk_thread, f: impl FnOnce() + 'static) {
    let f: Box<dyn FnOnce()> = Box::new(f);
    // SAFETY: the thread is alive; `call_once` takes the box over.
    let rc =
        unsafe { spdk_thread_send_msg(thread, Some(call_once), Box::into_raw(Box::new(f)).cast()) };
    assert_eq!(rc, 0);
}

/// A message whose argument is a boxed closure.
///
/// # Safety
/// - `arg` is a `Box<Box<dyn FnOnce()>>` made raw.
pub(crate) unsafe extern "C" fn call_once(arg: *mut c_void) {
    // SAFETY: the caller hands the box over.
    let f = unsafe { Box::from_raw(arg.cast::<Box<dyn FnOnce()>>()) };
    f();
}

/// A registered poller around a closure, unregistered by hand.
pub(crate) struct Poller {
    pub(crate) handle: *mut spdk_poller,
    function: *mut Box<dyn FnMut() -> c_int>,
}

impl Poller {
    /// Registers on the current thread, with a period in microseconds.
    pub(crate) fn new(period: u64, f: impl FnMut() -> c_int + 'static) -> Self {
        let f: Box<dyn FnMut() -> c_int> = Box::new(f);
        let function = Box::into_raw(Box::new(f));
        // SAFETY: the closure outlives the registration, see `Drop`.
        let handle = unsafe { spdk_poller_register(Some(call_mut), function.cast(), period) };
        assert!(!handle.is_null());
        Self { handle, function }
    }

    /// Unregisters; the poller's thread must be current.
    pub(crate) fn stop(&mut self) {
        // SAFETY: the handle is NULL or registered on the current thread.
        unsafe { spdk_poller_unregister(&mut self.handle) };
        assert!(self.handle.is_null());
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert!(self.handle.is_null(), "stop the poller first");
        // SAFETY: an unregistered poller does not run its function again.
        drop(unsafe { Box::from_raw(self.function) });
    }
}

unsafe extern "C" fn call_mut(arg: *mut c_void) -> c_int {
    // SAFETY: `Poller` keeps the closure until it is unregistered, and pollers do not nest.
    let f = unsafe { &mut *arg.cast::<Box<dyn FnMut() -> c_int>>() };
    f()
}

/// Runs `body` in a process of its own, which must die with a message that contains `message`.
///
/// `test` is the full name of the calling test, by which the child finds it again.
pub(crate) fn dies(test: &str, message: &str, body: impl FnOnce()) {
    const CHILD: &str = "SPDK_SYS_DIES";
    if std::env::var_os(CHILD).is_some_and(|name| name == test) {
        body();
        // Reaching this line is the failure that the parent reports.
        std::process::exit(0);
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it lived on; stderr:\n{stderr}");
    assert!(stderr.contains(message), "expected {message:?} in:\n{stderr}");
}

/// The text of a C string.
pub(crate) fn text(c: *const core::ffi::c_char) -> String {
    // SAFETY: tests pass strings of the library, which are alive.
    unsafe { CStr::from_ptr(c) }.to_str().unwrap().to_owned()
}
