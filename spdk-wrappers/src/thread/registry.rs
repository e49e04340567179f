//! Finds the runtime of an `spdk_thread` by the thread's id, which is never used twice.
//!
//! A runtime that is listed has a live thread (runtime invariant 2), so a message can be sent to it
//! while the list is locked.

use core::ffi::c_void;
use core::ptr::NonNull;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use spdk_sys::spdk_thread;

use super::runtime::Runtime;
use crate::adapter::guard;

struct Row {
    /// One count of the `Rc`, which is touched only while `thread` is current.
    runtime: *const Runtime,
    thread: NonNull<spdk_thread>,
    /// Whether the thread has been told to end.
    ending: bool,
    /// What other threads want done here. One message is under way while it is not empty.
    jobs: Vec<Job>,
}

// SAFETY: the runtime is only reached where its thread is current; the rest is plain data.
unsafe impl Send for Row {}

static RUNTIMES: Mutex<BTreeMap<u64, Row>> = Mutex::new(BTreeMap::new());

fn rows() -> MutexGuard<'static, BTreeMap<u64, Row>> {
    RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn insert(runtime: &Rc<Runtime>) {
    let row = Row {
        runtime: Rc::into_raw(Rc::clone(runtime)),
        thread: runtime.thread(),
        ending: false,
        jobs: Vec::new(),
    };
    let previous = rows().insert(runtime.id(), row);
    assert!(previous.is_none(), "an spdk_thread was given two runtimes");
}

/// Drops the list's count of a runtime, on its thread.
pub(super) fn remove(id: u64) {
    let row = rows().remove(&id);
    if let Some(row) = row {
        // SAFETY: `insert` leaked this count, and we are on the runtime's thread.
        drop(unsafe { Rc::from_raw(row.runtime) });
    }
}

/// The runtime of the current `spdk_thread`.
pub(super) fn current() -> Option<Rc<Runtime>> {
    // SAFETY: no precondition.
    let thread = NonNull::new(unsafe { spdk_sys::spdk_get_thread() })?;
    // SAFETY: the thread is current, so it is alive.
    let id = unsafe { spdk_sys::spdk_thread_get_id(thread.as_ptr()) };
    let runtime = rows().get(&id)?.runtime;
    // SAFETY: the list's count keeps the runtime alive, and only this thread could drop it.
    unsafe { Rc::increment_strong_count(runtime) };
    // SAFETY: this is the count just taken.
    Some(unsafe { Rc::from_raw(runtime) })
}

/// The ids of the runtimes but one, and whether `also` holds at the same moment: no runtime is
/// inserted or removed meanwhile.
pub(super) fn others(than: u64, also: impl FnOnce() -> bool) -> (Vec<u64>, bool) {
    let rows = rows();
    (rows.keys().copied().filter(|id| *id != than).collect(), also())
}

/// Marks a runtime as ending and sends its thread `message`; `false` if it has ended or been marked
/// before.
pub(super) fn send_end(id: u64, message: unsafe extern "C" fn(*mut c_void)) -> bool {
    let mut rows = rows();
    let Some(row) = rows.get_mut(&id).filter(|row| !row.ending) else { return false };
    row.ending = true;
    // SAFETY: a listed runtime's thread has not exited.
    unsafe {
        spdk_sys::spdk_thread_send_msg(row.thread.as_ptr(), Some(message), core::ptr::null_mut())
    };
    true
}

/// The thread that an object belongs to: the only one that may close it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner(u64);

impl Owner {
    pub(crate) const fn new(runtime: &Runtime) -> Self {
        Self(runtime.id())
    }

    pub(crate) const fn from_id(id: u64) -> Self {
        Self(id)
    }

    pub(crate) const fn id(self) -> u64 {
        self.0
    }

    /// Runs `close` on the owner: at once when it is current, by message otherwise.
    ///
    /// `job` is dropped without a run if the owner has ended, which it does not do while it lists
    /// something as open.
    pub(crate) fn run(self, job: impl FnOnce(&Runtime) + Send + 'static) {
        if let Some(runtime) = current().filter(|runtime| runtime.id() == self.0) {
            job(&runtime);
            return;
        }
        let mut rows = rows();
        let Some(row) = rows.get_mut(&self.0) else {
            // Dropping the job may run anything, so not under the lock.
            drop(rows);
            drop(job);
            return;
        };
        row.jobs.push(Box::new(job));
        if row.jobs.len() > 1 {
            // The message for the first one will find this one too: a thread's queue is bounded.
            return;
        }
        // SAFETY: a listed runtime's thread has not exited.
        unsafe {
            spdk_sys::spdk_thread_send_msg(
                row.thread.as_ptr(),
                Some(run_jobs),
                core::ptr::null_mut(),
            )
        };
    }
}

type Job = Box<dyn FnOnce(&Runtime) + Send>;

/// Runs what other threads wanted done here, in their order.
unsafe extern "C" fn run_jobs(_ctx: *mut c_void) {
    guard("the jobs of other threads", || {
        let Some(runtime) = current() else { return };
        let jobs = rows().get_mut(&runtime.id()).map(|row| core::mem::take(&mut row.jobs));
        for job in jobs.into_iter().flatten() {
            job(&runtime);
        }
    });
}
