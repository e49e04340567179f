//! Counts what is made and dropped. Its own atomics are the standard library's: looking at them is
//! no step of a schedule; a drop is one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread::{self, ThreadId};

use super::step::step;

/// How many of the entries of one kind there have been, and how many are gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    gone: AtomicUsize,
}

/// A value whose drop is counted. If it has a home, it must be dropped there.
#[derive(Debug)]
pub(crate) struct Entry {
    ledger: Ledger,
    home: Option<ThreadId>,
}

impl Ledger {
    /// An entry that may be dropped on any thread.
    pub(crate) fn entry(&self) -> Entry {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Entry { ledger: self.clone(), home: None }
    }

    /// An entry that must be dropped on the calling thread.
    pub(crate) fn entry_of_this_thread(&self) -> Entry {
        let mut entry = self.entry();
        entry.home = Some(thread::current().id());
        entry
    }

    pub(crate) fn made(&self) -> usize {
        self.0.made.load(Ordering::SeqCst)
    }

    pub(crate) fn gone(&self) -> usize {
        self.0.gone.load(Ordering::SeqCst)
    }

    /// Checks that `count` entries were made and that each was dropped exactly once.
    #[track_caller]
    pub(crate) fn assert_closed(&self, count: usize) {
        assert_eq!((self.made(), self.gone()), (count, count), "(made, dropped)");
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            step();
        }
        self.ledger.0.gone.fetch_add(1, Ordering::SeqCst);
        if let Some(home) = self.home {
            assert_eq!(thread::current().id(), home, "dropped away from its thread");
        }
    }
}
