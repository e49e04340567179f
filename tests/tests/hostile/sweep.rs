//! Plays a scenario for every cell of the table that it applies to.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use callback_adapter::{boxed_in_flight, stray_callbacks};
use spdk_async_tests::hostile::{ROWS, Row, Storage};

use crate::case::Case;

/// A scenario of the table.
pub(crate) struct Scenario {
    /// The edges of the life cycle that it goes along.
    pub(crate) edges: &'static [u8],
    /// `module::function`.
    pub(crate) name: &'static str,
    /// The cells that it applies to.
    pub(crate) applies: fn(&Row, Storage) -> bool,
    /// How many stray callbacks each case sets off.
    pub(crate) strays: u64,
    /// Plays it.
    pub(crate) play: fn(&Case),
}

impl Scenario {
    /// The cells: a row, a storage that its types admit, and whether the payload is large.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (&'static Row, Storage, bool)> {
        let cells = ROWS.iter().flat_map(|row| {
            let sizes: &[bool] = if row.keeps { &[false, true] } else { &[false] };
            row.storages
                .iter()
                .flat_map(move |storage| sizes.iter().map(move |large| (row, *storage, *large)))
        });
        cells.filter(|(row, storage, _)| (self.applies)(row, *storage))
    }

    /// Plays every cell; says how many there were.
    pub(crate) fn sweep(&self) -> usize {
        let _turn = turn();
        let mut count = 0;
        for (row, storage, large) in self.cells() {
            let played = catch_unwind(AssertUnwindSafe(|| self.play_one(row, storage, large)));
            if let Err(panic) = played {
                eprintln!("in {}: {} {storage:?}, large: {large}", self.name, row.name);
                resume_unwind(panic);
            }
            count += 1;
        }
        eprintln!("{}: {count} cases", self.name);
        count
    }

    fn play_one(&self, row: &'static Row, storage: Storage, large: bool) {
        let case = Case::new(row, storage, large);
        let strays = stray_callbacks();
        (self.play)(&case);
        case.finish();
        assert_eq!(stray_callbacks() - strays, self.strays, "stray callbacks");
        assert_eq!(boxed_in_flight(), [], "every heap record went back");
    }
}

/// Strays and heap records are counted for the whole process, so scenarios take turns.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every cell.
pub(crate) const fn every(_: &Row, _: Storage) -> bool {
    true
}

/// Those where C can refuse.
pub(crate) const fn refusable(row: &Row, _: Storage) -> bool {
    row.refusal.is_some()
}

/// Those whose callback reports a status.
pub(crate) const fn failing(row: &Row, _: Storage) -> bool {
    row.failure.is_some()
}

/// Those whose record is on the heap.
pub(crate) const fn on_the_heap(_: &Row, storage: Storage) -> bool {
    matches!(storage, Storage::Boxed)
}

/// Those whose record is in a pool.
pub(crate) const fn in_a_pool(_: &Row, storage: Storage) -> bool {
    matches!(storage, Storage::Pooled)
}

/// Those that keep a payload.
pub(crate) const fn keeping(row: &Row, _: Storage) -> bool {
    row.keeps
}
