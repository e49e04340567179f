//! OS threads that stand for cores, and CPU affinity.
//!
//! Invariant: at most one launched thread per core, none for the main core. Pinning is best effort:
//! a CPU that the process may not use leaves the thread unpinned.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::cores;

/// The function of a launched thread. Its result is not reported.
pub type thread_start_fn = Option<unsafe extern "C" fn(arg: *mut c_void) -> c_int>;

static LAUNCHED: Mutex<BTreeMap<u32, JoinHandle<()>>> = Mutex::new(BTreeMap::new());

thread_local! {
    static UNAFFINITIZED: Cell<bool> = const { Cell::new(false) };
}

fn launched() -> MutexGuard<'static, BTreeMap<u32, JoinHandle<()>>> {
    LAUNCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of launched threads that still run.
pub(super) fn running() -> usize {
    launched().values().filter(|handle| !handle.is_finished()).count()
}

/// A call that moves to its thread.
struct Start {
    function: unsafe extern "C" fn(*mut c_void) -> c_int,
    arg: *mut c_void,
}

// SAFETY: launching promises that the function may be called with the argument on another thread.
unsafe impl Send for Start {}

impl Start {
    fn run(self, core: u32) {
        pin(core);
        cores::set_current(core);
        // SAFETY: promised by the caller of `spdk_env_thread_launch_pinned`.
        unsafe { (self.function)(self.arg) };
    }
}

/// Runs `fn_(arg)` on an OS thread that stands for `core`. Returns 0, `-EINVAL` when the core is the
/// main one or was not given at init, `-EBUSY` when its thread still runs.
///
/// # Safety
/// - `fn_` may be called with `arg` on another OS thread, and does not unwind.
pub unsafe extern "C" fn spdk_env_thread_launch_pinned(
    core: u32,
    fn_: thread_start_fn,
    arg: *mut c_void,
) -> c_int {
    let known = cores::with(|cores| core != cores.main && cores.list.contains(&core));
    let (Some(function), true) = (fn_, known) else { return -libc::EINVAL };
    let mut launched = launched();
    if launched.get(&core).is_some_and(|handle| !handle.is_finished()) {
        return -libc::EBUSY;
    }
    let start = Start { function, arg };
    let name = format!("reactor_{core}");
    match std::thread::Builder::new().name(name).spawn(move || start.run(core)) {
        Ok(handle) => {
            launched.insert(core, handle);
            0
        }
        Err(error) => -error.raw_os_error().unwrap_or(libc::EAGAIN),
    }
}

/// Waits until every launched thread has ended.
///
/// # Safety
/// - The caller is no launched thread.
pub unsafe extern "C" fn spdk_env_thread_wait_all() {
    loop {
        // The lock is not held while waiting.
        let next = launched().pop_first();
        let Some((core, handle)) = next else { return };
        assert!(
            handle.join().is_ok(),
            "spdk_env_thread_wait_all: the thread of core {core} panicked"
        );
    }
}

fn cpu_set(cpus: impl Iterator<Item = u32>) -> libc::cpu_set_t {
    // SAFETY: an empty set is all zeroes.
    let mut set: libc::cpu_set_t = unsafe { core::mem::zeroed() };
    for cpu in cpus.filter(|&cpu| cpu < libc::CPU_SETSIZE as u32) {
        // SAFETY: the CPU is below the size of the set.
        unsafe { libc::CPU_SET(cpu as usize, &mut set) };
    }
    set
}

fn set_affinity(set: &libc::cpu_set_t) -> bool {
    // SAFETY: the set is valid for its size; 0 means the calling thread.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), set) == 0 }
}

fn pin(core: u32) {
    if !set_affinity(&cpu_set(core::iter::once(core))) {
        tracing::debug!("spdk_env_thread_launch_pinned: the thread of core {core} stays unpinned");
    }
}

/// Lets the calling OS thread run on every CPU.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_unaffinitize_thread() {
    if !UNAFFINITIZED.replace(true) {
        set_affinity(&cpu_set(0..cores::machine_cpus()));
    }
}

/// Runs `cb(arg)` at once with the calling OS thread allowed on every CPU, and returns its result.
/// NULL for a NULL `cb`.
///
/// # Safety
/// - `cb` may be called with `arg`, and does not unwind.
pub unsafe extern "C" fn spdk_call_unaffinitized(
    cb: Option<unsafe extern "C" fn(arg: *mut c_void) -> *mut c_void>,
    arg: *mut c_void,
) -> *mut c_void {
    let Some(cb) = cb else { return ptr::null_mut() };
    if UNAFFINITIZED.get() {
        // SAFETY: the caller vouches for the call.
        return unsafe { cb(arg) };
    }
    let mut before = cpu_set(core::iter::empty());
    // SAFETY: the set is writable for its size; 0 means the calling thread.
    let known =
        unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut before) } == 0;
    // SAFETY: the caller vouches for the call.
    let result = unsafe {
        spdk_unaffinitize_thread();
        cb(arg)
    };
    if known {
        set_affinity(&before);
    }
    UNAFFINITIZED.set(false);
    result
}
