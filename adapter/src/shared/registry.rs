//! The table of everything C may call back about from any thread: heap records, subscriptions and
//! shared visits.
//!
//! What travels through C is a number, not a pointer: a key of the table and a generation. A
//! callback that comes late, twice or after its registration has ended finds nothing and touches
//! nothing. The table is behind one lock, which is never held while anything else runs.

use core::ffi::c_void;
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slab::Slab;

use super::heap_record::HeapRecord;
use crate::sync::{Mutex, MutexGuard, PoisonError, global};

const KEY_BITS: u32 = 32;

/// What an entry stands for.
pub(super) enum Entry {
    /// A call in flight; the callback takes the entry out.
    Once {
        record: HeapRecord,
        /// The closure of a call that also visits.
        visitor: Option<Arc<dyn Any + Send + Sync>>,
    },
    /// A registration; callbacks leave the entry in place.
    Multi(Arc<dyn Any + Send + Sync>),
}

struct Row {
    generation: u32,
    function: &'static str,
    since: Instant,
    entry: Entry,
}

struct Table {
    rows: Slab<Row>,
    /// Never zero, so that no handle is a null pointer.
    next_generation: u32,
}

global! {
    static TABLE: Mutex<Table> = Mutex::new(Table { rows: Slab::new(), next_generation: 1 });
}

fn table() -> MutexGuard<'static, Table> {
    // Nothing can panic while the lock is held, so a poisoned table is still whole.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of an entry, in the form in which C carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

impl Ticket {
    pub(super) fn to_cb_arg(self) -> *mut c_void {
        core::ptr::without_provenance_mut(self.0 as usize)
    }

    pub(super) fn from_cb_arg(cb_arg: *mut c_void) -> Self {
        Self(cb_arg.addr() as u64)
    }

    const fn new(key: usize, generation: u32) -> Self {
        Self(key as u64 | (generation as u64) << KEY_BITS)
    }

    const fn key(self) -> usize {
        (self.0 & ((1 << KEY_BITS) - 1)) as usize
    }

    const fn generation(self) -> u32 {
        (self.0 >> KEY_BITS) as u32
    }
}

const _: () = assert!(size_of::<usize>() == 8, "a ticket travels through C as a 64-bit pointer");

pub(super) fn insert(function: &'static str, entry: Entry) -> Ticket {
    // Before, for others wait for the table as long as this has it.
    let since = Instant::now();
    let mut table = table();
    let generation = table.next_generation;
    table.next_generation = generation.checked_add(1).unwrap_or(1);
    let row = Row { generation, function, since, entry };
    let key = table.rows.insert(row);
    assert!(key >> KEY_BITS == 0, "more than 2^32 calls in flight");
    Ticket::new(key, generation)
}

/// Takes the entry out, if `wanted` says that it is the right kind.
pub(super) fn take_if(ticket: Ticket, wanted: impl FnOnce(&Entry) -> bool) -> Option<Entry> {
    let mut table = table();
    let row = table.rows.get(ticket.key())?;
    if row.generation != ticket.generation() || !wanted(&row.entry) {
        return None;
    }
    Some(table.rows.remove(ticket.key()).entry)
}

/// Looks at an entry and leaves it.
pub(super) fn look<R>(ticket: Ticket, at: impl FnOnce(&Entry) -> Option<R>) -> Option<R> {
    let table = table();
    let row = table.rows.get(ticket.key())?;
    if row.generation != ticket.generation() {
        return None;
    }
    at(&row.entry)
}

/// A call in flight whose record is on the heap, as [`boxed_in_flight`] lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoxedInFlight {
    /// The C function that was called.
    pub function: &'static str,
    /// How long ago it was called.
    pub age: Duration,
}

/// The calls with heap records that C has not completed, in no order.
#[must_use]
pub fn boxed_in_flight() -> Vec<BoxedInFlight> {
    let now = Instant::now();
    table()
        .rows
        .iter()
        .filter(|(_, row)| matches!(row.entry, Entry::Once { .. }))
        .map(|(_, row)| BoxedInFlight {
            function: row.function,
            age: now.saturating_duration_since(row.since),
        })
        .collect()
}
