//! A host with a few threads on one OS thread, polled by the test.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;
use std::process::Command;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard};

use spdk_sys::*;

use super::disk::MODULE;

/// SPDK's state belongs to the process: one host at a time.
static TURN: Mutex<()> = Mutex::new(());

pub(crate) struct Host {
    threads: Vec<*mut spdk_thread>,
    /// What the library refers to until it has ended.
    keep: RefCell<Vec<Rc<dyn core::any::Any>>>,
    _turn: MutexGuard<'static, ()>,
}

impl Host {
    /// A host with this many threads and the default options; thread 0 is the app thread.
    pub(crate) fn new(threads: usize) -> Self {
        Self::with_pool(threads, 65535, 256)
    }

    /// A host with small pools.
    pub(crate) fn with_pool(threads: usize, pool: u32, cache: u32) -> Self {
        let turn = TURN.lock().expect("an earlier test failed and left SPDK running");
        faults::clear_all();
        // SAFETY: nothing is initialised; the structures are local.
        unsafe {
            assert_eq!(spdk_thread_lib_init(None, 0), 0);
            set_opts(pool, cache, true);
            let create = |_| spdk_thread_create(c"test".as_ptr(), ptr::null());
            let threads = (0..threads).map(create).collect();
            let host = Self { threads, keep: RefCell::default(), _turn: turn };
            spdk_bdev_module_list_add((&raw const MODULE).cast_mut());
            let done = Rc::new(Cell::new(None));
            host.on(0, || {
                spdk_bdev_initialize(Some(initialised), Rc::as_ptr(&done).cast_mut().cast());
            });
            host.poll_until("the library is initialised", || done.get().is_some());
            assert_eq!(done.get(), Some(0));
            host
        }
    }

    /// Runs `f` on thread `index`.
    pub(crate) fn on<R>(&self, index: usize, f: impl FnOnce() -> R) -> R {
        // SAFETY: the threads exist, and only this OS thread uses them.
        unsafe {
            let before = spdk_get_thread();
            spdk_set_thread(self.threads[index]);
            let result = f();
            spdk_set_thread(before);
            result
        }
    }

    pub(crate) fn thread(&self, index: usize) -> *mut spdk_thread {
        self.threads[index]
    }

    /// Keeps `what` alive until the library has ended.
    pub(crate) fn keep(&self, what: Rc<dyn core::any::Any>) {
        self.keep.borrow_mut().push(what);
    }

    /// Polls one thread once.
    pub(crate) fn poll_one(&self, index: usize) {
        // SAFETY: as in `on`.
        unsafe { spdk_thread_poll(self.threads[index], 0, 0) };
    }

    /// Polls every thread once.
    pub(crate) fn poll(&self) {
        for index in 0..self.threads.len() {
            self.poll_one(index);
        }
    }

    /// Polls until nothing more happens without the test's doing.
    pub(crate) fn settle(&self) {
        for _ in 0..64 {
            self.poll();
        }
    }

    /// Polls until `ready`, for at most ten seconds.
    pub(crate) fn poll_until(&self, what: &str, mut ready: impl FnMut() -> bool) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !ready() {
            assert!(std::time::Instant::now() < deadline, "waited in vain until {what}");
            self.poll();
        }
    }

    fn finish(&mut self) {
        let done = Rc::new(Cell::new(false));
        let arg = Rc::as_ptr(&done).cast_mut().cast();
        // SAFETY: on the app thread; the flag outlives the call.
        self.on(0, || unsafe { spdk_bdev_finish(Some(finished), arg) });
        self.poll_until("the library has ended", || done.get());
        // SAFETY: each thread is ended on itself, then destroyed when it has exited.
        unsafe {
            for index in (0..self.threads.len()).rev() {
                let thread = self.threads[index];
                self.on(index, || spdk_thread_exit(thread));
                self.poll_until("a thread has exited", || spdk_thread_is_exited(thread));
                spdk_thread_destroy(thread);
                self.threads.pop();
            }
            set_opts(65535, 256, true);
            spdk_thread_lib_fini();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // After a failure the state is anybody's guess: let the failure speak.
        if !std::thread::panicking() {
            self.finish();
        }
    }
}

/// Sets the options of the library.
pub(crate) unsafe fn set_opts(pool: u32, cache: u32, auto_examine: bool) {
    let mut opts = spdk_bdev_opts::default();
    // SAFETY: a local structure.
    unsafe {
        spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>());
        opts.bdev_io_pool_size = pool;
        opts.bdev_io_cache_size = cache;
        opts.bdev_auto_examine = auto_examine;
        assert_eq!(spdk_bdev_set_opts(&raw mut opts), 0);
    }
}

unsafe extern "C" fn initialised(arg: *mut c_void, rc: i32) {
    // SAFETY: the cell of `with_pool`.
    unsafe { (*arg.cast::<Cell<Option<i32>>>()).set(Some(rc)) };
}

unsafe extern "C" fn finished(arg: *mut c_void) {
    // SAFETY: the cell of `finish`.
    unsafe { (*arg.cast::<Cell<bool>>()).set(true) };
}

/// Runs `body`, which must end the process, in a child process that runs `test` of this binary only.
/// Fails unless the child's last words contain `words`.
pub(crate) fn dies(test: &str, words: &str, body: impl FnOnce()) {
    const VAR: &str = "SPDK_SYS_TEST_DIES";
    if std::env::var_os(VAR).is_some() {
        body();
        return;
    }
    let exe = std::env::current_exe().expect("the test binary has a path");
    let child = Command::new(exe)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(VAR, "1")
        .output()
        .expect("the test binary starts again");
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(!child.status.success(), "{test} survived its misuse");
    assert!(stderr.contains(words), "{test} died of something else:\n{stderr}");
}
