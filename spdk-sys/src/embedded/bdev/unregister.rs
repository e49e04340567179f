//! Taking a bdev away.
//!
//! | step | when |
//! |---|---|
//! | unregistering | at once: opens fail; waiting I/O of every channel is aborted |
//! | removing | no LBA lock is left: a REMOVE event goes to each descriptor |
//! | unlisted | the last descriptor is closed: the name is gone |
//! | destructed | the last channel is put: the module frees it, then the caller is told |

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use super::channel;
use super::open::{close, ignore_event};
use super::qos;
use super::registry::{Registry, bytes, registry};
use super::state::{BdevState, Shared, bdev_of_device, io_device, state};
use super::walk::{self, spdk_bdev_channel_iter, spdk_bdev_for_each_channel_continue};
use super::{
    SPDK_BDEV_EVENT_REMOVE, SPDK_BDEV_STATUS_REMOVING, SPDK_BDEV_STATUS_UNREGISTERING, desc, fail,
    nomem, spdk_bdev, spdk_bdev_module, spdk_bdev_open_ext, spdk_bdev_set_qd_sampling_period,
    spdk_bdev_unregister_cb,
};
use crate::{
    spdk_get_thread, spdk_io_channel, spdk_io_device_unregister, spdk_thread_get_app_thread,
    spdk_thread_send_msg,
};

/// Takes a bdev away. `cb_fn` may be NULL; it runs with 0 or the error of the module's `destruct`
/// when every descriptor is closed and every channel put; inside the call with -EBUSY if the bdev is
/// being unregistered already. App thread.
///
/// # Safety
/// - `bdev` is registered. Its memory belongs to the module again when `destruct` is called.
pub unsafe extern "C" fn spdk_bdev_unregister(
    bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_unregister_cb,
    cb_arg: *mut c_void,
) {
    fail::require_app_thread("spdk_bdev_unregister");
    // SAFETY: by contract.
    unsafe {
        let mut shared = state(bdev).lock();
        if matches!(shared.status, SPDK_BDEV_STATUS_UNREGISTERING | SPDK_BDEV_STATUS_REMOVING) {
            drop(shared);
            if let Some(cb) = cb_fn {
                cb(cb_arg, -libc::EBUSY);
            }
            return;
        }
        shared.status = SPDK_BDEV_STATUS_UNREGISTERING;
        shared.unregister_cb = cb_fn;
        shared.unregister_ctx = cb_arg;
        if shared.open_descs.is_empty() {
            qos::retire(&mut shared.qos);
        }
        drop(shared);
        spdk_bdev_set_qd_sampling_period(bdev, 0);
        walk::start(bdev, abort_channel, bdev.cast(), aborted);
    }
}

/// Takes away the bdev with this name if it is `module`'s; otherwise as [`spdk_bdev_unregister`].
/// Returns 0, and `cb_fn` runs; or -ENODEV for an unknown name, a bdev that is going away already, or
/// one of another module.
///
/// # Safety
/// - `bdev_name` is a C string.
pub unsafe extern "C" fn spdk_bdev_unregister_by_name(
    bdev_name: *const c_char,
    module: *mut spdk_bdev_module,
    cb_fn: spdk_bdev_unregister_cb,
    cb_arg: *mut c_void,
) -> c_int {
    fail::require_app_thread("spdk_bdev_unregister_by_name");
    let mut desc = ptr::null_mut();
    // SAFETY: by contract; the descriptor keeps the bdev registered meanwhile.
    unsafe {
        let event = Some(ignore_event as unsafe extern "C" fn(_, _, _));
        let rc = spdk_bdev_open_ext(bdev_name, false, event, ptr::null_mut(), &raw mut desc);
        if rc != 0 {
            return rc;
        }
        let bdev = desc::of(desc).bdev;
        let ours = (*bdev).module == module;
        if ours {
            spdk_bdev_unregister(bdev, cb_fn, cb_arg);
        }
        close(desc);
        if ours { 0 } else { -libc::ENODEV }
    }
}

unsafe extern "C" fn abort_channel(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    _ctx: *mut c_void,
) {
    // SAFETY: a visit of the walk, on the channel's thread.
    unsafe {
        nomem::abort_channel(channel::of(ch));
        spdk_bdev_for_each_channel_continue(i, 0);
    }
}

unsafe extern "C" fn aborted(bdev: *mut spdk_bdev, _ctx: *mut c_void, _status: c_int) {
    // SAFETY: the bdev is registered until it is unlisted, which only `remove` leads to.
    unsafe { remove(bdev) };
}

/// Goes on with an unregister that waited for LBA locks.
///
/// # Safety
/// - `bdev` is being unregistered and its last lock was released.
pub(super) unsafe fn resume(bdev: *mut spdk_bdev) {
    // SAFETY: by contract.
    unsafe {
        spdk_thread_send_msg(spdk_thread_get_app_thread(), Some(remove_msg), bdev.cast());
    }
}

unsafe extern "C" fn remove_msg(ctx: *mut c_void) {
    // SAFETY: sent by `resume`.
    unsafe { remove(ctx.cast()) };
}

/// # Safety
/// - `bdev` is being unregistered.
unsafe fn remove(bdev: *mut spdk_bdev) {
    // SAFETY: by contract; descriptors in the list are open.
    unsafe {
        let mut registry = registry();
        let mut shared = state(bdev).lock();
        let started = shared.status == SPDK_BDEV_STATUS_REMOVING;
        if started || !shared.locked_ranges.is_empty() {
            return;
        }
        shared.status = SPDK_BDEV_STATUS_REMOVING;
        for desc in shared.open_descs.iter() {
            desc::notify(desc, SPDK_BDEV_EVENT_REMOVE);
        }
        let last = unlist_if_unused(&mut registry, bdev, &mut shared);
        drop(shared);
        drop(registry);
        if last {
            unregister_device(bdev);
        }
    }
}

/// Takes the names of a bdev that is being removed off the registry if nothing holds it any more.
/// True: the caller calls [`unregister_device`] when it has dropped the locks.
pub(super) fn unlist_if_unused(
    registry: &mut Registry,
    bdev: *mut spdk_bdev,
    shared: &mut Shared,
) -> bool {
    let in_use = !shared.open_descs.is_empty() || shared.qos_mod_in_progress;
    if shared.status != SPDK_BDEV_STATUS_REMOVING || in_use || shared.unlisted {
        return false;
    }
    shared.unlisted = true;
    for alias in shared.aliases.iter() {
        registry.allowlist.remove(alias);
        registry.names.remove(alias);
    }
    // SAFETY: the bdev is registered.
    let name = unsafe { bytes((*bdev).name) };
    registry.allowlist.remove(name);
    registry.names.remove(name);
    registry.bdevs.retain(|&other| other != bdev);
    true
}

/// Starts the end of a bdev that was just unlisted. The bdev may be gone when this returns.
pub(super) fn unregister_device(bdev: *mut spdk_bdev) {
    // SAFETY: registered with the bdev, and unlisting happens once.
    unsafe { spdk_io_device_unregister(io_device(bdev), Some(destroy)) };
}

/// Ends a change of rate limits, which delays an unregister.
///
/// # Safety
/// - A change is in progress, so `bdev` is registered.
pub(super) unsafe fn qos_change_ended(bdev: *mut spdk_bdev) {
    // SAFETY: by contract.
    unsafe {
        let mut registry = registry();
        let mut shared = state(bdev).lock();
        shared.qos_mod_in_progress = false;
        let last = unlist_if_unused(&mut registry, bdev, &mut shared);
        drop(shared);
        drop(registry);
        if last {
            unregister_device(bdev);
        }
    }
}

/// Every channel is gone: the module frees the bdev, on the app thread.
unsafe extern "C" fn destroy(device: *mut c_void) {
    // SAFETY: called once by the thread library; nobody else uses the bdev any more.
    unsafe {
        let app = spdk_thread_get_app_thread();
        if spdk_get_thread() != app {
            spdk_thread_send_msg(app, Some(destroy), device);
            return;
        }
        let bdev = bdev_of_device(device);
        let own = (*bdev).internal.state;
        let rc = match (*(*bdev).fn_table).destruct {
            Some(destruct) => destruct((*bdev).ctxt),
            None => 0,
        };
        // A positive result announces `spdk_bdev_destruct_done`, which may have been called already.
        if rc <= 0 {
            tell(own, rc);
        }
    }
}

/// Frees the state of a bdev and tells whoever unregistered it.
///
/// # Safety
/// - `own` is the state of a destructed bdev.
unsafe fn tell(own: *mut BdevState, rc: c_int) {
    // SAFETY: boxed at registration; nobody uses it any more.
    unsafe {
        let own = Box::from_raw(own);
        let (cb, ctx) = {
            let shared = own.lock();
            (shared.unregister_cb, shared.unregister_ctx)
        };
        drop(own);
        if let Some(cb) = cb {
            cb(ctx, rc);
        }
    }
}

/// The module has freed what its `destruct`, which returned a positive number, left open. App thread.
///
/// # Safety
/// - `bdev` is still the module's memory, as it was passed to `spdk_bdev_register`.
pub unsafe extern "C" fn spdk_bdev_destruct_done(bdev: *mut spdk_bdev, bdeverrno: c_int) {
    // SAFETY: by contract.
    unsafe {
        let own = core::mem::replace(&mut (*bdev).internal.state, ptr::null_mut());
        assert!(
            !own.is_null(),
            "spdk_bdev_destruct_done: the bdev was destructed before; call it once for each destruct that returned a positive number"
        );
        tell(own, bdeverrno);
    }
}
