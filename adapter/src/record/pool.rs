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
use super::page::Page;
use super::slot::{Class, Slot, Word};
use super::state::State;
use crate::Home;
use crate::sync::{Ordering, thread_local};

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
    in_use: Cell<usize>,
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
    static ENTERED: Cell<*const PoolInner> = const { Cell::new(ptr::null()) };
}

/// A pool's address: tells it from others as long as it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolId(usize);

impl PoolId {
    /// The pool that has a page.
    #[inline]
    pub(super) fn of(page: &Page) -> Self {
        Self(page.pool.load(Ordering::Relaxed).addr())
    }
}

impl Pool {
    /// An empty pool for `home`.
    #[must_use]
    pub fn new(home: Home) -> Self {
        Self(Rc::new(PoolInner {
            home,
            host: OnceCell::new(),
            free: [const { Cell::new(None) }; Class::COUNT],
            in_use: Cell::new(0),
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

    pub(crate) fn id(&self) -> PoolId {
        PoolId(Rc::as_ptr(&self.0).addr())
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
    #[inline]
    pub(crate) fn enter_at_home<R>(&self, body: impl FnOnce() -> R) -> R {
        struct Restore(*const PoolInner);
        impl Drop for Restore {
            #[inline]
            fn drop(&mut self) {
                ENTERED.with(|entered| entered.set(self.0));
            }
        }
        let _restore = Restore(ENTERED.with(|entered| entered.replace(Rc::as_ptr(&self.0))));
        body()
    }

    /// Whether this is the pool of the innermost [`enter`](Self::enter) on this OS thread. Then its home
    /// is current.
    #[inline]
    pub(super) fn is_entered(&self) -> bool {
        ptr::eq(ENTERED.with(Cell::get), Rc::as_ptr(&self.0))
    }

    /// The pool of the innermost [`enter`](Self::enter) on this OS thread.
    #[must_use]
    pub fn entered() -> Option<Self> {
        Self::with_entered(|pool| pool.cloned())
    }

    #[inline]
    pub(super) fn with_entered<R>(body: impl FnOnce(Option<&Self>) -> R) -> R {
        let entered = ENTERED.with(Cell::get);
        if entered.is_null() {
            return body(None);
        }
        // SAFETY: whoever has entered it holds it until it sets `ENTERED` back, which is after this;
        // the count that is not taken is not given back either.
        let pool = ManuallyDrop::new(Self(unsafe { Rc::from_raw(entered) }));
        body(Some(&pool))
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
        let entered = ENTERED.with(Cell::get);
        // SAFETY: whoever has entered a pool holds it until it sets `ENTERED` back.
        let inner = unsafe { entered.as_ref() }?;
        inner.host.get()?.upgrade()?.downcast().ok()
    }

    /// How many records are in use: submitted, or completed and not yet taken.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.in_use.get()
    }

    /// Sets the coarse clock that ages of records are measured by. Any unit; it may wrap.
    pub fn set_clock(&self, now: u32) {
        self.0.clock.set(now);
    }

    /// The calls whose records are in use, in no order.
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

    /// Whether C has the record of the call that it knows by `cb_arg`, of whichever pool. The answer
    /// is wrong where the record has served a multiple of 2^22 calls since, and C has that one.
    ///
    /// # Safety
    ///
    /// - `cb_arg` came from [`Pooled::cb_arg`](super::Pooled::cb_arg).
    #[must_use]
    pub unsafe fn is_in_flight(cb_arg: *mut c_void) -> bool {
        let Some(slot) = cb_arg::decode(cb_arg) else { return false };
        // SAFETY: the caller's promise; slot invariants 1 and 2: only ticket and word are read.
        let slot = unsafe { slot.as_ref() };
        slot.ticket() == cb_arg.addr() && matches!(slot.state(), State::InFlight | State::Orphaned)
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
            }
            Poll::Pending
        })
        .await;
    }

    /// Edge 1, first half: a slot of ours, in state `Submitting`, with no body yet.
    #[inline(always)]
    pub(super) fn begin(&self, name: &'static str, class: Class) -> NonNull<Slot> {
        let free = &self.0.free[class as usize];
        let slot = free.get().unwrap_or_else(|| grow(&self.0, class));
        // SAFETY: slots are never freed, and this one is ours (slot invariants 1 and 2).
        let header = unsafe { slot.as_ref() };
        free.set(NonNull::new(header.body.get().cast()));
        header.name.set(name);
        header.began.set(self.0.clock.get());
        header.set_word(Word::new(State::Submitting));
        let in_use = self.0.in_use.get();
        if in_use == 0 {
            // The records in use hold one count of the pool together.
            core::mem::forget(Rc::clone(&self.0));
        }
        self.0.in_use.set(in_use + 1);
        slot
    }
}

/// A page of slots. Of C's calling convention because nothing unwinds through that: what is moved into
/// the record need not be kept anywhere on the way.
#[cold]
extern "C" fn grow(pool: &Rc<PoolInner>, class: Class) -> NonNull<Slot> {
    // Not a reference made into a pointer: `release` takes a count back through it, which lies outside of
    // the `PoolInner`.
    let page = Page::take(Rc::as_ptr(pool), pool.home, class);
    pool.pages.borrow_mut().push(page);
    // One is asked for only when no other is free, so the list ends here.
    let mut next = None;
    for slot in Page::slots(page).rev() {
        // SAFETY: slots are never freed, and this one is ours (slot invariants 1 and 2).
        unsafe { slot.as_ref() }.body.set(link(next));
        next = Some(slot);
    }
    next.expect("a page has slots")
}

/// What a free slot has instead of a body.
#[inline]
fn link(next: Option<NonNull<Slot>>) -> *mut () {
    next.map_or(ptr::null_mut(), |next| next.as_ptr().cast())
}

/// Edges 2, 7 and 8: the slot goes back to its pool, which may end by that.
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
    header.retire();
    let free = &pool.free[class as usize];
    header.body.set(link(free.get()));
    free.set(Some(slot));
    let in_use = pool.in_use.get() - 1;
    pool.in_use.set(in_use);
    if in_use == 0 {
        // SAFETY: the last record in use has just gone.
        unsafe { end_use(inner) };
    }
}

/// Gives back the count that the records in use hold together, and wakes who waits for that.
///
/// # Safety
///
/// - A record was in use, and none is any more.
#[inline(never)]
unsafe fn end_use(inner: *const PoolInner) {
    // SAFETY: A7: `begin` forgot one count for the records in use; the last has just gone.
    let pool = unsafe { Rc::from_raw(inner) };
    let waiters = pool.drain_waiters.take();
    drop(pool);
    waiters.into_iter().for_each(Waker::wake);
}

impl Drop for PoolInner {
    fn drop(&mut self) {
        // No record is in use, for those in use hold a count; so each slot is free.
        self.pages.get_mut().drain(..).for_each(Page::give_back);
    }
}
