//! A host of its own: brings SPDK's environment, thread library and bdev layer up without an
//! application, runs tasks on an `spdk_thread` that it polls itself, and takes all of it down again.

use core::ffi::c_int;
use core::ptr;

use spdk_async::adapter::{Executor, Home, Pool, Wakeup};
use spdk_async::raw::bdev as raw;
use spdk_async::spdk_sys::{self, spdk_thread};

use crate::{Failure, report};

/// `spdk_bdev_init_cb` and `spdk_bdev_fini_cb`. To be called after an application has ended, whose
/// options the environment keeps.
pub(crate) fn by_hand() -> Result<(), Failure> {
    // SAFETY: the environment is down, and null asks for the options of the first time.
    check("spdk_env_init", unsafe { spdk_sys::spdk_env_init(ptr::null()) })?;
    // SAFETY: the environment is up and the thread library is not.
    check("spdk_thread_lib_init", unsafe { spdk_sys::spdk_thread_lib_init(None, 0) })?;
    let host = Host::new()?;
    let outcome = host.run(bdev_layer);
    host.end();
    // SAFETY: the only thread has ended.
    unsafe { spdk_sys::spdk_thread_lib_fini() };
    // SAFETY: nothing uses the environment any more.
    unsafe { spdk_sys::spdk_env_fini() };
    outcome
}

async fn bdev_layer() -> Result<(), Failure> {
    // SAFETY: the first thread is the app thread, and the layer is not up.
    unsafe { raw::spdk_bdev_initialize() }.await?;
    report("spdk_bdev_init_cb", "the bdev layer is up, without an application")?;
    // SAFETY: on the app thread; nothing is open.
    unsafe { raw::spdk_bdev_finish() }.await.map_err(|error| error.into_refusal())?;
    report("spdk_bdev_fini_cb", "the bdev layer is down again")?;
    Ok(())
}

fn check(what: &str, rc: c_int) -> Result<(), Failure> {
    if rc == 0 { Ok(()) } else { Err(format!("{what} answered {rc}").into()) }
}

/// An `spdk_thread` and the executor of its tasks, in a loop of our own.
struct Host {
    thread: *mut spdk_thread,
    pool: Pool,
}

/// The loop runs the executor all the time, so nobody needs waking.
struct PolledAlways;

impl Wakeup for PolledAlways {
    fn wake(&self) {}
}

/// What makes an `spdk_thread` a home: its address, zero where none is current.
fn current_thread() -> usize {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_get_thread() }.addr()
}

impl Host {
    fn new() -> Result<Self, Failure> {
        // SAFETY: the name is copied; no mask allows every core.
        let thread = unsafe { spdk_sys::spdk_thread_create(c"by_hand".as_ptr(), ptr::null_mut()) };
        if thread.is_null() {
            return Err("there is no memory for an spdk_thread".into());
        }
        let home = on_thread(thread, || {
            // SAFETY: the thread is current on this OS thread only, and lives until `end`.
            unsafe { Home::current(current_thread) }
        });
        Ok(Self { thread, pool: Pool::new(home.ok_or("no spdk_thread is current")?) })
    }

    /// Runs a task, and then the thread until the task's records are back.
    fn run<T: 'static>(&self, work: impl AsyncFnOnce() -> T + 'static) -> T {
        let (executor, mut task) = on_thread(self.thread, || {
            let executor = Executor::new(self.pool.clone(), PolledAlways);
            let task = executor.spawn(async move { work().await });
            (executor, task)
        });
        while !task.is_finished() || self.pool.in_use() > 0 {
            on_thread(self.thread, || executor.run(64));
            poll(self.thread);
        }
        // The executor ends where its tasks are.
        on_thread(self.thread, || drop(executor));
        match futures_util::FutureExt::now_or_never(&mut task) {
            Some(Ok(output)) => output,
            Some(Err(error)) => panic!("{error}"),
            None => unreachable!("the task has finished"),
        }
    }

    /// Ends the thread.
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
            poll(thread);
        }
        // SAFETY: the thread has exited.
        unsafe { spdk_sys::spdk_thread_destroy(thread) };
    }
}

/// Runs messages and pollers. No task runs inside, so the thread is never polled by itself.
fn poll(thread: *mut spdk_thread) {
    // SAFETY: the thread is alive and not current.
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
