//! The environment of an application: which of its options concern it, and that it is initialized
//! once per process and reinitialized for every later application.

use core::ffi::c_void;
use core::ptr::null_mut;
use std::ffi::{CStr, CString};
use std::sync::{Mutex, PoisonError};

use super::opts::AppOpts;
use crate::{spdk_env_init, spdk_env_opts, spdk_env_opts_init};

/// The core that an application runs on unless told otherwise.
const DEFAULT_CORE_MASK: &CStr = c"0x1";

/// The mask of the first application, once the environment is initialized.
static FIRST_MASK: Mutex<Option<CString>> = Mutex::new(None);

/// Initializes the environment for these options and frees their PCI lists, as SPDK does.
///
/// # Safety
///
/// - The strings of `opts` are null or NUL-terminated; its PCI lists are null or from `malloc`.
pub(super) unsafe fn set_up_env(opts: &AppOpts) -> Result<(), String> {
    let given = opts.raw.reactor_mask;
    let mask = if given.is_null() {
        DEFAULT_CORE_MASK
    } else {
        // SAFETY: the caller promises a NUL-terminated string.
        unsafe { CStr::from_ptr(given) }
    };
    let mut first = FIRST_MASK.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = &*first {
        if first.as_c_str() != mask {
            tracing::warn!(
                "reactor_mask {mask:?} is not used: the cores of the first application of this \
                 process hold for all, {first:?}"
            );
        }
        // SAFETY: null asks to reinitialize with the options of the first time.
        return match unsafe { spdk_env_init(null_mut()) } {
            0 => Ok(()),
            rc => Err(format!("spdk_app_start: the environment did not start again ({rc})")),
        };
    }
    // SAFETY: as promised by the caller.
    let rc = unsafe { initialize(opts, mask) };
    if rc != 0 {
        let main_core = { opts.raw.main_core };
        return Err(format!(
            "spdk_app_start: the environment did not start ({rc}); check that reactor_mask \
             {mask:?} names only cores of this machine and main_core {main_core} is -1 or one of \
             them"
        ));
    }
    *first = Some(mask.to_owned());
    Ok(())
}

/// # Safety
///
/// - As [`set_up_env`].
unsafe fn initialize(opts: &AppOpts, mask: &CStr) -> core::ffi::c_int {
    let raw = &opts.raw;
    let mut env = spdk_env_opts { opts_size: size_of::<spdk_env_opts>(), ..Default::default() };
    // SAFETY: `env` is writable for the size it states.
    unsafe { spdk_env_opts_init(&raw mut env) };
    env.name = raw.name;
    env.core_mask = mask.as_ptr();
    env.shm_id = raw.shm_id;
    env.mem_channel = raw.mem_channel;
    env.main_core = raw.main_core;
    env.mem_size = raw.mem_size;
    env.no_pci = raw.no_pci;
    env.hugepage_single_segments = raw.hugepage_single_segments;
    env.unlink_hugepage = raw.unlink_hugepage;
    env.hugedir = raw.hugedir;
    env.num_pci_addr = raw.num_pci_addr;
    env.pci_blocked = raw.pci_blocked;
    env.pci_allowed = raw.pci_allowed;
    env.iova_mode = raw.iova_mode;
    env.base_virtaddr = raw.base_virtaddr;
    env.env_context = raw.env_context;
    env.vf_token = raw.vf_token;
    env.no_huge = raw.no_huge;
    env.enforce_numa = raw.enforce_numa;
    // SAFETY: the strings are the caller's and outlive the application; the lists come from malloc
    // and are not used after this.
    unsafe {
        let rc = spdk_env_init(&raw const env);
        libc::free(raw.pci_blocked.cast::<c_void>());
        libc::free(raw.pci_allowed.cast::<c_void>());
        rc
    }
}
