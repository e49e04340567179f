//! Opening and closing descriptors.

use core::ffi::{c_char, c_int, c_void};
use core::mem::offset_of;
use core::ptr;

use super::desc::{self, spdk_bdev_desc};
use super::registry::{Registry, bytes, registry};
use super::state::state;
use super::{
    SPDK_BDEV_CLAIM_NONE, SPDK_BDEV_STATUS_READY, claim, fail, qos, qos_set, spdk_bdev,
    spdk_bdev_event_cb_t, spdk_bdev_event_type, spdk_bdev_is_md_separate, spdk_bdev_open_opts,
    timeout, unregister,
};
use crate::spdk_get_thread;

/// How a descriptor is to be opened.
#[derive(Copy, Clone)]
pub(super) struct OpenArgs {
    pub(super) write: bool,
    pub(super) event_cb: spdk_bdev_event_cb_t,
    pub(super) event_ctx: *mut c_void,
    pub(super) hide_metadata: bool,
}

impl OpenArgs {
    /// A read-only descriptor of this layer's own, deaf to events.
    pub(super) fn internal() -> Self {
        Self {
            write: false,
            event_cb: Some(ignore_event),
            event_ctx: ptr::null_mut(),
            hide_metadata: false,
        }
    }
}

/// The event callback of descriptors of this layer's own.
pub(super) unsafe extern "C" fn ignore_event(
    _type: spdk_bdev_event_type,
    _bdev: *mut spdk_bdev,
    _ctx: *mut c_void,
) {
}

/// Opens a bdev by name.
pub(super) fn open_by_name(name: &[u8], args: OpenArgs) -> Result<*mut spdk_bdev_desc, c_int> {
    let registry = registry();
    let bdev = registry.find(name);
    if bdev.is_null() {
        return Err(libc::ENODEV);
    }
    let opened = open_listed(&registry, bdev, args);
    drop(registry);
    if opened.is_ok() {
        // SAFETY: the new descriptor keeps the bdev registered.
        unsafe { qos_set::on_open(bdev) };
    }
    opened
}

/// Opens a bdev that is in the registry, which the caller has locked.
pub(super) fn open_listed(
    _registry: &Registry,
    bdev: *mut spdk_bdev,
    args: OpenArgs,
) -> Result<*mut spdk_bdev_desc, c_int> {
    // SAFETY: a bdev in the registry is registered until the registry is unlocked.
    unsafe {
        if args.hide_metadata && spdk_bdev_is_md_separate(bdev) {
            return Err(libc::EINVAL);
        }
        let mut shared = state(bdev).lock();
        if shared.status != SPDK_BDEV_STATUS_READY {
            return Err(libc::ENODEV);
        }
        if args.write && shared.claim_type != SPDK_BDEV_CLAIM_NONE {
            return Err(libc::EPERM);
        }
        let event = (args.event_cb, args.event_ctx);
        let (thread, media_events) = (spdk_get_thread(), (*bdev).media_events);
        let (write, hide_metadata) = (args.write, args.hide_metadata);
        Ok(shared.open_descs.add(|number| {
            spdk_bdev_desc::new(number, bdev, thread, write, hide_metadata, event, media_events)
        }))
    }
}

/// Opens a bdev. Returns 0 and the descriptor, which must be closed on this thread; or -EINVAL without
/// `event_cb`, -ENODEV if there is no such bdev or it is going away, -EPERM to write to a claimed
/// bdev, or -ENOMEM. Any number of writers may open an unclaimed bdev. Ends the process off an SPDK
/// thread, as SPDK's spinlock does. `event_cb` runs on this thread, by message.
///
/// # Safety
/// - `bdev_name` is a C string, `desc` is writable.
/// - `event_ctx` stays valid until the descriptor is closed.
pub unsafe extern "C" fn spdk_bdev_open_ext(
    bdev_name: *const c_char,
    write: bool,
    event_cb: spdk_bdev_event_cb_t,
    event_ctx: *mut c_void,
    desc: *mut *mut spdk_bdev_desc,
) -> c_int {
    // SAFETY: by contract.
    unsafe { spdk_bdev_open_ext_v2(bdev_name, write, event_cb, event_ctx, ptr::null_mut(), desc) }
}

/// As [`spdk_bdev_open_ext`], with options, which may be NULL. -EINVAL also to hide separate
/// metadata.
///
/// # Safety
/// - As [`spdk_bdev_open_ext`]; `opts` is NULL or valid during the call.
pub unsafe extern "C" fn spdk_bdev_open_ext_v2(
    bdev_name: *const c_char,
    write: bool,
    event_cb: spdk_bdev_event_cb_t,
    event_ctx: *mut c_void,
    opts: *mut spdk_bdev_open_opts,
    desc: *mut *mut spdk_bdev_desc,
) -> c_int {
    if event_cb.is_none() {
        tracing::error!("spdk_bdev_open_ext: event_cb is NULL; pass one that closes on REMOVE");
        return -libc::EINVAL;
    }
    fail::require_thread("spdk_bdev_open_ext");
    // SAFETY: by contract.
    unsafe {
        let known = offset_of!(spdk_bdev_open_opts, hide_metadata) + 1;
        let hide_metadata = !opts.is_null() && (*opts).size >= known && (*opts).hide_metadata;
        let args = OpenArgs { write, event_cb, event_ctx, hide_metadata };
        match open_by_name(bytes(bdev_name), args) {
            Ok(opened) => {
                *desc = opened;
                0
            }
            Err(errno) => {
                *desc = ptr::null_mut();
                -errno
            }
        }
    }
}

/// Fills `opts` with the defaults.
///
/// # Safety
/// - `opts` points to `opts_size` writable bytes.
pub unsafe extern "C" fn spdk_bdev_open_opts_init(
    opts: *mut spdk_bdev_open_opts,
    opts_size: usize,
) {
    let defaults = spdk_bdev_open_opts { size: opts_size, hide_metadata: false };
    let len = opts_size.min(size_of::<spdk_bdev_open_opts>());
    // SAFETY: by contract.
    unsafe { ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), opts.cast(), len) };
}

/// Closes a descriptor, on the thread that opened it. Events that have not been delivered are
/// dropped. Closing with I/O of the descriptor in flight, or on another thread, ends the process.
///
/// # Safety
/// - `desc` is open, and not used again.
pub unsafe extern "C" fn spdk_bdev_close(desc: *mut spdk_bdev_desc) {
    // SAFETY: open by contract.
    let target = unsafe { desc::of(desc) };
    // SAFETY: may be called from anywhere.
    let thread = unsafe { spdk_get_thread() };
    assert!(
        thread == target.thread,
        "spdk_bdev_close: called off the thread that opened the descriptor; close it there"
    );
    let in_flight = target.ios_in_flight();
    assert!(
        in_flight == 0,
        "spdk_bdev_close: {in_flight} I/O of the descriptor are in flight; wait for them first"
    );
    timeout::stop(target);
    // SAFETY: by contract.
    unsafe { close(desc) };
}

/// Takes a descriptor off its bdev's list; goes on with an unregister that waited for it.
///
/// # Safety
/// - `desc` is open, belongs to this thread, has no I/O in flight, and is not used again.
pub(super) unsafe fn close(desc: *mut spdk_bdev_desc) {
    // SAFETY: by contract; an open descriptor keeps its bdev registered.
    unsafe {
        let bdev = desc::of(desc).bdev;
        let mut registry = registry();
        let mut shared = state(bdev).lock();
        shared.open_descs.remove(desc::of(desc).number);
        claim::release(&mut shared, desc);
        if shared.open_descs.is_empty() {
            qos::retire(&mut shared.qos);
        }
        let last = unregister::unlist_if_unused(&mut registry, bdev, &mut shared);
        drop(shared);
        drop(registry);
        desc::mark_closed(desc);
        if last {
            unregister::unregister_device(bdev);
        }
    }
}
