//! On which reactor a spdk_thread runs.
//!
//! Owns the context that the thread library keeps for its host ([`LwThread`]); only the OS thread
//! that creates or polls a thread touches it.

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use super::reactor::{Reactors, current};
use crate::{
    SPDK_THREAD_OP_NEW, SPDK_THREAD_OP_RESCHED, spdk_cpuset_get_cpu, spdk_thread,
    spdk_thread_get_cpumask, spdk_thread_get_ctx, spdk_thread_op,
};

/// What the event framework keeps for each thread; zeroed when the thread is created.
#[repr(C)]
#[derive(Debug)]
pub(super) struct LwThread {
    /// The thread has changed its cpumask and is to be placed anew.
    wants_to_move: bool,
}

/// The hook of the thread library: a thread is new, or has changed its cpumask.
pub(super) unsafe extern "C" fn thread_op(thread: *mut spdk_thread, op: spdk_thread_op) -> c_int {
    match op {
        SPDK_THREAD_OP_NEW => match current() {
            // SAFETY: the thread library hands the new thread over to us.
            Some(reactors) => unsafe {
                place(&reactors, thread);
                0
            },
            None => -libc::ENODEV,
        },
        SPDK_THREAD_OP_RESCHED => {
            // SAFETY: the hook runs on the thread itself, whose context is an LwThread.
            unsafe { (*context(thread)).wants_to_move = true };
            0
        }
        _ => -libc::ENOTSUP,
    }
}

/// The hook of the thread library that says which of these operations there are.
pub(super) unsafe extern "C" fn thread_op_supported(op: spdk_thread_op) -> bool {
    matches!(op, SPDK_THREAD_OP_NEW | SPDK_THREAD_OP_RESCHED)
}

/// The thread's context.
///
/// # Safety
///
/// - `thread` is alive and was created while this framework was the host.
unsafe fn context(thread: *mut spdk_thread) -> *mut LwThread {
    // SAFETY: the thread library reserved an LwThread for each thread, as asked at its start.
    unsafe { spdk_thread_get_ctx(thread) }.cast()
}

/// Whether the thread has asked to be placed anew.
///
/// # Safety
///
/// - `thread` is alive, and the caller is the reactor that polls it.
pub(super) unsafe fn wants_to_move(thread: *mut spdk_thread) -> bool {
    // SAFETY: by the caller's promise nobody else touches the context.
    unsafe { (*context(thread)).wants_to_move }
}

/// Hands `thread` to the next reactor, in turn, that its cpumask allows; if it allows none, to the
/// next one of all.
///
/// # Safety
///
/// - `thread` is alive, and no reactor has it on its list.
pub(super) unsafe fn place(reactors: &Reactors, thread: *mut spdk_thread) {
    // SAFETY: the thread is the caller's until it is queued below.
    let cpumask = unsafe {
        (*context(thread)).wants_to_move = false;
        spdk_thread_get_cpumask(thread)
    };
    let cores: Vec<u32> = reactors.cores().collect();
    let allowed = |index: &usize| {
        // SAFETY: the mask belongs to the thread, which is alive.
        unsafe { spdk_cpuset_get_cpu(cpumask, cores[*index]) }
    };
    let first = reactors.next.load(Ordering::Relaxed);
    let in_turn = (0..cores.len()).map(|step| (first + step) % cores.len());
    let index = in_turn.clone().find(allowed).unwrap_or(first % cores.len());
    // Two placements at once may pick the same core: the turn is a spread, not a promise.
    reactors.next.store((index + 1) % cores.len(), Ordering::Relaxed);
    reactors.push_thread(index, thread);
}
