//! One pooled record: a header, and room for what C may touch.
//!
//! Invariants of a slot, cited by number in SAFETY notes of this folder:
//!
//! 1. Its memory is never freed and never moves (pages are recycled, see `page`).
//! 2. `word` is the only field that may be read on a foreign thread; the others belong to the home
//!    of the page and are touched only there, and only while the state is not `Free`, or by the
//!    pool.
//! 3. From `begin` to `release`, `body` points to a live `Body` of the call that began it: its
//!    payload is initialised, and its report is initialised exactly in state `Done`.
//! 4. The generation in `word` changes at each release, so a context pointer fits one call only
//!    (until the 22 bits come round).
//! 5. While a callback reads its report, `word` says so. A callback that comes meanwhile for the same
//!    record is a stray, and the record is not released: it is neither `Done` nor refused.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::task::Waker;

use super::body::BodyVtable;
use super::state::State;
use crate::sync::{AtomicU32, Cell, Ordering};

/// Bytes of a slot's own room; larger bodies go to the heap.
pub(super) const ROOM: usize = 128;
const STATE_BITS: u32 = 8;
/// Beside the state: invariant 5.
const READING: u32 = 0x80;

/// One record.
#[repr(C, align(64))]
pub(crate) struct Slot {
    /// Generation and state, see invariants 4 and 5.
    word: AtomicU32,
    /// The pool's clock when the call began.
    pub(super) began: Cell<u32>,
    pub(super) next_free: Cell<Option<NonNull<Slot>>>,
    /// The C function that was called.
    pub(super) name: Cell<&'static str>,
    pub(super) waker: Cell<Option<Waker>>,
    /// Invariant 3.
    pub(super) body: Cell<*mut ()>,
    pub(super) vtable: Cell<Option<&'static BodyVtable>>,
    pub(super) room: UnsafeCell<MaybeUninit<[u64; ROOM / 8]>>,
}

// The cells of a model are larger.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() == 192);

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU32::new(0),
            began: Cell::new(0),
            next_free: Cell::new(None),
            name: Cell::new(""),
            waker: Cell::new(None),
            body: Cell::new(core::ptr::null_mut()),
            vtable: Cell::new(None),
            room: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The generation, the state, and whether a report is being read. Relaxed order is enough: only the home writes, and a foreign
    /// thread that reads merely finds out that it is a stray.
    #[inline]
    pub(super) fn load(&self) -> (u32, State, bool) {
        let word = self.word.load(Ordering::Relaxed);
        (word >> STATE_BITS, State::from_bits((word & !READING) as u8), word & READING != 0)
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.load().1
    }

    /// Follows an edge that a method of [`State`] gave.
    #[inline]
    pub(super) fn set_state(&self, state: State) {
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(word & (!0xff | READING) | state as u32, Ordering::Relaxed);
    }

    /// Runs `read`, while every further callback for this record is a stray.
    #[inline]
    pub(super) fn reading<R>(&self, read: impl FnOnce() -> R) -> R {
        self.word.store(self.word.load(Ordering::Relaxed) | READING, Ordering::Relaxed);
        let report = read();
        self.word.store(self.word.load(Ordering::Relaxed) & !READING, Ordering::Relaxed);
        report
    }

    /// Edges 2, 7 and 8: back to `Free`, with the next generation.
    #[inline]
    pub(super) fn retire(&self) {
        let (generation, ..) = self.load();
        let next = generation.wrapping_add(1) << STATE_BITS;
        self.word.store(next | State::Free as u32, Ordering::Relaxed);
    }
}
