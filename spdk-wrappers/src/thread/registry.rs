//! Finds the runtime of an `spdk_thread` by the thread's id, which is never used twice.
//!
//! A runtime that is listed has a live thread (runtime invariant 2), so a message can be sent to it
//! while the list is locked (`roster`).

use core::ffi::c_void;
use core::ptr::NonNull;
use std::rc::Rc;
use std::sync::LazyLock;

use spdk_sys::spdk_thread;

use super::roster::Roster;
use super::runtime::Runtime;
use crate::adapter::guard;

#[derive(Clone, Copy)]
struct Resident {
    /// One count of the `Rc`, which is touched only while `thread` is current.
    runtime: *const Runtime,
    thread: NonNull<spdk_thread>,
}

// SAFETY: the runtime is only reached where its thread is current (W1); the rest is plain data.
unsafe impl Send for Resident {}

type Job = Box<dyn FnOnce(&Runtime) + Send>;

static RUNTIMES: LazyLock<Roster<Resident, Job>> = LazyLock::new(Roster::new);

pub(super) fn insert(runtime: &Rc<Runtime>) {
    let resident = Resident { runtime: Rc::into_raw(Rc::clone(runtime)), thread: runtime.thread() };
    assert!(RUNTIMES.insert(runtime.id(), resident), "an spdk_thread was given two runtimes");
}

/// Drops the list's count of a runtime, on its thread.
pub(super) fn remove(id: u64) {
    if let Some((resident, jobs)) = RUNTIMES.remove(id) {
        drop(jobs);
        // SAFETY: `insert` leaked this count, and we are on the runtime's thread (W1).
        drop(unsafe { Rc::from_raw(resident.runtime) });
    }
}

/// The runtime of the current `spdk_thread`.
pub(super) fn current() -> Option<Rc<Runtime>> {
    // SAFETY: no precondition.
    let thread = NonNull::new(unsafe { spdk_sys::spdk_get_thread() })?;
    // SAFETY: the thread is current, so it is alive.
    let id = unsafe { spdk_sys::spdk_thread_get_id(thread.as_ptr()) };
    let runtime = RUNTIMES.get(id)?.runtime;
    // SAFETY: the list's count keeps the runtime alive, and only this thread could drop it.
    unsafe { Rc::increment_strong_count(runtime) };
    // SAFETY: this is the count just taken.
    Some(unsafe { Rc::from_raw(runtime) })
}

/// The ids of the runtimes but one, and whether `also` holds at the same moment: no runtime is
/// inserted or removed meanwhile.
pub(super) fn others(than: u64, also: impl FnOnce() -> bool) -> (Vec<u64>, bool) {
    RUNTIMES.others(than, also)
}

/// Marks a runtime as ending and sends its thread `message`; `false` if it has ended or been marked
/// before.
pub(super) fn send_end(id: u64, message: unsafe extern "C" fn(*mut c_void)) -> bool {
    RUNTIMES.end(id, |resident| send(resident, message))
}

/// Sends a message without a context. Only from under the list's lock.
fn send(resident: &Resident, message: unsafe extern "C" fn(*mut c_void)) {
    // SAFETY: a listed runtime's thread has not exited (W2).
    unsafe {
        spdk_sys::spdk_thread_send_msg(
            resident.thread.as_ptr(),
            Some(message),
            core::ptr::null_mut(),
        )
    };
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
        let refused = RUNTIMES.post(self.0, Box::new(job), |resident| send(resident, run_jobs));
        drop(refused);
    }
}

/// Runs what other threads wanted done here, in their order.
unsafe extern "C" fn run_jobs(_ctx: *mut c_void) {
    guard("the jobs of other threads", || {
        let Some(runtime) = current() else { return };
        for job in RUNTIMES.take_jobs(runtime.id()) {
            job(&runtime);
        }
    });
}
