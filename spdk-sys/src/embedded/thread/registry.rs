//! What the threads of the process share: the list of threads, the table of I/O devices and the
//! hooks of the host.
//!
//! Invariant: the one lock is never held across a callback. Sending a message takes no lock, so it
//! may happen inside; this is what keeps a target from exiting between being found and being sent to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::io_device::IoDevice;
use super::{spdk_new_thread_fn, spdk_thread, spdk_thread_op_fn, spdk_thread_op_supported_fn};

/// The hooks given to the library's init.
#[derive(Clone, Copy)]
pub(super) struct Hooks {
    pub(super) new_thread: spdk_new_thread_fn,
    pub(super) op: spdk_thread_op_fn,
    pub(super) op_supported: spdk_thread_op_supported_fn,
    pub(super) ctx_size: usize,
}

/// The shared state.
pub(super) struct Registry {
    /// `Some` between init and fini.
    pub(super) hooks: Option<Hooks>,
    /// In order of creation.
    pub(super) threads: Vec<*mut spdk_thread>,
    pub(super) app_thread: *mut spdk_thread,
    /// Never reset: ids are unique in the life of the process.
    pub(super) next_thread_id: u64,
    /// Registered devices by their address.
    pub(super) devices: BTreeMap<usize, *mut IoDevice>,
}

// SAFETY: the pointers are only identities here; what they point to has its own rules.
unsafe impl Send for Registry {}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    hooks: None,
    threads: Vec::new(),
    app_thread: core::ptr::null_mut(),
    next_thread_id: 1,
    devices: BTreeMap::new(),
});

/// Locks the shared state.
pub(super) fn lock() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// The first RUNNING thread at or after position `from`.
    pub(super) fn running_from(&self, from: usize) -> Option<*mut spdk_thread> {
        // SAFETY: threads leave the list before they are freed.
        self.threads
            .iter()
            .skip(from)
            .copied()
            .find(|&t| unsafe { (*t).state() } == super::object::RUNNING)
    }

    /// The position behind `thread`.
    pub(super) fn after(&self, thread: *mut spdk_thread) -> usize {
        self.threads.iter().position(|&t| t == thread).map_or(self.threads.len(), |at| at + 1)
    }

    /// The registered device with this address.
    pub(super) fn device(&self, io_device: *mut core::ffi::c_void) -> Option<*mut IoDevice> {
        self.devices.get(&(io_device as usize)).copied()
    }
}
