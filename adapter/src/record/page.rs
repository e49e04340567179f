//! Pages of slots, which are of one class: aligned to their size, so that a slot finds its page, and never given back to
//! the allocator, so that a stray callback always meets a slot (invariant 1 of `slot`).

use core::ptr::NonNull;
use std::alloc::{Layout, alloc, handle_alloc_error};

use super::cb_arg;
use super::pool::PoolInner;
use super::slot::{Class, Slot};
use crate::Home;
use crate::sync::{AtomicPtr, AtomicUsize, Mutex, Ordering, PoisonError, global};

/// A model looks at each slot in each of its schedules, so it has few.
pub(super) const PAGE: usize = if cfg!(loom) { 1024 } else { 16 * 1024 };

/// How many a pool may have: of fewer than 2^31 records, which take hundreds of gigabytes. What counts
/// records, or what each has one of, has 32 bits.
pub(super) const MOST: usize = (1 << 31) / (PAGE / Class::Small.size());

/// The head of a page. Atomics, because a stray on a foreign thread may read it (relaxed).
#[repr(C, align(64))]
pub(super) struct Page {
    /// The pool that has the page; null while it lies idle.
    pub(super) pool: AtomicPtr<PoolInner>,
    /// `NOBODY` while it lies idle.
    token: AtomicUsize,
    /// A `fn() -> usize` of [`Home`].
    current: AtomicPtr<()>,
    /// For good: a stray must meet a slot where one was.
    class: Class,
}

// The first slot's place is taken by the page's header.
const _: () = assert!(size_of::<Page>() <= Class::Small.size());

/// A token that no home has: they are addresses or small numbers.
const NOBODY: usize = usize::MAX;

global! {
    /// Pages that no pool has, by class.
    static IDLE: Mutex<[Vec<PagePtr>; Class::COUNT]> = Mutex::new([const { Vec::new() }; Class::COUNT]);
}

struct PagePtr(NonNull<Page>);

// SAFETY: a page in `IDLE` belongs to nobody; whoever takes it out owns it alone.
unsafe impl Send for PagePtr {}

impl Page {
    /// A page of this class for `pool`, whose slots are all free.
    pub(super) fn take(pool: *const PoolInner, home: Home, class: Class) -> NonNull<Self> {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner)[class as usize].pop();
        let page = idle.map_or_else(|| Self::allocate(class), |PagePtr(page)| page);
        // SAFETY: pages are never freed (A1), and the header is shared by atomics.
        let header = unsafe { page.as_ref() };
        header.pool.store(pool.cast_mut(), Ordering::Relaxed);
        header.token.store(home.token(), Ordering::Relaxed);
        header.current.store(home.function() as *mut (), Ordering::Relaxed);
        page
    }

    /// Gives a page back whose slots are all free.
    pub(super) fn give_back(page: NonNull<Self>) {
        // SAFETY: pages are never freed (A1), and the header is shared by atomics.
        let header = unsafe { page.as_ref() };
        header.pool.store(core::ptr::null_mut(), Ordering::Relaxed);
        header.token.store(NOBODY, Ordering::Relaxed);
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        idle[header.class as usize].push(PagePtr(page));
    }

    fn allocate(class: Class) -> NonNull<Self> {
        const LAYOUT: Layout = match Layout::from_size_align(PAGE, PAGE) {
            Ok(layout) => layout,
            Err(_) => panic!("the page size is a power of two"),
        };
        // SAFETY: the layout is not empty.
        let start = unsafe { alloc(LAYOUT) };
        let Some(page) = NonNull::new(start.cast::<Self>()) else { handle_alloc_error(LAYOUT) };
        assert!(start.addr() >> 48 == 0, "a heap address uses the 16 bits of a ticket");
        let header = Self {
            pool: AtomicPtr::new(core::ptr::null_mut()),
            token: AtomicUsize::new(NOBODY),
            current: AtomicPtr::new((|| 0_usize) as fn() -> usize as *mut ()),
            class,
        };
        // SAFETY: the allocation is large enough, aligned, and ours alone.
        unsafe { page.write(header) };
        for slot in Self::slots(page) {
            // SAFETY: the place lies in the page, which is ours alone.
            unsafe { slot.write(Slot::new()) };
            // SAFETY: it has just been written, and pages are never freed (A1).
            unsafe { slot.as_ref() }.set_ticket(cb_arg::fresh(slot));
        }
        page
    }

    /// The slots, written or not.
    pub(super) fn slots(page: NonNull<Self>) -> impl DoubleEndedIterator<Item = NonNull<Slot>> {
        // SAFETY: pages are never freed (A1), and the class never changes.
        let size = unsafe { (*page.as_ptr()).class }.size();
        // SAFETY: so many fit the page behind its header.
        (1..PAGE / size).map(move |index| unsafe { page.cast::<u8>().add(index * size) }.cast())
    }

    /// The page of a slot.
    #[inline]
    pub(super) fn of(slot: NonNull<Slot>) -> NonNull<Self> {
        let page = slot.as_ptr().cast::<Self>().map_addr(|addr| addr & !(PAGE - 1));
        // SAFETY: a slot lies behind its page's header, so the page's address is not zero.
        unsafe { NonNull::new_unchecked(page) }
    }

    /// Whether the calling OS thread runs the home that has the page.
    #[inline]
    pub(super) fn is_home(&self) -> bool {
        let token = self.token.load(Ordering::Relaxed);
        let current = self.current.load(Ordering::Relaxed);
        // SAFETY: `allocate` and `take` are all that store here, and store functions of this type.
        let current = unsafe { core::mem::transmute::<*mut (), fn() -> usize>(current) };
        current() == token
    }
}
