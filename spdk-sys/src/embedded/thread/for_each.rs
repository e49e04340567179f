//! Walks over all threads, and over all channels of a device.
//!
//! Invariant: a step is sent with the registry locked, after its target was found RUNNING (threads)
//! or holding a channel (channels), so the target cannot exit in between.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;

use super::io_device::{IoDevice, unregister_after_walks};
use super::object::{current, require_current};
use super::registry::{self, Registry};
use super::send::spdk_thread_send_msg;
use super::{
    spdk_channel_for_each_cpl, spdk_channel_msg, spdk_io_channel, spdk_msg_fn, spdk_thread,
};

fn begin(origin: *mut spdk_thread) {
    // SAFETY: the origin is the current thread, hence alive.
    let count = unsafe { &(*origin).for_each_count };
    count.set(count.get() + 1);
}

fn end(origin: *mut spdk_thread) {
    // SAFETY: as in `begin`; it could not exit because of the count.
    let count = unsafe { &(*origin).for_each_count };
    count.set(count.get() - 1);
}

struct ThreadWalk {
    at: Cell<*mut spdk_thread>,
    function: unsafe extern "C" fn(*mut c_void),
    ctx: *mut c_void,
    origin: *mut spdk_thread,
    cpl: spdk_msg_fn,
}

/// Runs `fn_(ctx)` on every RUNNING thread, one after another in the order of creation, then
/// `cpl(ctx)` on the current one, all by message. Without a current thread `cpl` runs at once and
/// `fn_` never.
///
/// # Safety
/// - `fn_` may be called with `ctx` on every thread, `cpl` on this one, and neither unwinds.
pub unsafe extern "C" fn spdk_for_each_thread(
    fn_: spdk_msg_fn,
    ctx: *mut c_void,
    cpl: spdk_msg_fn,
) {
    let function = fn_.expect("spdk_for_each_thread: the function must not be NULL");
    let origin = current();
    if origin.is_null() {
        tracing::error!("spdk_for_each_thread: called without a current spdk_thread");
        if let Some(cpl) = cpl {
            // SAFETY: the caller vouches for the call.
            unsafe { cpl(ctx) };
        }
        return;
    }
    begin(origin);
    let walk = ThreadWalk { at: Cell::new(ptr::null_mut()), function, ctx, origin, cpl };
    // SAFETY: the walk is new and ours.
    unsafe { walk_on(Box::into_raw(Box::new(walk)), &registry::lock(), 0) };
}

/// Sends the walk to the first RUNNING thread at or after position `from`, or home.
///
/// # Safety
/// - `walk` is alive and held by nobody else.
unsafe fn walk_on(walk: *mut ThreadWalk, registry: &Registry, from: usize) {
    // SAFETY: the caller vouches for the walk; after the send it belongs to the target.
    unsafe {
        match registry.running_from(from) {
            Some(thread) => {
                (*walk).at.set(thread);
                spdk_thread_send_msg(thread, Some(on_thread), walk.cast());
            }
            None => {
                spdk_thread_send_msg((*walk).origin, Some(threads_done), walk.cast());
            }
        }
    }
}

/// # Safety
/// - `walk` is a `ThreadWalk` that this message owns.
unsafe extern "C" fn on_thread(walk: *mut c_void) {
    let walk = walk.cast::<ThreadWalk>();
    // SAFETY: the message owns the walk; the caller of the API vouched for the function.
    unsafe {
        ((*walk).function)((*walk).ctx);
        let registry = registry::lock();
        walk_on(walk, &registry, registry.after((*walk).at.get()));
    }
}

/// # Safety
/// - `walk` is a `ThreadWalk` that this message owns.
unsafe extern "C" fn threads_done(walk: *mut c_void) {
    // SAFETY: the message owns the walk.
    let walk = unsafe { Box::from_raw(walk.cast::<ThreadWalk>()) };
    end(walk.origin);
    if let Some(cpl) = walk.cpl {
        // SAFETY: the caller of the API vouched for the call.
        unsafe { cpl(walk.ctx) };
    }
}

/// A walk over the channels of a device.
///
/// Opaque, as in C; valid in the callbacks that get it, and until they continue the walk.
pub struct spdk_io_channel_iter {
    io_device: *mut c_void,
    device: *mut IoDevice,
    function: spdk_channel_msg,
    status: Cell<c_int>,
    ctx: *mut c_void,
    channel: Cell<*mut spdk_io_channel>,
    at: Cell<*mut spdk_thread>,
    /// True from the call of the function until it continues.
    in_step: Cell<bool>,
    origin: *mut spdk_thread,
    cpl: spdk_channel_for_each_cpl,
}

/// Runs `fn_(i)` on the thread of every channel of the device, one after another in the order of
/// thread ids. Each must lead to one [`spdk_for_each_channel_continue`] on the same thread. Then, or
/// after the first non-zero status, `cpl(i, status)` runs by message on the current thread (`cpl` may
/// be NULL). An unknown device, or one that is being unregistered, gives `-ENODEV`.
///
/// # Safety
/// - There is a current thread.
/// - `fn_` may be called on the threads of the channels, `cpl` on this one, and neither unwinds.
pub unsafe extern "C" fn spdk_for_each_channel(
    io_device: *mut c_void,
    fn_: spdk_channel_msg,
    ctx: *mut c_void,
    cpl: spdk_channel_for_each_cpl,
) {
    let origin = current();
    assert!(!origin.is_null(), "spdk_for_each_channel: called without a current spdk_thread");
    assert!(fn_.is_some(), "spdk_for_each_channel: the function must not be NULL");
    begin(origin);
    let mut registry = registry::lock();
    let device = registry.device(io_device).unwrap_or(ptr::null_mut());
    let walk = Box::into_raw(Box::new(spdk_io_channel_iter {
        io_device,
        device,
        function: fn_,
        status: Cell::new(0),
        ctx,
        channel: Cell::new(ptr::null_mut()),
        at: Cell::new(ptr::null_mut()),
        in_step: Cell::new(false),
        origin,
        cpl,
    }));
    // SAFETY: the walk is new and ours until it is sent; registered devices are alive.
    unsafe {
        if device.is_null() || (*device).state(&mut registry).pending_unregister {
            (*walk).status.set(-libc::ENODEV);
            spdk_thread_send_msg(origin, Some(channels_done), walk.cast());
            return;
        }
        let state = (*device).state(&mut registry);
        match state.threads.first_key_value() {
            Some((_, &thread)) => {
                state.walks += 1;
                (*walk).at.set(thread);
                spdk_thread_send_msg(thread, Some(on_channel), walk.cast());
            }
            None => {
                spdk_thread_send_msg(origin, Some(channels_done), walk.cast());
            }
        }
    }
}

/// # Safety
/// - `walk` is a `spdk_io_channel_iter` that this message owns, and its thread is current.
unsafe extern "C" fn on_channel(walk: *mut c_void) {
    let walk = walk.cast::<spdk_io_channel_iter>();
    // SAFETY: the message owns the walk, the walk keeps its device; the map is the current thread's.
    unsafe {
        let channels = (*(*walk).at.get()).channels.get();
        let channel = (*channels).get(&((*walk).device as usize)).copied();
        (*walk).channel.set(channel.unwrap_or(ptr::null_mut()));
        (*walk).in_step.set(true);
        match (channel, (*walk).function) {
            (Some(_), Some(function)) => function(walk),
            // The channel went away while the message was on its way.
            _ => spdk_for_each_channel_continue(walk, 0),
        }
    }
}

/// Ends the step of the walk on this thread: with status 0 the walk goes on, with another one it ends.
///
/// # Safety
/// - `i` is the walk that a step on this thread got and has not continued.
pub unsafe extern "C" fn spdk_for_each_channel_continue(
    i: *mut spdk_io_channel_iter,
    status: c_int,
) {
    // SAFETY: the caller owns the walk; the walk keeps its device, and the step its thread.
    unsafe {
        require_current("spdk_for_each_channel_continue", "the step", (*i).at.get());
        assert!(
            (*i).in_step.replace(false),
            "spdk_for_each_channel_continue: called twice for one step"
        );
        (*i).status.set(status);
        (*i).channel.set(ptr::null_mut());
        let mut registry = registry::lock();
        let device = (*i).device;
        let state = (*device).state(&mut registry);
        let here = (*(*i).at.get()).id;
        let next = state.threads.range(here + 1..).next().map(|(_, &thread)| thread);
        if let (0, Some(thread)) = (status, next) {
            (*i).at.set(thread);
            spdk_thread_send_msg(thread, Some(on_channel), i.cast());
            return;
        }
        state.walks -= 1;
        spdk_thread_send_msg((*i).origin, Some(channels_done), i.cast());
        if state.pending_unregister && state.walks == 0 {
            let thread = state.unregister_thread;
            spdk_thread_send_msg(thread, Some(unregister_after_walks), device.cast());
        }
    }
}

/// # Safety
/// - `walk` is a `spdk_io_channel_iter` that this message owns.
unsafe extern "C" fn channels_done(walk: *mut c_void) {
    let walk = walk.cast::<spdk_io_channel_iter>();
    // SAFETY: the message owns the walk; the caller of the API vouched for the call.
    unsafe {
        end((*walk).origin);
        if let Some(cpl) = (*walk).cpl {
            cpl(walk, (*walk).status.get());
        }
        drop(Box::from_raw(walk));
    }
}

/// The address of the device that is walked.
///
/// # Safety
/// - `i` is a walk inside one of its callbacks.
pub unsafe extern "C" fn spdk_io_channel_iter_get_io_device(
    i: *mut spdk_io_channel_iter,
) -> *mut c_void {
    // SAFETY: the caller vouches for the walk.
    unsafe { (*i).io_device }
}

/// The channel of this step; NULL in the final callback.
///
/// # Safety
/// - `i` is a walk inside one of its callbacks.
pub unsafe extern "C" fn spdk_io_channel_iter_get_channel(
    i: *mut spdk_io_channel_iter,
) -> *mut spdk_io_channel {
    // SAFETY: the caller vouches for the walk.
    unsafe { (*i).channel.get() }
}

/// The context given to [`spdk_for_each_channel`].
///
/// # Safety
/// - `i` is a walk inside one of its callbacks.
pub unsafe extern "C" fn spdk_io_channel_iter_get_ctx(i: *mut spdk_io_channel_iter) -> *mut c_void {
    // SAFETY: the caller vouches for the walk.
    unsafe { (*i).ctx }
}
