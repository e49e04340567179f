//! I/O devices: the records that channels are made from.
//!
//! Invariant: the mutable part of a record is reached only with the registry locked. A record is
//! freed once it is unregistered, no channel refers to it, and its callback has run.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_void};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::CString;

use super::object::{current, name_or_address, require_current};
use super::registry::{self, Registry};
use super::send::spdk_thread_send_msg;
use super::{
    spdk_io_channel_create_cb, spdk_io_channel_destroy_cb, spdk_io_device_unregister_cb,
    spdk_thread,
};

/// One registered device.
pub(super) struct IoDevice {
    pub(super) io_device: *mut c_void,
    name: CString,
    pub(super) create: unsafe extern "C" fn(*mut c_void, *mut c_void) -> core::ffi::c_int,
    pub(super) destroy: unsafe extern "C" fn(*mut c_void, *mut c_void),
    pub(super) ctx_size: usize,
    state: UnsafeCell<DeviceState>,
}

/// What the registry's lock protects.
pub(super) struct DeviceState {
    /// Channels, including those inside their create or destroy callback.
    pub(super) channels: u32,
    /// Walks in progress.
    pub(super) walks: u32,
    /// Threads with a channel, by id.
    pub(super) threads: BTreeMap<u64, *mut spdk_thread>,
    /// Unregistration waits for the walks.
    pub(super) pending_unregister: bool,
    pub(super) unregistered: bool,
    pub(super) unregister_thread: *mut spdk_thread,
    unregister_cb: spdk_io_device_unregister_cb,
}

impl IoDevice {
    /// The mutable part; `_proof` shows that the registry is locked.
    pub(super) fn state<'a>(&'a self, _proof: &'a mut Registry) -> &'a mut DeviceState {
        // SAFETY: there is one registry, so its exclusive borrow makes this the only access.
        unsafe { &mut *self.state.get() }
    }

    pub(super) fn label(&self) -> Cow<'_, str> {
        self.name.to_string_lossy()
    }

    pub(super) fn name_ptr(&self) -> *const c_char {
        self.name.as_ptr()
    }

    /// Called at the end of the library for a device that nobody unregistered.
    pub(super) fn report_left_over(&self, registry: &mut Registry) {
        assert!(
            self.state(registry).walks == 0,
            "spdk_thread_lib_fini: a for_each_channel on the device '{}' never finished; its function must lead to one spdk_for_each_channel_continue",
            self.label()
        );
        tracing::error!("spdk_thread_lib_fini: the device '{}' is still registered", self.label());
    }
}

/// Registers `io_device` under its address, so that threads can get channels for it, each with
/// `ctx_size` zeroed bytes of context. A second registration of the same address is logged and ignored.
///
/// # Safety
/// - There is a current thread.
/// - The callbacks may be called with `io_device` and a channel context on any thread until the device
///   has finished unregistering, and do not unwind.
/// - `name` is NULL or a C string.
pub unsafe extern "C" fn spdk_io_device_register(
    io_device: *mut c_void,
    create_cb: spdk_io_channel_create_cb,
    destroy_cb: spdk_io_channel_destroy_cb,
    ctx_size: u32,
    name: *const c_char,
) {
    assert!(!io_device.is_null(), "spdk_io_device_register: io_device must not be NULL");
    assert!(!current().is_null(), "spdk_io_device_register: called without a current spdk_thread");
    let device = IoDevice {
        io_device,
        name: name_or_address(name, io_device),
        create: create_cb.expect("spdk_io_device_register: create_cb must not be NULL"),
        destroy: destroy_cb.expect("spdk_io_device_register: destroy_cb must not be NULL"),
        ctx_size: ctx_size as usize,
        state: UnsafeCell::new(DeviceState {
            channels: 0,
            walks: 0,
            threads: BTreeMap::new(),
            pending_unregister: false,
            unregistered: false,
            unregister_thread: core::ptr::null_mut(),
            unregister_cb: None,
        }),
    };
    let mut registry = registry::lock();
    if registry.device(io_device).is_some() {
        drop(registry);
        tracing::error!(
            "spdk_io_device_register: {io_device:p} ('{}') is registered already",
            device.label()
        );
        return;
    }
    registry.devices.insert(io_device as usize, Box::into_raw(Box::new(device)));
}

/// Unregisters the device: no channel can be got for it from now on. `unregister_cb` (may be NULL)
/// runs by message on the current thread when its last channel is gone. Walks of
/// [`spdk_for_each_channel`](super::spdk_for_each_channel) in progress finish first.
///
/// # Safety
/// - There is a current thread, and it is polled until the callback has run.
/// - `unregister_cb` may be called with `io_device`, once, and does not unwind.
pub unsafe extern "C" fn spdk_io_device_unregister(
    io_device: *mut c_void,
    unregister_cb: spdk_io_device_unregister_cb,
) {
    let thread = current();
    assert!(!thread.is_null(), "spdk_io_device_unregister: called without a current spdk_thread");
    let mut registry = registry::lock();
    let Some(device) = registry.device(io_device) else {
        panic!("spdk_io_device_unregister: {io_device:p} is not a registered device");
    };
    // SAFETY: devices leave the table before they are freed.
    let (state, label) = unsafe { ((*device).state(&mut registry), (*device).label()) };
    assert!(
        !state.pending_unregister,
        "spdk_io_device_unregister: the device '{label}' is being unregistered already"
    );
    state.unregister_cb = unregister_cb;
    state.unregister_thread = thread;
    if state.walks > 0 {
        state.pending_unregister = true;
        // The thread must not exit before the walks have told it.
        hold(thread);
        return;
    }
    // SAFETY: the device is registered, no walk is in progress, the thread is current.
    unsafe { finish_unregister(&mut registry, device) };
}

/// Keeps the current thread from exiting while an unregistration has still to report to it.
fn hold(thread: *mut spdk_thread) {
    // SAFETY: callers pass the current thread, which is alive.
    let pending = unsafe { &(*thread).pending_unregister_count };
    pending.set(pending.get() + 1);
}

/// Undoes one [`hold`].
fn unhold(thread: *mut spdk_thread) {
    // SAFETY: callers pass the current thread, which is alive.
    let pending = unsafe { &(*thread).pending_unregister_count };
    pending.set(pending.get() - 1);
}

/// Takes the device out of the table and frees it if it has no channels.
///
/// # Safety
/// - `device` is in the table, without walks, and its unregistering thread is current.
unsafe fn finish_unregister(registry: &mut Registry, device: *mut IoDevice) {
    // SAFETY: the caller vouches for the device.
    unsafe {
        registry.devices.remove(&((*device).io_device as usize));
        let state = (*device).state(registry);
        state.unregistered = true;
        if state.unregister_cb.is_some() {
            hold(state.unregister_thread);
        }
        free_if_unused(registry, device);
    }
}

/// The message that a walk sends when it was the last one that an unregistration waited for.
///
/// # Safety
/// - `device` is an `IoDevice` with a pending unregistration and no walk; its unregistering thread
///   is current.
pub(super) unsafe extern "C" fn unregister_after_walks(device: *mut c_void) {
    let device = device.cast::<IoDevice>();
    unhold(current());
    // SAFETY: the caller vouches for the device; pending ones stay in the table.
    unsafe { finish_unregister(&mut registry::lock(), device) };
}

/// Frees the device if it is unregistered and has no channel left; its callback goes by message.
///
/// # Safety
/// - `device` is alive; if it is unregistered without channels the caller does not use it again.
pub(super) unsafe fn free_if_unused(registry: &mut Registry, device: *mut IoDevice) {
    // SAFETY: the caller vouches for the device; the unregistering thread cannot exit before it has
    // run the message.
    unsafe {
        let state = (*device).state(registry);
        if !state.unregistered || state.channels > 0 {
            return;
        }
        if state.unregister_cb.is_some() {
            let thread = state.unregister_thread;
            spdk_thread_send_msg(thread, Some(report_unregistered), device.cast());
        } else {
            drop(Box::from_raw(device));
        }
    }
}

/// # Safety
/// - `device` is an `IoDevice` that only this message refers to.
unsafe extern "C" fn report_unregistered(device: *mut c_void) {
    // SAFETY: the last reference came with this message.
    let mut device = unsafe { Box::from_raw(device.cast::<IoDevice>()) };
    let io_device = device.io_device;
    let state = device.state.get_mut();
    let (thread, callback) = (state.unregister_thread, state.unregister_cb);
    require_current("spdk_io_device_unregister", "the callback", thread);
    unhold(thread);
    drop(device);
    if let Some(callback) = callback {
        // SAFETY: unregistering promised that the callback may be called once with this address.
        unsafe { callback(io_device) };
    }
}
