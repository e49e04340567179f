//! The records of one home: acquired and released without allocation once warm, without locks and
//! without read-modify-write atomics.
//!
//! A pool lives as long as a handle to it or a record in use; a record that C still has therefore
//! keeps its pool, whatever happens to the futures and the executor.

use core::any::Any;
use core::cell::{Cell, OnceCell, RefCell};
use core::ffi::c_void;
use core::future::poll_fn;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::task::{Poll, Waker};
use std::rc::{Rc, Weak};

use super::cb_arg;
use super::page::{self, Page};
use super::slot::{Class, Slot};
use super::state::State;
use crate::sync::{Ordering, thread_local};
use crate::{Home, unwind};

/// The completion records of one [`Home`]; cheap to clone, bound to its home.
#[derive(Clone, Debug)]
pub struct Pool(Rc<PoolInner>);

#[derive(Debug)]
pub(super) struct PoolInner {
    home: Home,
    /// What the pool's owner wants to find again from inside a task.
    host: OnceCell<Weak<dyn Any>>,
    /// The first free slot of each class; each names the next.
    free: [Cell<Option<NonNull<Slot>>>; Class::COUNT],
    /// How many records are in use, and one more while nothing depends on the last of them.
    uses: Cell<usize>,
    /// That one.
    idle_use: Cell<usize>,
    /// The task that the pool's executor is polling, or null.
    polled: Cell<*const ()>,
    /// Coarse time, in the unit of whoever sets it; ages of records are differences of it.
    clock: Cell<u32>,
    pages: RefCell<Vec<NonNull<Page>>>,
    drain_waiters: RefCell<Vec<Waker>>,
}

/// A call whose record is in use, as [`Pool::in_flight`] lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InFlight {
    /// The C function that was called.
    pub function: &'static str,
    /// The callback typedef that is awaited.
    pub callback: &'static str,
    /// How long ago, in the unit of [`Pool::set_clock`].
    pub age: u32,
    /// Whether the future is gone and only the record remains.
    pub orphaned: bool,
    /// Whether C has called back, and the future has neither taken the result nor gone.
    pub completed: bool,
}

thread_local! {
    /// The pool of the executor that is polling tasks on this OS thread right now, or null. A scope,
    /// not a home: whoever enters holds the pool and sets back what was there before.
    static ENTERED: Cell<*const Pool> = const { Cell::new(ptr::null()) };
}

impl Pool {
    /// An empty pool for `home`.
    #[must_use]
    pub fn new(home: Home) -> Self {
        Self(Rc::new(PoolInner {
            home,
            host: OnceCell::new(),
            free: [const { Cell::new(None) }; Class::COUNT],
            uses: Cell::new(1),
            idle_use: Cell::new(1),
            polled: Cell::new(ptr::null()),
            clock: Cell::new(0),
            pages: RefCell::new(Vec::new()),
            drain_waiters: RefCell::new(Vec::new()),
        }))
    }

    /// The home that the pool belongs to.
    #[must_use]
    pub fn home(&self) -> Home {
        self.0.home
    }

    /// Runs `body` with this pool as the one that calls without an explicit pool use.
    ///
    /// # Panics
    ///
    /// If the pool's home is not current.
    pub fn enter<R>(&self, body: impl FnOnce() -> R) -> R {
        assert!(self.home().is_current(), "a pool was entered away from its thread");
        self.enter_at_home(body)
    }

    /// The same, where the home is known to be current.
    pub(crate) fn enter_at_home<R>(&self, body: impl FnOnce() -> R) -> R {
        struct Restore(*const Pool);
        impl Drop for Restore {
            fn drop(&mut self) {
                ENTERED.with(|entered| entered.set(self.0));
            }
        }
        let _restore = Restore(ENTERED.with(|entered| entered.replace(self)));
        body()
    }

    /// Enters the pool, for the poll of a task of its executor. Its home is current.
    #[inline(always)]
    pub(crate) fn begin_poll(&self, task: *const ()) {
        ENTERED.with(|entered| entered.set(self));
        self.0.polled.set(task);
    }

    /// Ends that: no pool is entered.
    #[inline(always)]
    pub(crate) fn end_poll(&self) {
        ENTERED.with(|entered| entered.set(ptr::null()));
        self.0.polled.set(ptr::null());
    }

    /// Whether any pool is entered on this OS thread.
    #[inline(always)]
    pub(crate) fn is_any_entered() -> bool {
        !ENTERED.with(Cell::get).is_null()
    }

    /// The task that the pool's executor is polling, or null.
    #[inline(always)]
    pub(crate) fn polled(&self) -> *const () {
        self.0.polled.get()
    }

    /// The pool of the innermost [`enter`](Self::enter) on this OS thread.
    #[must_use]
    pub fn entered() -> Option<Self> {
        Self::with_entered(|pool| pool.cloned())
    }

    #[inline]
    pub(super) fn with_entered<R>(body: impl FnOnce(Option<&Self>) -> R) -> R {
        // SAFETY: whoever has entered it holds it in its place until it sets `ENTERED` back, which is after this.
        body(unsafe { ENTERED.with(Cell::get).as_ref() })
    }

    /// Names what stands behind the pool, for [`entered_host`](Self::entered_host); the first name
    /// stays.
    pub fn set_host<T: 'static>(&self, host: &Rc<T>) {
        let host: Weak<T> = Rc::downgrade(host);
        let _ = self.0.host.set(host);
    }

    /// What stands behind the entered pool, if it is a `T`.
    #[must_use]
    pub fn entered_host<T: 'static>() -> Option<Rc<T>> {
        Self::with_entered(|pool| pool?.0.host.get()?.upgrade()?.downcast().ok())
    }

    /// How many records are in use: submitted, or completed and not yet taken.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.uses.get() - self.0.idle_use.get()
    }

    /// Sets the coarse clock that ages of records are measured by. Any unit; it may wrap.
    pub fn set_clock(&self, now: u32) {
        self.0.clock.set(now);
    }

    /// The calls whose records are in use, in no order; but for those of which only the kept arguments are
    /// left, for the future to take.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        let mut list = Vec::new();
        self.any_in_flight(|call| {
            list.push(call);
            false
        });
        list
    }

    /// Whether `wanted` holds for any call whose record is in use. Looks at each record until it
    /// finds one.
    pub fn any_in_flight(&self, mut wanted: impl FnMut(InFlight) -> bool) -> bool {
        let pages = self.0.pages.borrow().clone();
        pages
            .into_iter()
            .any(|page| Page::slots(page).any(|slot| self.describe(slot).is_some_and(&mut wanted)))
    }

    /// Whether C has the record of the call that it knows by `cb_arg`, of whichever pool, and has not begun to
    /// call back. The answer is wrong where the record has served a multiple of 2^21 calls since, and C has
    /// that one.
    ///
    /// # Safety
    ///
    /// - `cb_arg` came from [`Pooled::cb_arg`](super::Pooled::cb_arg).
    #[must_use]
    pub unsafe fn is_in_flight(cb_arg: *mut c_void) -> bool {
        let Some(slot) = cb_arg::decode(cb_arg) else { return false };
        // SAFETY: the caller's promise; slot invariants 1 and 2: only the ticket is read.
        unsafe { slot.as_ref() }.ticket() == cb_arg.addr()
    }

    fn describe(&self, slot: NonNull<Slot>) -> Option<InFlight> {
        // SAFETY: slots are never freed, and this one is ours (slot invariants 1 and 2).
        let slot = unsafe { slot.as_ref() };
        let state = slot.state();
        let vtable = slot.vtable.get()?;
        matches!(state, State::InFlight | State::Orphaned | State::Done).then(|| InFlight {
            function: slot.name.get(),
            callback: vtable.callback,
            age: self.0.clock.get().wrapping_sub(slot.began.get()),
            orphaned: state == State::Orphaned,
            completed: state == State::Done,
        })
    }

    /// Resolves when no record is in use.
    pub async fn drained(&self) {
        poll_fn(|cx| {
            // Cloned before anything is looked at or borrowed: a waker may run anything, callbacks
            // included.
            let waker = cx.waker().clone();
            if self.in_use() == 0 {
                return Poll::Ready(());
            }
            let mut waiters = self.0.drain_waiters.borrow_mut();
            if waiters.iter().any(|known| known.will_wake(&waker)) {
                drop(waiters);
                drop(waker);
            } else {
                waiters.push(waker);
                self.0.watch();
            }
            Poll::Pending
        })
        .await;
    }

    /// Edge 1, first half: a slot of ours, in state `Submitting`, with no body yet.
    #[inline(always)]
    pub(super) fn begin(&self, name: &'static &'static str, class: Class) -> NonNull<Slot> {
        let free = &self.0.free[class as usize];
        let slot = free.get().unwrap_or_else(|| grow(&self.0, class));
        // SAFETY: slots are never freed, and this one is ours (slot invariants 1 and 2).
        let header = unsafe { slot.as_ref() };
        free.set(header.next.get());
        header.name.set(name);
        header.began.set(self.0.clock.get());
        header.begin();
        // Never too many: a pool has fewer than 2^31 records.
        self.0.uses.set(self.0.uses.get() + 1);
        slot
    }
}

/// A page of slots. Of C's calling convention because nothing unwinds through that: what is moved into
/// the record need not be kept anywhere on the way.
#[cold]
extern "C" fn grow(pool: &Rc<PoolInner>, class: Class) -> NonNull<Slot> {
    // Not a reference made into a pointer: `release` takes a count back through it, which lies outside of
    // the `PoolInner`.
    let fresh = Page::take(Rc::as_ptr(pool), pool.home, class);
    let mut pages = pool.pages.borrow_mut();
    assert!(pages.len() < page::MOST, "a pool has fewer than 2^31 records");
    if pages.is_empty() {
        // The pages hold one count, so that a record in use keeps its pool.
        core::mem::forget(Rc::clone(pool));
    }
    pages.push(fresh);
    drop(pages);
    // One is asked for only when no other is free, so the list ends here.
    let mut next = None;
    for slot in Page::slots(fresh).rev() {
        // SAFETY: slots are never freed, and this one is ours (slot invariants 1 and 2).
        unsafe { slot.as_ref() }.next.set(next);
        next = Some(slot);
    }
    next.expect("a page has slots")
}

/// Edges 7 and 9: the slot goes back to its pool, which may end by that.
///
/// # Safety
///
/// - The slot is in use, on its home, and its body has been taken out.
/// - It was begun with this class.
#[inline(always)]
pub(super) unsafe fn release(slot: NonNull<Slot>, class: Class) {
    // SAFETY: slot invariants 1 and 2: the caller is on the slot's home.
    let header = unsafe { slot.as_ref() };
    // SAFETY: pages are never freed (A1).
    let page = unsafe { Page::of(slot).as_ref() };
    let inner = page.pool.load(Ordering::Relaxed);
    // SAFETY: a slot in use keeps its pool alive (A7).
    let pool = unsafe { &*inner };
    header.set_state(State::Free);
    let free = &pool.free[class as usize];
    header.next.set(free.get());
    free.set(Some(slot));
    let uses = pool.uses.get() - 1;
    pool.uses.set(uses);
    if uses == 0 {
        // SAFETY: a record was in use, and none is any more.
        unsafe { end_use(inner) };
    }
}

/// Ends the pool if no handle is left, and wakes who waits for its last record. Nothing unwinds out of it,
/// so that what a record kept need not be in memory on its way out.
///
/// # Safety
///
/// - The pool has a page, and no record is in use.
#[inline(never)]
unsafe extern "C" fn end_use(inner: *const PoolInner) {
    // SAFETY: A7: the pages hold a count.
    let pool = unsafe { Rc::from_raw(inner) };
    let waiters = pool.drain_waiters.take();
    if Rc::strong_count(&pool) > 1 {
        pool.idle_use.set(1);
        pool.uses.set(1);
        core::mem::forget(pool);
    } else {
        drop(pool);
    }
    unwind::guard("the last record of a pool", || waiters.into_iter().for_each(Waker::wake));
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Whether this is the last handle, beside the count of the pages.
        if Rc::strong_count(&self.0) != 2 || self.0.pages.borrow().is_empty() {
            return;
        }
        if self.in_use() > 0 {
            // The end of the last record is that of the pool.
            return self.0.watch();
        }
        // SAFETY: A7: `grow` forgot this count when it made the first page.
        drop(unsafe { Rc::from_raw(Rc::as_ptr(&self.0)) });
    }
}

impl PoolInner {
    /// Has the last record in use, of which there is one, call [`end_use`].
    fn watch(&self) {
        self.uses.set(self.uses.get() - self.idle_use.replace(0));
    }

    /// Runs `body` with a handle that counts for nothing.
    ///
    /// # Safety
    ///
    /// - `pool` came from a handle, and lives until `body` has ended.
    #[inline]
    pub(super) unsafe fn with_handle<R>(pool: *const Self, body: impl FnOnce(&Pool) -> R) -> R {
        // SAFETY: the caller's promise; the count that is not taken is not given back either.
        let pool = ManuallyDrop::new(Pool(unsafe { Rc::from_raw(pool) }));
        body(&pool)
    }
}

impl Drop for PoolInner {
    fn drop(&mut self) {
        // No record is in use, for the pages hold a count as long as one is; so each slot is free.
        self.pages.get_mut().drain(..).for_each(Page::give_back);
    }
}
