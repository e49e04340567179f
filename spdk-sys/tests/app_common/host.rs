//! An spdk_thread that the test polls itself, with the subsystems up.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use spdk_sys::*;

use super::{bdev_config, lock};

/// How long a test waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The app thread of a process without reactors.
pub(crate) struct Host {
    thread: *mut spdk_thread,
    _lock: MutexGuard<'static, ()>,
}

/// Initializes the environment, the first time with options, later with none.
fn init_env() {
    static FIRST: std::sync::Once = std::sync::Once::new();
    let mut rc = 1;
    FIRST.call_once(|| {
        let mut opts =
            spdk_env_opts { opts_size: size_of::<spdk_env_opts>(), ..Default::default() };
        // SAFETY: `opts` is writable for its size, its strings are literals.
        rc = unsafe {
            spdk_env_opts_init(&raw mut opts);
            spdk_env_init(&raw const opts)
        };
    });
    if rc == 1 {
        // SAFETY: null asks for the options of the first time.
        rc = unsafe { spdk_env_init(null_mut()) };
    }
    assert_eq!(rc, 0, "the environment starts");
}

impl Host {
    /// Brings everything up and runs `entries` of the subsystem "bdev".
    pub(crate) fn start(entries: &str) -> Self {
        let _lock = lock();
        init_env();
        // SAFETY: the environment is up and no other thread library is.
        let thread = unsafe {
            assert_eq!(spdk_thread_lib_init(None, 0), 0);
            spdk_thread_create(c"app_thread".as_ptr(), null_mut())
        };
        let host = Self { thread, _lock };
        let config = bdev_config(entries);
        host.set_state(SPDK_RPC_STARTUP);
        assert_eq!(host.load(&config), 0, "{:?}", last_config_error());
        // SAFETY: the app thread is current; `call` takes the callback once.
        let up = host.call(|cb, ctx| unsafe { spdk_subsystem_init(Some(cb), ctx) });
        assert_eq!(up, 0);
        host.set_state(SPDK_RPC_RUNTIME);
        assert_eq!(host.load(&config), 0, "{:?}", last_config_error());
        host
    }

    fn set_state(&self, state: u32) {
        // SAFETY: the app thread is current.
        self.on_thread(|| unsafe { spdk_rpc_set_state(state) });
    }

    /// Loads a configuration and returns the code of the load.
    pub(crate) fn load(&self, config: &str) -> c_int {
        let text = CString::new(config).expect("no NUL in a configuration");
        let (json, size) = (text.as_ptr().cast_mut().cast(), text.count_bytes() as isize);
        // SAFETY: the app thread is current; `call` takes the callback once.
        self.call(|cb, ctx| unsafe {
            spdk_subsystem_load_config(json, size, Some(cb), ctx, true);
        })
    }

    /// Runs `entries` of the subsystem "bdev" and returns the code of the load.
    pub(crate) fn run_methods(&self, entries: &str) -> c_int {
        self.load(&bdev_config(entries))
    }

    /// Makes a call with a callback of the `(rc, ctx)` kind and polls until it has called back.
    fn call(
        &self,
        start: impl FnOnce(unsafe extern "C" fn(c_int, *mut c_void), *mut c_void),
    ) -> c_int {
        unsafe extern "C" fn ended(rc: c_int, ctx: *mut c_void) {
            // SAFETY: `ctx` is the count that was leaked for this one callback.
            unsafe { Rc::from_raw(ctx.cast::<Cell<Option<c_int>>>()) }.set(Some(rc));
        }
        let code = Rc::new(Cell::new(None));
        let ctx = Rc::into_raw(Rc::clone(&code)).cast_mut().cast();
        self.on_thread(|| start(ended, ctx));
        self.poll_until(|| code.get().is_some());
        code.get().expect("it has called back")
    }

    /// Runs `f` with the thread current.
    pub(crate) fn on_thread<T>(&self, f: impl FnOnce() -> T) -> T {
        on_thread(self.thread, f)
    }

    /// The thread.
    pub(crate) fn thread(&self) -> *mut spdk_thread {
        self.thread
    }

    /// Polls the thread once.
    pub(crate) fn poll(&self) -> c_int {
        // SAFETY: the thread is alive and not current.
        unsafe { spdk_thread_poll(self.thread, 0, 0) }
    }

    /// Polls until `done`; fails after a while.
    pub(crate) fn poll_until(&self, mut done: impl FnMut() -> bool) {
        let start = Instant::now();
        while !done() {
            assert!(start.elapsed() < PATIENCE, "what the test waits for did not happen");
            self.poll();
        }
    }

    /// A bdev by its name, or null.
    pub(crate) fn bdev(&self, name: &CStr) -> *mut spdk_bdev {
        // SAFETY: the name is NUL-terminated.
        self.on_thread(|| unsafe { spdk_bdev_get_by_name(name.as_ptr()) })
    }
}

/// Runs `f` with `thread` current.
pub(crate) fn on_thread<T>(thread: *mut spdk_thread, f: impl FnOnce() -> T) -> T {
    // SAFETY: the thread is alive, polled by this OS thread only, and not being polled.
    unsafe {
        spdk_set_thread(thread);
        let result = f();
        spdk_set_thread(null_mut());
        result
    }
}

/// Asks a thread to exit, polls it to its end and destroys it.
pub(crate) fn end_thread(thread: *mut spdk_thread) {
    // SAFETY: the thread is alive, polled by this OS thread only, and not being polled.
    unsafe {
        on_thread(thread, || spdk_thread_exit(thread));
        while !spdk_thread_is_exited(thread) {
            spdk_thread_poll(thread, 0, 0);
        }
        spdk_thread_destroy(thread);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        unsafe extern "C" fn down(ctx: *mut c_void) {
            // SAFETY: `ctx` is the flag that was leaked for this one callback.
            unsafe { Rc::from_raw(ctx.cast::<Cell<bool>>()) }.set(true);
        }
        if std::thread::panicking() {
            // What a failed test has left open would only hide its message.
            return;
        }
        let done = Rc::new(Cell::new(false));
        let ctx = Rc::into_raw(Rc::clone(&done)).cast_mut().cast();
        // SAFETY: the app thread is current; the callback takes the flag.
        self.on_thread(|| unsafe { spdk_subsystem_fini(Some(down), ctx) });
        self.poll_until(|| done.get());
        end_thread(self.thread);
        // SAFETY: the only thread has ended.
        unsafe {
            spdk_thread_lib_fini();
            spdk_env_fini();
        }
    }
}
