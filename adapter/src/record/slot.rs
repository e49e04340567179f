//! One pooled record: a header, and room behind it for what C may touch.
//!
//! Invariants of a slot, cited by number in SAFETY notes of this folder:
//!
//! 1. Its memory is never freed and never moves (pages are recycled, see `page`), and has the room of
//!    its page's class.
//! 2. `ticket` and `word` are the only fields that may be read on a foreign thread; the others belong to
//!    the home of the page and are touched only there, and only while the state is not `Free`, or by the
//!    pool.
//! 3. From `Body::put`, which follows `begin` with nothing between, to `release`, the slot has a live `Body`
//!    of the call that began it: its payload is initialised, and its report is initialised exactly in state
//!    `Done`.
//! 4. `ticket` changes at each release, so a context pointer fits one call only (until they come round,
//!    see `cb_arg`).
//! 5. While a callback reads its report, `word` says so. A callback that comes meanwhile for the same
//!    record is a stray, and the record is not released: it is neither `Done` nor refused.

use core::ptr::NonNull;
use core::task::Waker;

use super::body::BodyVtable;
use super::cb_arg::{self, Ticket};
use super::state::State;
use crate::sync::{AtomicU8, AtomicUsize, Cell, Ordering};

/// How much room a slot has. Larger bodies go to the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    /// For what most operations keep: a channel, a buffer, the report.
    Small = 0,
    /// For option structs and statistics.
    Large = 1,
}

impl Class {
    pub(super) const COUNT: usize = 2;

    /// Bytes of the room.
    pub(super) const fn room(self) -> usize {
        match self {
            Self::Small => 64,
            Self::Large => 128,
        }
    }

    /// Bytes of a slot with its room.
    pub(super) const fn size(self) -> usize {
        size_of::<Slot>() + self.room()
    }

    /// The least room for so many bytes.
    pub(super) const fn of(bytes: usize) -> Option<Self> {
        match bytes {
            0..=64 => Some(Self::Small),
            65..=128 => Some(Self::Large),
            _ => None,
        }
    }
}

/// Beside the state: invariant 5.
const READING: u8 = 0x80;

/// The header of a record. There is one for each operation in flight, so its size counts.
#[repr(C, align(64))]
pub(crate) struct Slot {
    /// Invariant 4.
    ticket: AtomicUsize,
    /// The state, and invariant 5.
    word: AtomicU8,
    /// The pool's clock when the call began.
    pub(super) began: Cell<u32>,
    /// While the slot is free, the next one that is.
    pub(super) next: Cell<Option<NonNull<Self>>>,
    /// The C function that was called.
    pub(super) name: Cell<&'static &'static str>,
    pub(super) waker: Cell<Option<Waker>>,
    pub(super) vtable: Cell<Option<&'static BodyVtable>>,
}

// The cells of a model are larger.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() == 64);

impl Slot {
    /// A free slot, which gets its first ticket where it comes to lie.
    pub(super) fn new() -> Self {
        Self {
            ticket: AtomicUsize::new(0),
            word: AtomicU8::new(State::Free as u8),
            began: Cell::new(0),
            next: Cell::new(None),
            name: Cell::new(&""),
            waker: Cell::new(None),
            vtable: Cell::new(None),
        }
    }

    /// The room behind the header.
    #[inline]
    pub(super) const fn room(slot: NonNull<Self>) -> *mut () {
        // SAFETY: slot invariant 1: the room is part of the same page.
        unsafe { slot.add(1) }.as_ptr().cast()
    }

    /// The ticket of the present call, or of the next if there is none. Only the home writes it.
    #[inline]
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn set_ticket(&self, ticket: Ticket) {
        self.ticket.store(ticket, Ordering::Relaxed);
    }

    /// A foreign thread that asks for the word first and for the ticket then finds out that it is a stray:
    /// where the word is that of a later call, so is the ticket.
    #[inline]
    pub(super) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.word().state()
    }

    /// Follows an edge that a method of [`State`] gave.
    #[inline]
    pub(super) fn set_word(&self, word: Word) {
        self.word.store(word.0, Ordering::Release);
    }

    /// Edges 7 and 9: back to `Free`, with the next ticket.
    #[inline]
    pub(super) fn retire(&self) {
        self.set_ticket(cb_arg::next(self.ticket()));
        self.set_word(Word::new(State::Free));
    }
}

/// A state, and whether a report is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u8);

impl Word {
    #[inline]
    pub(super) const fn new(state: State) -> Self {
        Self(state as u8)
    }

    #[inline]
    pub(super) const fn state(self) -> State {
        State::from_bits(self.0 & !READING)
    }

    /// The same where no report is being read; `Free` where one is.
    #[inline]
    pub(super) const fn still(self) -> State {
        State::from_bits(self.0)
    }

    /// Whether the state is one in which a callback is expected, and none is reading a report.
    #[inline]
    pub(super) const fn is_waited_for(self) -> bool {
        State::is_waited_for(self.0) && self.0 & READING == 0
    }

    /// The same in another state.
    #[inline]
    pub(super) const fn with(self, state: State) -> Self {
        Self(self.0 & READING | state as u8)
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
