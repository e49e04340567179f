//! The life of a thread: create, exit, destroy, and its cpumask.
//!
//! Invariant: a thread becomes EXITED under the registry's lock and only with an empty queue, so
//! whoever finds it RUNNING under the lock may still send to it.

use core::ffi::{c_char, c_int};
use core::ptr;
use core::sync::atomic::Ordering;

use super::object::{EXITED, EXITING, current, require_current, set_current};
use super::poller::{PollerList, State, spdk_poller};
use super::registry::{self, Hooks};
use super::{SPDK_THREAD_OP_NEW, SPDK_THREAD_OP_RESCHED, spdk_thread};
use crate::{spdk_cpuset, spdk_cpuset_copy, spdk_cpuset_negate, spdk_get_ticks, spdk_get_ticks_hz};

const EXIT_TIMEOUT_SECONDS: u64 = 5;

fn mask_of(cpumask: *const spdk_cpuset) -> spdk_cpuset {
    let mut mask = spdk_cpuset::default();
    // SAFETY: `mask` is ours; a non-NULL `cpumask` is a cpuset by the contract of the API.
    unsafe {
        if cpumask.is_null() {
            spdk_cpuset_negate(&mut mask);
        } else {
            spdk_cpuset_copy(&mut mask, cpumask);
        }
    }
    mask
}

/// Creates a thread and offers it to the host's hook. The first one created is the app thread. NULL
/// when the hook refuses it or memory is short.
///
/// # Safety
/// - `name` is NULL or a C string; `cpumask` is NULL (any CPU) or a cpuset.
pub unsafe extern "C" fn spdk_thread_create(
    name: *const c_char,
    cpumask: *const spdk_cpuset,
) -> *mut spdk_thread {
    let mut registry = registry::lock();
    let hooks = registry
        .hooks
        .expect("spdk_thread_create: the thread library is not initialised; call spdk_thread_lib_init first");
    let thread =
        spdk_thread::alloc(registry.next_thread_id, name, mask_of(cpumask), hooks.ctx_size);
    if thread.is_null() {
        return thread;
    }
    registry.next_thread_id += 1;
    registry.threads.push(thread);
    drop(registry);

    // SAFETY: the thread is new, and the hooks were promised to be callable here.
    let rc = unsafe {
        match (hooks.new_thread, hooks.op, hooks.op_supported) {
            (Some(new_thread), ..) => new_thread(thread),
            (None, Some(op), Some(supported)) if supported(SPDK_THREAD_OP_NEW) => {
                op(thread, SPDK_THREAD_OP_NEW)
            }
            _ => 0,
        }
    };
    let mut registry = registry::lock();
    if rc == 0 {
        if registry.app_thread.is_null() {
            registry.app_thread = thread;
        }
        return thread;
    }
    registry.threads.retain(|&other| other != thread);
    drop(registry);
    // SAFETY: the host refused it, so nobody else uses it.
    unsafe { free_thread(thread) };
    ptr::null_mut()
}

/// Starts the exit of the current thread; keep polling it until
/// [`spdk_thread_is_exited`](super::spdk_thread_is_exited). Returns 0, also when it is exiting already.
///
/// It exits when it has no messages, pollers, channels, pending device unregistration or unfinished
/// for_each. After 5 seconds it is forced out with error logs, which is always a bug in the program.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_exit(thread: *mut spdk_thread) -> c_int {
    require_current("spdk_thread_exit", "the call", thread);
    // SAFETY: the thread is current, hence alive.
    unsafe {
        if (*thread).state() >= EXITING {
            tracing::info!("spdk_thread_exit: thread '{}' is exiting already", (*thread).label());
            return 0;
        }
        let deadline = spdk_get_ticks() + spdk_get_ticks_hz() * EXIT_TIMEOUT_SECONDS;
        (*thread).exit_deadline.set(deadline);
        (*thread).state.store(EXITING, Ordering::Release);
    }
    0
}

/// Moves an EXITING thread to EXITED if nothing is left on it or its time is over.
///
/// # Safety
/// - The thread is alive, current and EXITING.
pub(super) unsafe fn try_exit(thread: *mut spdk_thread, now: u64) {
    // SAFETY: the caller vouches for the thread.
    let left = unsafe { left_over(thread) };
    // SAFETY: as above.
    let timeout = now >= unsafe { (*thread).exit_deadline.get() };
    match left {
        Some(what) if timeout => {
            // SAFETY: as above.
            let name = unsafe { (*thread).label() };
            tracing::error!(
                "spdk_thread_poll: thread '{name}' was forced to exit {EXIT_TIMEOUT_SECONDS} s after spdk_thread_exit; it still has {what}"
            );
        }
        Some(_) => return,
        None => {}
    }
    let _registry = registry::lock();
    // SAFETY: as above.
    unsafe {
        if timeout || (*thread).messages.is_empty() {
            (*thread).forced.set(timeout);
            (*thread).state.store(EXITED, Ordering::Release);
        }
    }
}

/// What keeps the thread from exiting, in words.
///
/// # Safety
/// - The thread is alive and current.
unsafe fn left_over(thread: *mut spdk_thread) -> Option<String> {
    // SAFETY: the caller vouches for the thread; members of its lists and map are alive.
    unsafe {
        if !(*thread).messages.is_empty() {
            return Some("messages".into());
        }
        if (*thread).for_each_count.get() > 0 {
            return Some("an unfinished for_each_channel or for_each_thread".into());
        }
        for list in [&(*thread).active, (*thread).timed.list(), &(*thread).paused] {
            let poller = list.first_registered();
            if !poller.is_null() {
                return Some(format!("the poller '{}'", (*poller).name.to_string_lossy()));
            }
        }
        if let Some(&channel) = (*(*thread).channels.get()).values().next() {
            return Some(format!("a channel of the device '{}'", (*(*channel).device).label()));
        }
        if (*thread).pending_unregister_count.get() > 0 {
            return Some("a device that is being unregistered".into());
        }
    }
    None
}

/// Frees an exited thread. The app thread is kept until [`spdk_thread_lib_fini`](super::spdk_thread_lib_fini).
///
/// # Safety
/// - `thread` is alive and EXITED, and is used nowhere else after this.
pub unsafe extern "C" fn spdk_thread_destroy(thread: *mut spdk_thread) {
    // SAFETY: the caller vouches for the thread.
    unsafe {
        assert!(
            (*thread).state() == EXITED,
            "spdk_thread_destroy: thread '{}' has not exited; call spdk_thread_exit on it and poll it until spdk_thread_is_exited",
            (*thread).label()
        );
        assert!(
            !(*thread).polling.load(Ordering::Relaxed),
            "spdk_thread_destroy: thread '{}' is being polled; destroy it after its poll",
            (*thread).label()
        );
    }
    if current() == thread {
        set_current(ptr::null_mut());
    }
    let mut registry = registry::lock();
    if registry.app_thread == thread {
        return;
    }
    registry.threads.retain(|&other| other != thread);
    drop(registry);
    // SAFETY: it is out of the list and, by the contract, used nowhere else.
    unsafe { free_thread(thread) };
}

/// Frees a thread that is out of the list, with the pollers and messages a forced exit left on it.
///
/// # Safety
/// - Nobody else uses the thread.
pub(super) unsafe fn free_thread(thread: *mut spdk_thread) {
    // SAFETY: the caller is the only user; members of the lists are alive.
    unsafe {
        for &channel in (*(*thread).channels.get()).values() {
            tracing::error!(
                "spdk_thread_destroy: thread '{}' still has a channel of the device '{}'",
                (*thread).label(),
                (*(*channel).device).label()
            );
        }
        for list in [&(*thread).active, (*thread).timed.list(), &(*thread).paused] {
            free_pollers(thread, list);
        }
        let dropped = (*thread).messages.discard();
        assert!(
            dropped == 0 || (*thread).forced.get() || (*thread).state() != EXITED,
            "spdk_thread_destroy: {dropped} messages were sent to thread '{}' after it had exited",
            (*thread).label()
        );
        spdk_thread::dealloc(thread);
    }
}

/// # Safety
/// - As for [`free_thread`]; `list` is one of the thread's.
unsafe fn free_pollers(thread: *mut spdk_thread, list: &PollerList) {
    loop {
        let poller = list.first();
        if poller.is_null() {
            return;
        }
        // SAFETY: members are alive, and the caller is the only user.
        unsafe {
            if (*poller).state.get() != State::Unregistered {
                tracing::warn!(
                    "spdk_thread_destroy: poller '{}' is still registered on thread '{}'",
                    (*poller).name.to_string_lossy(),
                    (*thread).label()
                );
            }
            list.remove(poller);
            spdk_poller::free(poller);
        }
    }
}

/// Gives the current thread a new cpumask and asks the host to move it. Returns 0, `-ENOTSUP` when the
/// host cannot, `-EINVAL` without a current thread.
///
/// # Safety
/// - `cpumask` points to a cpuset.
pub unsafe extern "C" fn spdk_thread_set_cpumask(cpumask: *mut spdk_cpuset) -> c_int {
    let hooks = registry::lock().hooks;
    let Some(Hooks { op: Some(op), op_supported: Some(supported), .. }) = hooks else {
        tracing::error!("spdk_thread_set_cpumask: the host does not move threads");
        return -libc::ENOTSUP;
    };
    // SAFETY: the host promised that its hooks may be called anywhere.
    if !unsafe { supported(SPDK_THREAD_OP_RESCHED) } {
        tracing::error!("spdk_thread_set_cpumask: the host does not move threads");
        return -libc::ENOTSUP;
    }
    let thread = current();
    if thread.is_null() {
        tracing::error!("spdk_thread_set_cpumask: called without a current spdk_thread");
        return -libc::EINVAL;
    }
    // SAFETY: a current thread is alive, the caller vouches for the mask, the host for its hook.
    unsafe {
        spdk_cpuset_copy((*thread).cpumask.get(), cpumask);
        op(thread, SPDK_THREAD_OP_RESCHED);
    }
    0
}
