//! The runtime of one `spdk_thread`: its executor, its records, and a count of what is open on it.
//!
//! Invariants:
//!
//! 1. A `Runtime` is created, used and freed only while its `spdk_thread` is current. `Rc` keeps it
//!    from being sent by safe code; the registry and the poller check the thread.
//! 2. Its thread does not exit while the runtime is registered.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use std::rc::Rc;

use spdk_sys::{spdk_poller, spdk_thread};

use super::registry;
use crate::adapter::{Executor, Home, JoinHandle, Pool, Remote, Wakeup, guard};
use crate::bdev::{AbandonedZeroCopies, CachedChannel};
use crate::error::{Error, Result};

/// Tasks polled in one turn, before the thread's other pollers and messages get theirs.
const BUDGET: usize = 256;
/// One unit of the records' clock is 2^20 ticks, which is under a millisecond on common machines.
pub(super) const CLOCK_SHIFT: u32 = 20;

pub(crate) struct Runtime {
    thread: NonNull<spdk_thread>,
    id: u64,
    pool: Pool,
    /// `None` once the runtime has left its thread.
    executor: RefCell<Option<Executor>>,
    /// Set when the tasks have been cancelled; nothing runs from then on.
    ending: Cell<bool>,
    remote: Remote,
    poller: Cell<*mut spdk_poller>,
    /// Descriptors and channels that are open on this thread.
    open: Cell<usize>,
    /// The channels that devices keep on this thread.
    pub(crate) channels: RefCell<Vec<CachedChannel>>,
    pub(crate) zero_copies: AbandonedZeroCopies,
}

/// The poller runs the executor in each turn of the thread, so nobody needs waking.
struct PolledAlways;

impl Wakeup for PolledAlways {
    fn wake(&self) {}
}

thread_local! {
    /// The runtime whose tasks run on this OS thread right now: a scope, not a home.
    static RUNNING: RefCell<Option<Rc<Runtime>>> = const { RefCell::new(None) };
}

fn current_token() -> usize {
    // SAFETY: no precondition; null where no thread is current.
    unsafe { spdk_sys::spdk_get_thread() }.addr()
}

impl Runtime {
    /// Gives the current `spdk_thread` a runtime, which it must not have yet.
    ///
    /// The thread stays on its core from here on: its tasks are not `Send`.
    pub(crate) fn attach() -> Result<Rc<Self>> {
        // SAFETY: SPDK makes a thread current on one OS thread at a time, and hands it over with
        // synchronisation; a token is the address of the thread, zero where there is none.
        let home = unsafe { Home::current(current_token) };
        let home = home.ok_or_else(|| Error::no_thread("attach a runtime"))?;
        // SAFETY: no precondition.
        let thread = NonNull::new(unsafe { spdk_sys::spdk_get_thread() });
        let thread = thread.ok_or_else(|| Error::no_thread("attach a runtime"))?;
        // SAFETY: the thread is current, so it is alive.
        let id = unsafe { spdk_sys::spdk_thread_get_id(thread.as_ptr()) };
        // SAFETY: as above.
        unsafe { spdk_sys::spdk_thread_bind(thread.as_ptr(), true) };
        let pool = Pool::new(home);
        let executor = Executor::new(pool.clone(), PolledAlways);
        let runtime = Rc::new(Self {
            thread,
            id,
            pool,
            remote: executor.remote(),
            executor: RefCell::new(Some(executor)),
            ending: Cell::new(false),
            poller: Cell::new(ptr::null_mut()),
            open: Cell::new(0),
            channels: RefCell::default(),
            zero_copies: AbandonedZeroCopies::default(),
        });
        let ctx = Rc::as_ptr(&runtime).cast_mut().cast();
        // SAFETY: the registry keeps the runtime until the poller is unregistered.
        let poller = unsafe {
            spdk_sys::spdk_poller_register_named(Some(poll), ctx, 0, c"spdk_async".as_ptr())
        };
        if poller.is_null() {
            return Err(Error::no_memory("spdk_poller_register"));
        }
        runtime.poller.set(poller);
        registry::insert(&runtime);
        Ok(runtime)
    }

    /// The runtime of the current `spdk_thread`.
    ///
    /// # Errors
    ///
    /// If no `spdk_thread` is current, or the current one has no runtime.
    pub(crate) fn current(operation: &'static str) -> Result<Rc<Self>> {
        let running = RUNNING.with_borrow(Clone::clone);
        let runtime = running.filter(|runtime| runtime.is_current());
        runtime.or_else(registry::current).ok_or_else(|| Error::no_thread(operation))
    }

    pub(crate) fn is_current(&self) -> bool {
        self.thread.as_ptr().addr() == current_token()
    }

    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    pub(crate) const fn thread(&self) -> NonNull<spdk_thread> {
        self.thread
    }

    #[inline]
    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) const fn remote(&self) -> &Remote {
        &self.remote
    }

    pub(crate) fn spawn<F>(&self, future: F) -> Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let executor = self.executor.borrow();
        let executor = executor.as_ref().ok_or_else(|| Error::ending("spawn_local"))?;
        Ok(executor.spawn(future))
    }

    /// Counts a descriptor or channel that was opened on this thread.
    pub(crate) fn opened(&self) {
        self.open.set(self.open.get() + 1);
    }

    /// Counts one that was closed.
    pub(crate) fn closed(&self) {
        self.open.set(self.open.get() - 1);
    }

    /// Descriptors and channels that are open on this thread.
    pub(super) fn open(&self) -> usize {
        self.open.get()
    }

    /// Cancels the tasks; they are dropped before this returns. What they spawn in their drops is
    /// cancelled too.
    pub(crate) fn cancel_tasks(&self) {
        self.ending.set(true);
        if let Some(executor) = self.executor.borrow().as_ref() {
            executor.cancel_tasks();
        }
        let channels = self.channels.take();
        drop(channels);
    }

    /// Stops the poller and leaves the registry.
    pub(super) fn detach(&self) {
        let mut poller = self.poller.replace(ptr::null_mut());
        // SAFETY: the poller is registered on this thread, which is current.
        unsafe { spdk_sys::spdk_poller_unregister(&raw mut poller) };
        let executor = self.executor.borrow_mut().take();
        drop(executor);
        registry::remove(self.id);
    }

    fn turn(self: Rc<Self>) -> usize {
        // SAFETY: the thread is current, so it is alive.
        let now = unsafe { spdk_sys::spdk_thread_get_last_tsc(self.thread.as_ptr()) };
        self.pool.set_clock((now >> CLOCK_SHIFT) as u32);
        if self.ending.get() {
            return 0;
        }
        let executor = self.executor.borrow();
        let Some(executor) = executor.as_ref().filter(|executor| !executor.is_idle()) else {
            return 0;
        };
        let outer = RUNNING.replace(Some(Rc::clone(&self)));
        let ran = executor.run(BUDGET);
        RUNNING.set(outer);
        ran
    }
}

/// The executor's turn.
///
/// # Safety
///
/// - `ctx` is a registered runtime of the current thread.
unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    guard("the spdk_async executor's poller", || {
        let runtime: *const Runtime = ctx.cast_const().cast();
        // SAFETY: the registry's count keeps the runtime alive.
        unsafe { Rc::increment_strong_count(runtime) };
        // SAFETY: this is the count just taken.
        let runtime = unsafe { Rc::from_raw(runtime) };
        // The dynamic scheduler takes a thread for busy only if its pollers say so.
        c_int::from(runtime.turn() > 0)
    })
}
