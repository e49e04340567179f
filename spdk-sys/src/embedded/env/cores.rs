//! The cores the environment was given, and the core an OS thread stands for.
//!
//! Invariant: the core of an OS thread is set by init and by launch only; every other thread has none.

use core::cell::Cell;
use core::ffi::c_char;
use std::ffi::CStr;
use std::sync::{Mutex, PoisonError};

use crate::{spdk_cpuset, spdk_cpuset_get_cpu, spdk_cpuset_parse, spdk_cpuset_set_cpu};

/// Stands for "no core" and "any core".
pub const SPDK_ENV_LCORE_ID_ANY: u32 = u32::MAX;

const MAX_NUMA_CORE: u32 = 1024;

/// The cores in ascending order and the main one.
pub(super) struct Cores {
    pub(super) list: Vec<u32>,
    pub(super) main: u32,
}

static CORES: Mutex<Cores> = Mutex::new(Cores { list: Vec::new(), main: SPDK_ENV_LCORE_ID_ANY });

thread_local! {
    static CURRENT_CORE: Cell<u32> = const { Cell::new(SPDK_ENV_LCORE_ID_ANY) };
}

/// Reads the cores with `f`.
pub(super) fn with<R>(f: impl FnOnce(&Cores) -> R) -> R {
    f(&CORES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Replaces the cores.
pub(super) fn set(cores: Cores) {
    *CORES.lock().unwrap_or_else(PoisonError::into_inner) = cores;
}

/// Makes the calling OS thread stand for `core`.
pub(super) fn set_current(core: u32) {
    CURRENT_CORE.set(core);
}

/// The number of CPUs the machine is configured with.
pub(super) fn machine_cpus() -> u32 {
    // SAFETY: `sysconf` has no precondition.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_CONF) };
    u32::try_from(count).unwrap_or(1).max(1)
}

/// The cores that a mask (`0x3`) or a list (`[0,1]`, `[0-1]`) names; `Err` says what is wrong with it.
///
/// # Safety
/// - `mask` is a C string.
pub(super) unsafe fn parse(mask: *const c_char, main: i32) -> Result<Cores, String> {
    let mut set = spdk_cpuset::default();
    // SAFETY: the caller vouches for the string; the set is ours.
    let (text, rc) = unsafe { (CStr::from_ptr(mask), spdk_cpuset_parse(&mut set, mask)) };
    let text = text.to_string_lossy();
    if rc != 0 {
        return Err(format!(
            "the core mask '{text}' is neither a mask like 0x3 nor a list like [0,1]"
        ));
    }
    let (list, missing) = listed(&set);
    if let Some(core) = missing {
        return Err(format!(
            "the core mask '{text}' names core {core}, but this machine has {} CPUs",
            machine_cpus()
        ));
    }
    let Some(&first) = list.first() else {
        return Err(format!("the core mask '{text}' names no core"));
    };
    let main = u32::try_from(main).unwrap_or(first);
    if !list.contains(&main) {
        return Err(format!("the main core {main} is not in the core mask '{text}'"));
    }
    Ok(Cores { list, main })
}

/// The cores of a set, and the first one that the machine does not have.
fn listed(set: &spdk_cpuset) -> (Vec<u32>, Option<u32>) {
    // SAFETY: the set is a reference, the cores are below its size.
    let has = |core: &u32| unsafe { spdk_cpuset_get_cpu(set, *core) };
    let list: Vec<u32> = (0..crate::SPDK_CPUSET_SIZE).filter(has).collect();
    let missing = list.iter().copied().find(|&core| core >= machine_cpus());
    (list, missing)
}

/// The number of cores given at init.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_env_get_core_count() -> u32 {
    with(|cores| cores.list.len() as u32)
}

/// The core the calling OS thread stands for: the main core on the thread that called
/// [`spdk_env_init`](super::spdk_env_init), the core of a launched thread on that thread,
/// [`SPDK_ENV_LCORE_ID_ANY`] on all others.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_env_get_current_core() -> u32 {
    CURRENT_CORE.get()
}

/// The main core, or [`SPDK_ENV_LCORE_ID_ANY`] before init.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_env_get_main_core() -> u32 {
    with(|cores| cores.main)
}

/// The lowest core, or [`SPDK_ENV_LCORE_ID_ANY`] before init.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_env_get_first_core() -> u32 {
    with(|cores| cores.list.first().copied().unwrap_or(SPDK_ENV_LCORE_ID_ANY))
}

/// The highest core, or [`SPDK_ENV_LCORE_ID_ANY`] before init.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_env_get_last_core() -> u32 {
    with(|cores| cores.list.last().copied().unwrap_or(SPDK_ENV_LCORE_ID_ANY))
}

/// The core after `prev_core`, or [`SPDK_ENV_LCORE_ID_ANY`] after the last.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_env_get_next_core(prev_core: u32) -> u32 {
    with(|cores| {
        let next = cores.list.iter().copied().find(|&core| core > prev_core);
        next.unwrap_or(SPDK_ENV_LCORE_ID_ANY)
    })
}

/// Adds the cores given at init to the emptied `cpuset`.
///
/// # Safety
/// - `cpuset` points to writable memory for one cpuset.
pub unsafe extern "C" fn spdk_env_get_cpuset(cpuset: *mut spdk_cpuset) {
    // SAFETY: the caller vouches for the pointer; cores are below the set's size.
    unsafe {
        *cpuset = spdk_cpuset::default();
        with(|cores| cores.list.iter().for_each(|&core| spdk_cpuset_set_cpu(cpuset, core, true)));
    }
}

/// The NUMA node of a core: 0, as this backend knows one node; -1 for no core.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_env_get_numa_id(core: u32) -> i32 {
    if core < MAX_NUMA_CORE { 0 } else { super::SPDK_ENV_NUMA_ID_ANY }
}
