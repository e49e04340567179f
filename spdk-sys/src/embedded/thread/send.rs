//! Sending messages to threads.
//!
//! Everything here may be called on any OS thread, with or without a current spdk_thread. A message
//! that cannot be delivered ends the process, as in SPDK.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering;

use super::msg::{self, RING_SIZE};
use super::object::{EXITED, current};
use super::{spdk_msg_fn, spdk_thread};

/// Queues `fn_(ctx)` to run in a later poll of `thread`. Always returns 0. Messages of one sender
/// arrive in order.
///
/// Ends the process when the thread has exited, when its queue of 65536 is full or when the pool of
/// messages is empty.
///
/// # Safety
/// - `thread` is alive.
/// - `fn_` may be called with `ctx`, once, on that thread, and does not unwind.
pub unsafe extern "C" fn spdk_thread_send_msg(
    thread: *const spdk_thread,
    fn_: spdk_msg_fn,
    ctx: *mut c_void,
) -> c_int {
    let call = fn_.expect("spdk_thread_send_msg: the message function must not be NULL");
    // SAFETY: the caller vouches for the thread.
    if unsafe { (*thread).state() } == EXITED {
        // SAFETY: as above.
        let name = unsafe { (*thread).label() };
        panic!("spdk_thread_send_msg: thread '{name}' has exited and takes no messages");
    }
    let here = current();
    // SAFETY: a current thread is alive, and its cache is used on this OS thread only.
    let cache = unsafe { here.as_ref() }.map(|here| &here.msg_cache);
    let msg = msg::get(cache, call, ctx)
        .expect("spdk_thread_send_msg: the message pool is empty; too many messages wait");
    // SAFETY: the cell is ours; `push_own` only if the queue is the calling OS thread's own.
    let queued = unsafe {
        if ptr::eq(here, thread) {
            (*thread).messages.push_own(msg)
        } else {
            (*thread).messages.push(msg)
        }
    };
    assert!(
        queued,
        "spdk_thread_send_msg: the queue of the target holds {RING_SIZE} messages already; coalesce messages or poll the target more often"
    );
    0
}

/// Sets the one critical message of `thread`: it runs before all others, with a NULL argument.
/// Always returns 0. May be called in a signal handler.
///
/// Ends the process while an earlier one is pending or running.
///
/// # Safety
/// - `thread` is alive.
/// - `fn_` may be called with NULL on that thread, and does not unwind.
pub unsafe extern "C" fn spdk_thread_send_critical_msg(
    thread: *mut spdk_thread,
    fn_: spdk_msg_fn,
) -> c_int {
    let call = fn_.map_or(ptr::null_mut(), |call| call as *mut ());
    // SAFETY: the caller vouches for the thread.
    let slot = unsafe { &(*thread).critical };
    let taken = call.is_null()
        || slot
            .compare_exchange(ptr::null_mut(), call, Ordering::AcqRel, Ordering::Relaxed)
            .is_err();
    if taken {
        die_in_signal(
            b"spdk_thread_send_critical_msg: the function is NULL or a critical message is pending already\n",
        );
    }
    0
}

/// Ends the process with nothing but calls that a signal handler may make.
fn die_in_signal(message: &[u8]) -> ! {
    // SAFETY: the buffer is valid for its length; `write` and `abort` are async-signal-safe.
    unsafe {
        libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len());
        libc::abort()
    }
}

/// Runs `fn_(ctx)` at once when `thread` is the current one, else sends it. Always returns 0.
///
/// # Safety
/// - As for [`spdk_thread_send_msg`].
pub unsafe extern "C" fn spdk_thread_exec_msg(
    thread: *const spdk_thread,
    fn_: spdk_msg_fn,
    ctx: *mut c_void,
) -> c_int {
    if ptr::eq(current(), thread) {
        let call = fn_.expect("spdk_thread_exec_msg: the message function must not be NULL");
        // SAFETY: the caller vouches for the call.
        unsafe { call(ctx) };
        return 0;
    }
    // SAFETY: passed on from the caller.
    unsafe { spdk_thread_send_msg(thread, fn_, ctx) }
}
