//! Quiescing: a module holds all I/O on a range of one of its bdevs.

use core::ffi::{c_int, c_void};

use super::lba_lock::{RangeCtx, lock_quiesce, unlock};
use super::rw::valid_blocks;
use super::state::{blockcnt, state};
use super::{SPDK_BDEV_STATUS_REMOVING, spdk_bdev, spdk_bdev_module, spdk_bdev_quiesce_cb};

/// Whom to tell about a quiesce or unquiesce.
struct Quiesce {
    bdev: *mut spdk_bdev,
    cb: spdk_bdev_quiesce_cb,
    cb_arg: *mut c_void,
}

/// # Safety
/// - `bdev` is registered.
unsafe fn check(
    bdev: *mut spdk_bdev,
    module: *mut spdk_bdev_module,
    offset: u64,
    length: u64,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        if (*bdev).module != module || !valid_blocks(bdev, offset, length) {
            return -libc::EINVAL;
        }
        let shared = state(bdev).lock();
        if shared.status == SPDK_BDEV_STATUS_REMOVING && shared.open_descs.is_empty() {
            return -libc::ENODEV;
        }
    }
    0
}

/// Holds all I/O on a range; `cb_fn` runs on this thread when none is in flight. New I/O waits until
/// the range is unquiesced. -EINVAL if the bdev is not the module's or the range does not exist,
/// -ENODEV if the bdev is going away.
///
/// # Safety
/// - `bdev` is registered and stays so until it is unquiesced.
pub unsafe extern "C" fn spdk_bdev_quiesce_range(
    bdev: *mut spdk_bdev,
    module: *mut spdk_bdev_module,
    offset: u64,
    length: u64,
    cb_fn: spdk_bdev_quiesce_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let rc = check(bdev, module, offset, length);
        if rc == 0 {
            let ctx = Box::into_raw(Box::new(Quiesce { bdev, cb: cb_fn, cb_arg }));
            lock_quiesce(bdev, offset, length, ctx.cast(), quiesced);
        }
        rc
    }
}

unsafe extern "C" fn quiesced(ctx: *mut c_void, status: c_int) {
    // SAFETY: the context lives until it is unquiesced.
    unsafe {
        let (bdev, cb, cb_arg) = {
            let quiesce = &mut *ctx.cast::<Quiesce>();
            (quiesce.bdev, quiesce.cb.take(), quiesce.cb_arg)
        };
        let mut shared = state(bdev).lock();
        let held = |&&range: &&*mut RangeCtx| (*range).holder() == ctx;
        let range = shared.locked_ranges.iter().find(held).copied();
        shared.quiesced_ranges.extend(range);
        drop(shared);
        if let Some(cb) = cb {
            cb(cb_arg, status);
        }
    }
}

/// Lets I/O on a range go on. The range must be exactly one that was quiesced, else -EINVAL. `cb_fn`
/// runs on this thread.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_unquiesce_range(
    bdev: *mut spdk_bdev,
    module: *mut spdk_bdev_module,
    offset: u64,
    length: u64,
    cb_fn: spdk_bdev_quiesce_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let rc = check(bdev, module, offset, length);
        if rc != 0 {
            return rc;
        }
        let mut shared = state(bdev).lock();
        let wanted = |&range: &*mut RangeCtx| (*range).covers(offset, length);
        let Some(at) = shared.quiesced_ranges.iter().position(wanted) else {
            return -libc::EINVAL;
        };
        let holder = (*shared.quiesced_ranges.remove(at)).holder();
        drop(shared);
        let quiesce = &mut *holder.cast::<Quiesce>();
        quiesce.cb = cb_fn;
        quiesce.cb_arg = cb_arg;
        unlock(bdev, holder, unquiesced);
        0
    }
}

unsafe extern "C" fn unquiesced(ctx: *mut c_void, status: c_int) {
    // SAFETY: boxed by `spdk_bdev_quiesce_range`; the range is unlocked.
    unsafe {
        let quiesce = Box::from_raw(ctx.cast::<Quiesce>());
        if let Some(cb) = quiesce.cb {
            cb(quiesce.cb_arg, status);
        }
    }
}

/// Holds all I/O on a bdev; see [`spdk_bdev_quiesce_range`].
///
/// # Safety
/// - As [`spdk_bdev_quiesce_range`].
pub unsafe extern "C" fn spdk_bdev_quiesce(
    bdev: *mut spdk_bdev,
    module: *mut spdk_bdev_module,
    cb_fn: spdk_bdev_quiesce_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe { spdk_bdev_quiesce_range(bdev, module, 0, blockcnt(bdev), cb_fn, cb_arg) }
}

/// Lets I/O on a bdev go on; see [`spdk_bdev_unquiesce_range`].
///
/// # Safety
/// - As [`spdk_bdev_unquiesce_range`].
pub unsafe extern "C" fn spdk_bdev_unquiesce(
    bdev: *mut spdk_bdev,
    module: *mut spdk_bdev_module,
    cb_fn: spdk_bdev_quiesce_cb,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    unsafe { spdk_bdev_unquiesce_range(bdev, module, 0, blockcnt(bdev), cb_fn, cb_arg) }
}
