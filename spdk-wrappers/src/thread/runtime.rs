//! The runtime of one `spdk_thread`: its executor, its records, and a list of what is open on it.
//!
//! Invariants:
//!
//! 1. A `Runtime` is created and used only while its `spdk_thread` is current; the registry and the
//!    poller see to that. `Rc` keeps it on one OS thread, but no more: values that hold one may meet
//!    other `spdk_thread`s of that OS thread, and check with `is_current`.
//! 2. Its thread does not exit while the runtime is registered.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use std::rc::Rc;

use slab::Slab;
use spdk_sys::{spdk_poller, spdk_thread};

use super::registry;
use super::time::Alarms;
use crate::adapter::{Executor, Home, JoinHandle, Pool, Remote, Wakeup, guard};
use crate::bdev::{CachedChannel, ZeroCopies};
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
    /// The names of the descriptors and channels that are open on this thread.
    open: RefCell<Slab<String>>,
    alarms: Alarms,
    /// The channels that devices keep on this thread.
    pub(crate) channels: RefCell<Vec<CachedChannel>>,
    pub(crate) zero_copies: ZeroCopies,
}

/// The poller runs the executor in each turn of the thread, so nobody needs waking.
struct PolledAlways;

impl Wakeup for PolledAlways {
    fn wake(&self) {}
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
        // SAFETY: the thread is current, so it is alive.
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
            open: RefCell::default(),
            alarms: Alarms::default(),
            channels: RefCell::default(),
            zero_copies: ZeroCopies::default(),
        });
        runtime.pool.set_host(&runtime);
        let ctx = Rc::as_ptr(&runtime).cast_mut().cast();
        // SAFETY: the registry keeps the runtime until the poller is unregistered (invariant 1).
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
        // From inside a task there is no need to search.
        let runtime = Pool::entered_host::<Self>().filter(|runtime| runtime.is_current());
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

    /// Lists a descriptor or channel that was opened on this thread.
    pub(super) fn opened(&self, name: String) -> usize {
        self.open.borrow_mut().insert(name)
    }

    /// Strikes one off that was closed.
    pub(super) fn closed(&self, key: usize) {
        self.open.borrow_mut().remove(key);
    }

    /// The names of what is open on this thread.
    pub(super) fn open(&self) -> Vec<String> {
        self.open.borrow().iter().map(|(_, name)| name.clone()).collect()
    }

    /// Whether C has nothing of this thread any more, and nothing is open on it. A result that lies
    /// unread, as that of a forgotten future, is no obstacle.
    pub(super) fn is_drained(&self) -> bool {
        self.open.borrow().is_empty()
            && (self.pool.in_use() == 0 || !self.pool.any_in_flight(|call| !call.completed))
    }

    /// Whether the tasks have been cancelled, or are being.
    pub(super) const fn is_ending(&self) -> bool {
        self.ending.get()
    }

    pub(super) const fn alarms(&self) -> &Alarms {
        &self.alarms
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
        self.alarms.clear();
        let executor = self.executor.borrow_mut().take();
        drop(executor);
        registry::remove(self.id);
    }

    fn turn(self: Rc<Self>) -> usize {
        // SAFETY: the thread is current, so it is alive.
        let now = unsafe { spdk_sys::spdk_thread_get_last_tsc(self.thread.as_ptr()) };
        self.pool.set_clock((now >> CLOCK_SHIFT) as u32);
        let executor = self.executor.borrow();
        let Some(executor) = executor.as_ref() else { return 0 };
        if self.ending.get() {
            if executor.is_idle() {
                return 0;
            }
            // What was spawned since the tasks were cancelled is cancelled too: it may hold what
            // the end waits for.
            executor.cancel_tasks();
            return 1;
        }
        executor.run(BUDGET)
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
