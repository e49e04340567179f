//! SPDK pins the thread that runs an application to its main core, and leaves it there.

use core::mem::MaybeUninit;

use libc::cpu_set_t;

/// The cores that a thread was allowed to run on.
pub(super) struct Affinity(Option<cpu_set_t>);

impl Affinity {
    pub(super) fn of_this_thread() -> Self {
        let mut set = MaybeUninit::<cpu_set_t>::zeroed();
        // SAFETY: the set is writable and of the size that is passed; zero is the calling thread.
        let rc = unsafe { libc::sched_getaffinity(0, size_of::<cpu_set_t>(), set.as_mut_ptr()) };
        // SAFETY: a set is plain bits, and was zeroed before it was written.
        Self((rc == 0).then(|| unsafe { set.assume_init() }))
    }

    /// Has the calling thread run on one core alone; whether that core can be had.
    pub(super) fn to(core: u32) -> bool {
        let Ok(core) = usize::try_from(core) else { return false };
        // SAFETY: a set is plain bits, and none is set.
        let mut set: cpu_set_t = unsafe { core::mem::zeroed() };
        if core >= 8 * size_of::<cpu_set_t>() {
            return false;
        }
        // SAFETY: the core is within the set.
        unsafe { libc::CPU_SET(core, &mut set) };
        // SAFETY: the set is of the size that is passed; zero is the calling thread.
        let rc = unsafe { libc::sched_setaffinity(0, size_of::<cpu_set_t>(), &raw const set) };
        rc == 0
    }

    /// Lets the calling thread run there again. Best effort: the cores may be gone.
    pub(super) fn restore(&self) {
        if let Some(set) = &self.0 {
            // SAFETY: the set is of the size that is passed; zero is the calling thread.
            let rc = unsafe { libc::sched_setaffinity(0, size_of::<cpu_set_t>(), set) };
            if rc != 0 {
                tracing::debug!("the thread's former cores could not be restored");
            }
        }
    }
}
