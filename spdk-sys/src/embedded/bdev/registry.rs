//! The list of bdevs, their names, the modules, and the list of bdevs to examine by name.
//!
//! One mutex protects it all. Lock order: registry, then a bdev's `shared`, then a descriptor's
//! `sync`. No lock is held while a callback runs.

use core::ffi::{CStr, c_char};
use core::ptr;
use core::sync::atomic::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::open_async::AsyncOpen;
use super::state::state;
use super::{SPDK_BDEV_CLAIM_NONE, fail, spdk_bdev, spdk_bdev_module};

/// Everything that is known by name.
pub(super) struct Registry {
    pub(super) bdevs: Vec<*mut spdk_bdev>,
    pub(super) names: BTreeMap<Vec<u8>, *mut spdk_bdev>,
    pub(super) allowlist: BTreeSet<Vec<u8>>,
    pub(super) async_opens: Vec<*mut AsyncOpen>,
    pub(super) modules: Vec<*const spdk_bdev_module>,
}

// SAFETY: the pointers are handed out as they are; what they point to has its own protection.
unsafe impl Send for Registry {}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    bdevs: Vec::new(),
    names: BTreeMap::new(),
    allowlist: BTreeSet::new(),
    async_opens: Vec::new(),
    modules: Vec::new(),
});

/// Locks a mutex. A panic inside this layer ends the process, so poison carries no news.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks the registry.
pub(super) fn registry() -> MutexGuard<'static, Registry> {
    lock(&REGISTRY)
}

/// The bytes of a C string.
///
/// # Safety
/// - `name` is a C string that stays unchanged for `'a`.
pub(super) unsafe fn bytes<'a>(name: *const c_char) -> &'a [u8] {
    // SAFETY: by contract.
    unsafe { CStr::from_ptr(name) }.to_bytes()
}

impl Registry {
    /// The bdev with this name or alias, or NULL.
    pub(super) fn find(&self, name: &[u8]) -> *mut spdk_bdev {
        self.names.get(name).copied().unwrap_or(ptr::null_mut())
    }

    /// The bdev registered after `prev`, or the first one if `prev` is NULL.
    pub(super) fn next(&self, prev: *mut spdk_bdev) -> *mut spdk_bdev {
        let at = if prev.is_null() {
            0
        } else {
            match self.bdevs.iter().position(|&bdev| bdev == prev) {
                Some(position) => position + 1,
                None => return ptr::null_mut(),
            }
        };
        self.bdevs.get(at).copied().unwrap_or(ptr::null_mut())
    }

    /// As [`Registry::next`], skipping claimed bdevs.
    pub(super) fn next_leaf(&self, prev: *mut spdk_bdev) -> *mut spdk_bdev {
        let mut bdev = self.next(prev);
        while !bdev.is_null() {
            // SAFETY: bdevs in the list are registered.
            if unsafe { state(bdev) }.lock().claim_type == SPDK_BDEV_CLAIM_NONE {
                break;
            }
            bdev = self.next(bdev);
        }
        bdev
    }

    /// Whether no module has an init or examine action in progress.
    pub(super) fn all_actions_completed(&self) -> bool {
        self.modules.iter().all(|&module| {
            // SAFETY: modules live as long as the process.
            unsafe { (*module).internal.action_in_progress.load(Ordering::Acquire) == 0 }
        })
    }
}

/// The bdev with this name or alias, or NULL. A bdev that is being removed is still found until its
/// last descriptor is closed. Ends the process off an SPDK thread, as SPDK's spinlock does.
///
/// # Safety
/// - `bdev_name` is a C string.
pub unsafe extern "C" fn spdk_bdev_get_by_name(bdev_name: *const c_char) -> *mut spdk_bdev {
    fail::require_thread("spdk_bdev_get_by_name");
    // SAFETY: by contract.
    registry().find(unsafe { bytes(bdev_name) })
}

/// The first bdev in order of registration, or NULL.
///
/// # Safety
/// - The bdev may go away at any time unless the caller holds a descriptor or runs on the app thread.
pub unsafe extern "C" fn spdk_bdev_first() -> *mut spdk_bdev {
    registry().next(ptr::null_mut())
}

/// The bdev registered after `prev`, or NULL.
///
/// # Safety
/// - `prev` is registered.
pub unsafe extern "C" fn spdk_bdev_next(prev: *mut spdk_bdev) -> *mut spdk_bdev {
    registry().next(prev)
}

/// The first bdev that no module has claimed, or NULL.
///
/// # Safety
/// - As [`spdk_bdev_first`].
pub unsafe extern "C" fn spdk_bdev_first_leaf() -> *mut spdk_bdev {
    registry().next_leaf(ptr::null_mut())
}

/// The next bdev after `prev` that no module has claimed, or NULL.
///
/// # Safety
/// - `prev` is registered.
pub unsafe extern "C" fn spdk_bdev_next_leaf(prev: *mut spdk_bdev) -> *mut spdk_bdev {
    registry().next_leaf(prev)
}

/// Adds a module to the list; those that examine go to the front. Adding the same module again does
/// nothing, so that a start-up function may run more than once in a process.
///
/// # Safety
/// - `bdev_module` and its name live as long as the process.
pub unsafe extern "C" fn spdk_bdev_module_list_add(bdev_module: *mut spdk_bdev_module) {
    let mut registry = registry();
    let module = bdev_module.cast_const();
    if registry.modules.contains(&module) {
        return;
    }
    // SAFETY: valid by contract.
    let (name, examines) = unsafe {
        let examines = (*module).examine_config.is_some() || (*module).examine_disk.is_some();
        (bytes((*module).name), examines)
    };
    assert!(
        find_module(&registry, name).is_null(),
        "spdk_bdev_module_list_add: a module named '{}' exists; choose another name",
        String::from_utf8_lossy(name)
    );
    let at = if examines { 0 } else { registry.modules.len() };
    registry.modules.insert(at, module);
}

fn find_module(registry: &Registry, name: &[u8]) -> *const spdk_bdev_module {
    // SAFETY: modules and their names live as long as the process.
    let same = |&&module: &&*const spdk_bdev_module| unsafe { bytes((*module).name) } == name;
    registry.modules.iter().find(same).copied().unwrap_or(ptr::null())
}

/// The module with this name, or NULL.
///
/// # Safety
/// - `name` is a C string.
pub unsafe extern "C" fn spdk_bdev_module_list_find(name: *const c_char) -> *mut spdk_bdev_module {
    // SAFETY: by contract.
    find_module(&registry(), unsafe { bytes(name) }).cast_mut()
}
