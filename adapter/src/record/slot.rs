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

    /// Generation, state, and whether a report is being read. Relaxed order is enough: only the home writes, and a foreign
    /// thread that reads merely finds out that it is a stray.
    #[inline]
    pub(super) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.word().state()
    }

    /// Follows an edge that a method of [`State`] gave.
    #[inline]
    pub(super) fn set_state(&self, state: State) {
        self.set_word(self.word().with(state));
    }

    #[inline]
    pub(super) fn set_word(&self, word: Word) {
        self.word.store(word.0, Ordering::Relaxed);
    }

    /// Edges 2, 7 and 8: back to `Free`, with the next generation.
    #[inline]
    pub(super) fn retire(&self) {
        let next = self.word().generation().wrapping_add(1) << STATE_BITS;
        self.set_word(Word(next | State::Free as u32));
    }
}

/// A generation and a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u32);

impl Word {
    #[inline]
    pub(super) const fn generation(self) -> u32 {
        self.0 >> STATE_BITS
    }

    #[inline]
    pub(super) const fn state(self) -> State {
        State::from_bits((self.0 & !READING) as u8)
    }

    /// Whether the state is one in which a callback is expected, and none is reading a report.
    #[inline]
    pub(super) const fn is_waited_for(self) -> bool {
        State::is_waited_for(self.0 as u8) && self.0 & READING == 0
    }

    /// The same in another state.
    #[inline]
    pub(super) const fn with(self, state: State) -> Self {
        Self(self.0 & (!0xff | READING) | state as u32)
    }

    /// The same while a callback reads its report.
    #[inline]
    pub(super) const fn reading(self) -> Self {
        Self(self.0 | READING)
    }

    /// The same after that.
    #[inline]
    pub(super) const fn read(self) -> Self {
        Self(self.0 & !READING)
    }
}
