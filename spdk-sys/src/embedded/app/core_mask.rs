//! The cores that an application runs on, as a mask.
//!
//! Owns one mask, computed when the first application of the process starts: its cores hold for all
//! later ones.

use core::ffi::{c_char, c_int};
use std::sync::OnceLock;

use super::reactor::Reactors;
use crate::{
    spdk_cpuset, spdk_cpuset_and, spdk_cpuset_parse, spdk_cpuset_set_cpu, spdk_env_get_current_core,
};

struct Mask(spdk_cpuset);

// SAFETY: a mask is never written once it is in one of the statics below.
unsafe impl Sync for Mask {}
// SAFETY: it owns plain bytes.
unsafe impl Send for Mask {}

const fn empty() -> Mask {
    // SAFETY: a cpuset is plain bytes; all-zero is the empty set.
    Mask(unsafe { core::mem::zeroed() })
}

static NONE: Mask = empty();
static MASK: OnceLock<Mask> = OnceLock::new();

/// The mask with these cores.
fn mask_of(cores: impl Iterator<Item = u32>) -> spdk_cpuset {
    let Mask(mut mask) = empty();
    for core in cores {
        // SAFETY: `mask` is a valid cpuset; core numbers are those of the environment.
        unsafe { spdk_cpuset_set_cpu(&raw mut mask, core, true) };
    }
    mask
}

/// Keeps the cores of the reactors.
pub(super) fn remember(reactors: &Reactors) {
    MASK.get_or_init(|| Mask(mask_of(reactors.cores())));
}

/// The core that the calling OS thread stands for, alone.
pub(super) fn main_core_only() -> spdk_cpuset {
    // SAFETY: reads the calling OS thread's core.
    mask_of(core::iter::once(unsafe { spdk_env_get_current_core() }))
}

/// The cores of the application; empty before the first one starts. The mask lives as long as the
/// process. Any thread may call.
///
/// # Safety
///
/// - The mask must not be written.
pub unsafe extern "C" fn spdk_app_get_core_mask() -> *const spdk_cpuset {
    &raw const MASK.get().unwrap_or(&NONE).0
}

/// Parses `mask` (`0x3` or `[0,1]`) and keeps those of its cores that the application runs on.
/// Returns 0, or a negative number if `mask` is neither.
///
/// # Safety
///
/// - `mask` is a NUL-terminated string, `cpumask` is writable.
pub unsafe extern "C" fn spdk_app_parse_core_mask(
    mask: *const c_char,
    cpumask: *mut spdk_cpuset,
) -> c_int {
    // SAFETY: the caller promises both pointers.
    let rc = unsafe { spdk_cpuset_parse(cpumask, mask) };
    if rc < 0 {
        return rc;
    }
    // SAFETY: the parser has filled `cpumask` in; the application's mask is not written.
    unsafe { spdk_cpuset_and(cpumask, spdk_app_get_core_mask()) };
    0
}
