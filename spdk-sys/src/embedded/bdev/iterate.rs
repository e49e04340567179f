//! Visiting bdevs, each held open during its visit.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use super::open::{OpenArgs, close, open_by_name, open_listed};
use super::registry::{Registry, bytes, registry};
use super::{fail, spdk_bdev, spdk_bdev_desc, spdk_for_each_bdev_fn};

type Next = fn(&Registry, *mut spdk_bdev) -> *mut spdk_bdev;

/// Opens the first bdev after `prev` that is not going away.
fn open_next(
    prev: *mut spdk_bdev,
    next: Next,
) -> Result<Option<(*mut spdk_bdev, *mut spdk_bdev_desc)>, c_int> {
    let registry = registry();
    let mut bdev = next(&registry, prev);
    while !bdev.is_null() {
        match open_listed(&registry, bdev, OpenArgs::internal()) {
            Ok(desc) => return Ok(Some((bdev, desc))),
            Err(libc::ENODEV) => bdev = next(&registry, bdev),
            Err(errno) => return Err(errno),
        }
    }
    Ok(None)
}

/// # Safety
/// - `fn_` is safe to call with `ctx` and any bdev.
unsafe fn visit_all(ctx: *mut c_void, fn_: spdk_for_each_bdev_fn, next: Next) -> c_int {
    fail::require_thread("spdk_for_each_bdev");
    let Some(visit) = fn_ else { panic!("spdk_for_each_bdev: fn is NULL; pass one") };
    let mut previous: *mut spdk_bdev_desc = ptr::null_mut();
    let mut at = ptr::null_mut();
    loop {
        // The previous bdev is held until the next one is, so that its place is not lost.
        let opened = open_next(at, next);
        if !previous.is_null() {
            // SAFETY: opened below, on this thread.
            unsafe { close(previous) };
        }
        let (bdev, desc) = match opened {
            Ok(Some(found)) => found,
            Ok(None) => return 0,
            Err(errno) => return -errno,
        };
        // SAFETY: by contract.
        let rc = unsafe { visit(ctx, bdev) };
        if rc != 0 {
            // SAFETY: opened above, on this thread.
            unsafe { close(desc) };
            return rc;
        }
        (at, previous) = (bdev, desc);
    }
}

/// Calls `fn_` for every bdev, in order of registration, skipping those that are going away. A
/// non-zero return ends the walk and is returned; else 0.
///
/// # Safety
/// - `ctx` is what `fn_` expects.
pub unsafe extern "C" fn spdk_for_each_bdev(ctx: *mut c_void, fn_: spdk_for_each_bdev_fn) -> c_int {
    // SAFETY: by contract.
    unsafe { visit_all(ctx, fn_, Registry::next) }
}

/// As [`spdk_for_each_bdev`], for bdevs that no module has claimed.
///
/// # Safety
/// - As [`spdk_for_each_bdev`].
pub unsafe extern "C" fn spdk_for_each_bdev_leaf(
    ctx: *mut c_void,
    fn_: spdk_for_each_bdev_fn,
) -> c_int {
    // SAFETY: by contract.
    unsafe { visit_all(ctx, fn_, Registry::next_leaf) }
}

/// Calls `fn_` for the bdevs with these names, in their order. Ends with -ENODEV at the first name
/// that is unknown, or with the first non-zero return.
///
/// # Safety
/// - `names` points to `count` C strings; `ctx` is what `fn_` expects.
pub unsafe extern "C" fn spdk_for_each_bdev_by_name(
    ctx: *mut c_void,
    fn_: spdk_for_each_bdev_fn,
    names: *mut *const c_char,
    count: usize,
) -> c_int {
    fail::require_thread("spdk_for_each_bdev_by_name");
    let Some(visit) = fn_ else { panic!("spdk_for_each_bdev_by_name: fn is NULL; pass one") };
    for i in 0..count {
        // SAFETY: by contract; the descriptor is open until it is closed here.
        unsafe {
            let desc = match open_by_name(bytes(*names.add(i)), OpenArgs::internal()) {
                Ok(desc) => desc,
                Err(errno) => return -errno,
            };
            let rc = visit(ctx, (*desc).bdev);
            close(desc);
            if rc != 0 {
                return rc;
            }
        }
    }
    0
}
