//! Who is here, and what others want done there: the protocol between threads that come and go.
//!
//! Invariant: a message is sent to a resident only while it is listed, under the lock. A resident
//! that leaves the list first, and goes away then, is never sent one too late.
//!
//! Nothing here knows of SPDK: what a message is, the caller says. So a model can run this protocol in
//! each of its schedules (`roster_models.rs`). Used by `registry` alone.

use std::collections::BTreeMap;
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};

/// The residents by their numbers, which are never used twice, and jobs for them.
pub(super) struct Roster<R, J>(Mutex<BTreeMap<u64, Row<R, J>>>);

struct Row<R, J> {
    resident: R,
    /// Whether the resident has been told to end.
    ending: bool,
    /// What other threads want done there. One message is under way while it is not empty.
    jobs: Vec<J>,
}

impl<R, J> Roster<R, J> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<u64, Row<R, J>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a resident; `false` if its number is taken.
    pub(super) fn insert(&self, id: u64, resident: R) -> bool {
        let row = Row { resident, ending: false, jobs: Vec::new() };
        self.rows().insert(id, row).is_none()
    }

    /// Strikes a resident off, and gives back the jobs that it has not taken. From here on it is
    /// sent nothing.
    pub(super) fn remove(&self, id: u64) -> Option<(R, Vec<J>)> {
        self.rows().remove(&id).map(|row| (row.resident, row.jobs))
    }

    /// A copy of what a listed resident is.
    pub(super) fn get(&self, id: u64) -> Option<R>
    where
        R: Copy,
    {
        self.rows().get(&id).map(|row| row.resident)
    }

    /// The numbers of the residents but one, and whether `also` holds at the same moment: nobody is
    /// inserted or removed meanwhile.
    pub(super) fn others(&self, than: u64, also: impl FnOnce() -> bool) -> (Vec<u64>, bool) {
        let rows = self.rows();
        (rows.keys().copied().filter(|id| *id != than).collect(), also())
    }

    /// Marks a resident as ending and sends it that message; `false` if it is gone or has been
    /// marked before.
    pub(super) fn end(&self, id: u64, send: impl FnOnce(&R)) -> bool {
        let mut rows = self.rows();
        let Some(row) = rows.get_mut(&id).filter(|row| !row.ending) else { return false };
        row.ending = true;
        send(&row.resident);
        true
    }

    /// Leaves a job for a resident, and sends it a message to take its jobs, unless one is under
    /// way: a thread's queue is bounded.
    ///
    /// # Errors
    ///
    /// The job comes back if the resident is gone. Dropping it may run anything, so not under the
    /// lock.
    pub(super) fn post(&self, id: u64, job: J, send: impl FnOnce(&R)) -> Result<(), J> {
        let mut rows = self.rows();
        let Some(row) = rows.get_mut(&id) else { return Err(job) };
        row.jobs.push(job);
        if row.jobs.len() == 1 {
            send(&row.resident);
        }
        Ok(())
    }

    /// Takes the jobs of a resident, in their order, on its own thread, when the message has come.
    pub(super) fn take_jobs(&self, id: u64) -> Vec<J> {
        self.rows().get_mut(&id).map(|row| core::mem::take(&mut row.jobs)).unwrap_or_default()
    }
}
