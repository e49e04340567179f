//! One pooled record: a header, and room behind it for what C may touch.
//!
//! Invariants of a slot, cited by number in SAFETY notes of this folder:
//!
//! 1. Its memory is never freed and never moves (pages are recycled, see `page`), and has the room of
//!    its page's class.
//! 2. `ticket` is the only field that may be read on a foreign thread; the others belong to the home of the
//!    page and are touched only there, and only while the state is not `Free`, or by the pool.
//! 3. From `Body::put`, which follows `begin` with nothing between, to `release`, the slot has a live `Body`
//!    of the call that began it: its payload is initialised, and its report is initialised exactly in state
//!    `Done`.
//! 4. `ticket` changes with each call, so a context pointer fits one call only (until they come round,
//!    see `cb_arg`).
//! 5. From the moment that a callback begins to read its report, or that C has refused, until the next call
//!    begins, the ticket says that the call is answered, so a further callback is a stray. While the report is
//!    read, the record is not released: it is neither `Done` nor refused.

use core::mem;
use core::ptr::NonNull;
use core::task::Waker;

use super::body::BodyVtable;
use super::cb_arg::{self, Ticket};
use super::state::State;
use crate::executor::{WaitingTask, Wake};
use crate::sync::{AtomicUsize, Cell, Ordering};

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

/// The header of a record. There is one for each operation in flight, so its size counts.
#[repr(C, align(64))]
pub(crate) struct Slot {
    /// Invariants 4 and 5.
    ticket: AtomicUsize,
    state: Cell<State>,
    /// The pool's clock when the call began.
    pub(super) began: Cell<u32>,
    /// While the slot is free, the next one that is.
    pub(super) next: Cell<Option<NonNull<Self>>>,
    /// The C function that was called.
    pub(super) name: Cell<&'static &'static str>,
    /// The task that waits, if it is one of the pool's executor.
    task: Cell<Option<WaitingTask>>,
    /// Otherwise, whom to wake.
    waker: Cell<Option<Waker>>,
    pub(super) vtable: Cell<Option<&'static BodyVtable>>,
}

// The cells of a model are larger.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() == 64);

impl Slot {
    /// A free slot, which gets its ticket where it comes to lie.
    pub(super) fn new() -> Self {
        Self {
            ticket: AtomicUsize::new(0),
            state: Cell::new(State::Free),
            began: Cell::new(0),
            next: Cell::new(None),
            name: Cell::new(&""),
            task: Cell::new(None),
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

    /// The ticket of the present call, or of the last if there is none. Only the home writes it.
    #[inline]
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn set_ticket(&self, ticket: Ticket) {
        self.ticket.store(ticket, Ordering::Relaxed);
    }

    /// From here on no context fits: invariant 5.
    #[inline]
    pub(super) fn answer(&self) {
        self.set_ticket(cb_arg::answered(self.ticket()));
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    /// Follows an edge that a method of [`State`] gave.
    #[inline]
    pub(super) fn set_state(&self, state: State) {
        self.state.set(state);
    }

    /// Keeps who waits. Nobody has been kept.
    #[inline(always)]
    pub(super) fn keep(&self, wake: Wake) {
        match wake {
            Wake::Task(task) => mem::forget(self.task.replace(Some(task))),
            Wake::Other(waker) => mem::forget(self.waker.replace(Some(waker))),
        }
    }

    /// Who waits.
    #[inline(always)]
    pub(super) fn take_wake(&self) -> Option<Wake> {
        match self.task.take() {
            Some(task) => Some(Wake::Task(task)),
            None => self.waker.take().map(Wake::Other),
        }
    }

    /// Edge 1, with the next ticket.
    #[inline]
    pub(super) fn begin(&self) {
        self.set_ticket(cb_arg::next(self.ticket()));
        self.set_state(State::Submitting);
    }
}
