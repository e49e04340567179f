//! Examining: modules look at new bdevs to build on them.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering;

use super::opts::current_opts;
use super::query::supports;
use super::registry::{bytes, registry};
use super::state::state;
use super::{
    SPDK_BDEV_CLAIM_EXCL_WRITE, SPDK_BDEV_CLAIM_NONE, SPDK_BDEV_IO_TYPE_READ, fail, init,
    spdk_bdev, spdk_bdev_module, spdk_bdev_wait_for_examine_cb,
};
use crate::{
    SPDK_POLLER_BUSY, SPDK_POLLER_IDLE, spdk_poller, spdk_poller_register_named,
    spdk_poller_unregister, spdk_thread_exec_msg, spdk_thread_get_app_thread,
};

fn modules() -> Vec<*const spdk_bdev_module> {
    registry().modules.clone()
}

/// Notes that a module has something to do; returns how much it had before.
fn begin_action(module: *const spdk_bdev_module) -> u32 {
    // SAFETY: modules live as long as the process.
    unsafe { (*module).internal.action_in_progress.fetch_add(1, Ordering::AcqRel) }
}

unsafe fn wanted(bdev: *mut spdk_bdev) -> bool {
    // SAFETY: the caller's bdev is registered.
    unsafe {
        if !supports(bdev, SPDK_BDEV_IO_TYPE_READ) {
            return false;
        }
        if current_opts().bdev_auto_examine {
            return true;
        }
        let registry = registry();
        let shared = state(bdev).lock();
        registry.allowlist.contains(bytes((*bdev).name))
            || shared.aliases.iter().any(|alias| registry.allowlist.contains(alias))
    }
}

/// Lets the modules examine a bdev.
///
/// # Safety
/// - `bdev` is registered and held open, on the app thread.
pub(super) unsafe fn examine(bdev: *mut spdk_bdev) {
    // SAFETY: by contract; modules live as long as the process.
    unsafe {
        if !wanted(bdev) {
            return;
        }
        for module in modules() {
            let Some(examine_config) = (*module).examine_config else { continue };
            let before = begin_action(module);
            examine_config(bdev);
            if (*module).internal.action_in_progress.load(Ordering::Acquire) != before {
                tracing::error!(
                    "examine_config did not call spdk_bdev_module_examine_done before it returned"
                );
            }
        }
        let examiners: Vec<*const spdk_bdev_module> = {
            let shared = state(bdev).lock();
            match shared.claim_type {
                SPDK_BDEV_CLAIM_NONE => None,
                SPDK_BDEV_CLAIM_EXCL_WRITE => Some(vec![shared.claim_module]),
                _ => Some(shared.claims.iter().map(|claim| claim.module).collect()),
            }
        }
        .unwrap_or_else(modules);
        for module in examiners {
            if let Some(examine_disk) = (*module).examine_disk {
                begin_action(module);
                examine_disk(bdev);
            }
        }
    }
}

/// A module has ended an examination of a bdev.
///
/// # Safety
/// - `module` was asked to examine and did not answer yet.
pub unsafe extern "C" fn spdk_bdev_module_examine_done(module: *mut spdk_bdev_module) {
    // SAFETY: by contract.
    unsafe {
        spdk_thread_exec_msg(spdk_thread_get_app_thread(), Some(action_done), module.cast());
    }
}

/// One action of a module has ended; app thread.
pub(super) unsafe extern "C" fn action_done(ctx: *mut c_void) {
    let module = ctx.cast::<spdk_bdev_module>().cast_const();
    // SAFETY: modules live as long as the process.
    let before = unsafe { (*module).internal.action_in_progress.fetch_sub(1, Ordering::AcqRel) };
    assert!(
        before > 0,
        "spdk_bdev_module_examine_done: the module has nothing in progress; call it once for each examination"
    );
    init::action_complete();
}

/// Names a bdev to be examined while automatic examination is off, now or when it is registered.
/// -EINVAL if automatic examination is on, -EEXIST if the name was given before. App thread.
///
/// # Safety
/// - `name` is a C string.
pub unsafe extern "C" fn spdk_bdev_examine(name: *const c_char) -> c_int {
    fail::require_app_thread("spdk_bdev_examine");
    if current_opts().bdev_auto_examine {
        tracing::error!("spdk_bdev_examine: automatic examination is on; there is nothing to do");
        return -libc::EINVAL;
    }
    // SAFETY: by contract; the app thread unregisters bdevs, so a bdev that is found stays.
    unsafe {
        let name = bytes(name);
        let mut registry = registry();
        if !registry.allowlist.insert(name.to_vec()) {
            return -libc::EEXIST;
        }
        let bdev = registry.find(name);
        drop(registry);
        if !bdev.is_null() {
            examine(bdev);
        }
    }
    0
}

struct Wait {
    cb: spdk_bdev_wait_for_examine_cb,
    cb_arg: *mut c_void,
    poller: *mut spdk_poller,
}

/// Calls `cb_fn`, by a poller of this thread, when no module has anything in progress. Returns 0.
///
/// # Safety
/// - `cb_arg` stays valid until then.
pub unsafe extern "C" fn spdk_bdev_wait_for_examine(
    cb_fn: spdk_bdev_wait_for_examine_cb,
    cb_arg: *mut c_void,
) -> c_int {
    fail::require_thread("spdk_bdev_wait_for_examine");
    let wait = Box::into_raw(Box::new(Wait { cb: cb_fn, cb_arg, poller: ptr::null_mut() }));
    // SAFETY: the poller is unregistered before its context is freed.
    unsafe {
        let name = c"bdev_wait_for_examine".as_ptr();
        (*wait).poller = spdk_poller_register_named(Some(poll), wait.cast(), 0, name);
    }
    0
}

/// [`spdk_bdev_wait_for_examine`] for this layer's own use.
///
/// # Safety
/// - As there.
pub(super) unsafe fn when_done(cb: unsafe extern "C" fn(*mut c_void), cb_arg: *mut c_void) {
    // SAFETY: by contract.
    unsafe { spdk_bdev_wait_for_examine(Some(cb), cb_arg) };
}

unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    if !registry().all_actions_completed() {
        return SPDK_POLLER_IDLE as c_int;
    }
    // SAFETY: boxed by `spdk_bdev_wait_for_examine`; the poller does not run again.
    unsafe {
        let mut wait = Box::from_raw(ctx.cast::<Wait>());
        spdk_poller_unregister(&raw mut wait.poller);
        if let Some(cb) = wait.cb {
            cb(wait.cb_arg);
        }
    }
    SPDK_POLLER_BUSY as c_int
}
