//! The raw start and end of the bdev layer, in a program that brings SPDK up by itself and polls an
//! `spdk_thread` in a loop of its own.

mod common;

use core::ffi::CStr;
use core::pin::pin;
use core::ptr;
use core::task::Poll;
use std::rc::Rc;

use common::recorder::Recorder;
use common::*;
use spdk_async::adapter::{Executor, Home, Pool, Wakeup};
use spdk_async::raw::bdev as raw;
use spdk_sys::spdk_thread;

/// An `spdk_thread` and the pool of its tasks.
struct Host {
    thread: *mut spdk_thread,
    pool: Pool,
}

/// The loop runs the executor all the time, so nobody needs waking.
struct PolledAlways;

impl Wakeup for PolledAlways {
    fn wake(&self) {}
}

fn current_thread() -> usize {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_get_thread() }.addr()
}

impl Host {
    fn new(name: &'static CStr) -> Self {
        // SAFETY: the name is copied; no mask allows every core.
        let thread = unsafe { spdk_sys::spdk_thread_create(name.as_ptr(), ptr::null_mut()) };
        assert!(!thread.is_null());
        let home = on_thread(thread, || {
            // SAFETY: the thread is current on this OS thread only, and lives until `end`.
            unsafe { Home::current(current_thread) }
        });
        Self { thread, pool: Pool::new(home.expect("the thread is current")) }
    }

    /// Runs a task, and then the thread until the task's records are back.
    fn run(&self, work: impl Future<Output = ()> + 'static) {
        let (executor, task) = on_thread(self.thread, || {
            let executor = Executor::new(self.pool.clone(), PolledAlways);
            let task = executor.spawn(work);
            (executor, task)
        });
        while !task.is_finished() || self.pool.in_use() > 0 {
            on_thread(self.thread, || executor.run(64));
            poll_thread(self.thread);
        }
        on_thread(self.thread, || drop(executor));
        assert!(matches!(poll_once(pin!(task)), Poll::Ready(Ok(()))));
    }

    fn end(self) {
        let Self { thread, pool } = self;
        on_thread(thread, || {
            // A pool does not outlive its home.
            drop(pool);
            // SAFETY: the thread is current.
            unsafe { spdk_sys::spdk_thread_exit(thread) }
        });
        // SAFETY: the thread is alive until it is destroyed below.
        while !unsafe { spdk_sys::spdk_thread_is_exited(thread) } {
            poll_thread(thread);
        }
        // SAFETY: the thread has exited.
        unsafe { spdk_sys::spdk_thread_destroy(thread) };
    }
}

fn poll_thread(thread: *mut spdk_thread) {
    // SAFETY: the thread is alive and not current: no task runs inside.
    unsafe { spdk_sys::spdk_thread_poll(thread, 0, 0) };
}

/// Runs `body` with the thread current.
fn on_thread<T>(thread: *mut spdk_thread, body: impl FnOnce() -> T) -> T {
    // SAFETY: the thread is alive, and only this OS thread runs it.
    unsafe { spdk_sys::spdk_set_thread(thread) };
    let result = body();
    // SAFETY: null is always allowed.
    unsafe { spdk_sys::spdk_set_thread(ptr::null_mut()) };
    result
}

/// How many bdevs there are.
fn bdevs() -> usize {
    let mut visited = 0;
    // SAFETY: an spdk_thread is current.
    let rc = unsafe {
        raw::spdk_for_each_bdev(|_| {
            visited += 1;
            0
        })
    };
    assert_eq!(rc, 0);
    visited
}

/// The layer comes up and takes a bdev; its end takes the bdev away.
/// (There is no I/O: an installed SPDK has no channels without other libraries.)
async fn up_and_down() {
    // SAFETY: the first thread is the app thread, and the layer is not up.
    unsafe { raw::spdk_bdev_initialize() }.await.unwrap();
    assert_eq!(bdevs(), 0);
    let recorder = Recorder::with_metadata("Recorder0", 8);
    // SAFETY: on an spdk_thread.
    unsafe { raw::spdk_bdev_wait_for_examine() }.await.unwrap();
    assert_eq!((bdevs(), Rc::strong_count(&recorder)), (1, 2), "the layer has the bdev");
    // SAFETY: on the app thread; nothing is open.
    unsafe { raw::spdk_bdev_finish() }.await.unwrap();
    assert_eq!(Rc::strong_count(&recorder), 1, "the end has taken the bdev away");
}

#[test]
fn the_bdev_layer_starts_and_ends_by_hand() {
    hosted(|| {
        // The environment keeps the options of the application.
        app().run(async || ()).unwrap();
        // SAFETY: the environment is down, and null asks for the options of the first time.
        assert_eq!(unsafe { spdk_sys::spdk_env_init(ptr::null()) }, 0);
        // SAFETY: the environment is up and the thread library is not.
        assert_eq!(unsafe { spdk_sys::spdk_thread_lib_init(None, 0) }, 0);
        let host = Host::new(c"by_hand");
        host.run(up_and_down());
        host.end();
        // SAFETY: the only thread has ended.
        unsafe { spdk_sys::spdk_thread_lib_fini() };
        // SAFETY: nothing uses the environment any more.
        unsafe { spdk_sys::spdk_env_fini() };
    });
}
