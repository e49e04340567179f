//! Init and fini of the thread library, and questions about all of its threads.
//!
//! Invariant: hooks, app thread and threads exist only between init and fini; fini proves that
//! nothing but the app thread is left. Any OS thread may call in here.

use core::ffi::c_int;
use core::ptr;

use super::life::free_thread;
use super::object::{current, set_current};
use super::registry::{self, Hooks};
use super::{
    SPDK_DEFAULT_MSG_MEMPOOL_SIZE, msg, spdk_new_thread_fn, spdk_thread, spdk_thread_op_fn,
    spdk_thread_op_supported_fn,
};

fn init(hooks: Hooks, pool_size: usize) -> c_int {
    let mut registry = registry::lock();
    assert!(
        registry.hooks.is_none(),
        "spdk_thread_lib_init: the thread library is initialised already; call spdk_thread_lib_fini first"
    );
    registry.hooks = Some(hooks);
    msg::pool_reset(pool_size);
    0
}

/// Initialises the thread library with an optional hook for new threads and `ctx_sz` bytes of
/// context for the host behind each thread. Returns 0.
///
/// Once at a time per process: a second call before [`spdk_thread_lib_fini`] ends the process.
///
/// # Safety
/// - `new_thread_fn` may be called on any OS thread that creates a thread, and does not unwind.
pub unsafe extern "C" fn spdk_thread_lib_init(
    new_thread_fn: spdk_new_thread_fn,
    ctx_sz: usize,
) -> c_int {
    let hooks = Hooks { new_thread: new_thread_fn, op: None, op_supported: None, ctx_size: ctx_sz };
    init(hooks, SPDK_DEFAULT_MSG_MEMPOOL_SIZE as usize)
}

/// As [`spdk_thread_lib_init`], with a hook for all operations and the size of the message pool.
/// Returns 0, or `-EINVAL` when only one of the two hooks is given.
///
/// # Safety
/// - The hooks may be called on any OS thread, and do not unwind.
pub unsafe extern "C" fn spdk_thread_lib_init_ext(
    thread_op_fn: spdk_thread_op_fn,
    thread_op_supported_fn: spdk_thread_op_supported_fn,
    ctx_sz: usize,
    msg_mempool_size: usize,
) -> c_int {
    if thread_op_fn.is_some() != thread_op_supported_fn.is_some() {
        tracing::error!("spdk_thread_lib_init_ext: give both hooks or neither");
        return -libc::EINVAL;
    }
    let hooks = Hooks {
        new_thread: None,
        op: thread_op_fn,
        op_supported: thread_op_supported_fn,
        ctx_size: ctx_sz,
    };
    init(hooks, msg_mempool_size)
}

/// Ends the thread library and frees the app thread. Devices that are still registered are logged.
///
/// Ends the process when another thread still exists, or when a
/// [`spdk_for_each_channel`](super::spdk_for_each_channel) never finished.
///
/// # Safety
/// - No thread is polled or current anywhere, except that the app thread may be current here.
pub unsafe extern "C" fn spdk_thread_lib_fini() {
    let mut registry = registry::lock();
    let app_thread = registry.app_thread;
    if let Some(&thread) = registry.threads.iter().find(|&&thread| thread != app_thread) {
        // SAFETY: threads leave the list before they are freed.
        let name = unsafe { (*thread).label() };
        panic!(
            "spdk_thread_lib_fini: thread '{name}' still exists; exit and destroy every thread first"
        );
    }
    let devices: Vec<_> = registry.devices.values().copied().collect();
    for device in devices {
        // SAFETY: devices leave the table before they are freed.
        unsafe { (*device).report_left_over(&mut registry) };
    }
    registry.hooks = None;
    registry.app_thread = ptr::null_mut();
    registry.threads.retain(|&thread| thread != app_thread);
    drop(registry);
    if !app_thread.is_null() {
        if current() == app_thread {
            set_current(ptr::null_mut());
        }
        // SAFETY: it is out of the list, not current, and nobody polls it.
        unsafe { free_thread(app_thread) };
    }
}

/// The first thread that was created, or NULL.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_thread_get_app_thread() -> *mut spdk_thread {
    registry::lock().app_thread
}

/// Whether `thread` (NULL: the current one) is the app thread.
///
/// # Safety
/// - None beyond those of any C call: the pointer is only compared.
pub unsafe extern "C" fn spdk_thread_is_app_thread(thread: *mut spdk_thread) -> bool {
    let thread = if thread.is_null() { current() } else { thread };
    registry::lock().app_thread == thread
}

/// The number of threads that exist.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_thread_get_count() -> u32 {
    registry::lock().threads.len().try_into().unwrap_or(u32::MAX)
}

/// The thread with this id, or NULL.
///
/// # Safety
/// - The caller makes sure that the thread is not destroyed while the pointer is in use.
pub unsafe extern "C" fn spdk_thread_get_by_id(id: u64) -> *mut spdk_thread {
    let registry = registry::lock();
    if id == 0 || id >= registry.next_thread_id {
        drop(registry);
        tracing::error!("spdk_thread_get_by_id: no thread ever had the id {id}");
        return ptr::null_mut();
    }
    // SAFETY: threads leave the list before they are freed.
    let found = registry.threads.iter().copied().find(|&thread| unsafe { (*thread).id } == id);
    found.unwrap_or(ptr::null_mut())
}
