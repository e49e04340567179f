//! Opening a bdev that may not exist yet.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use super::open::{OpenArgs, open_by_name};
use super::registry::{bytes, registry};
use super::{
    fail, spdk_bdev_desc, spdk_bdev_event_cb_t, spdk_bdev_open_async_cb_t,
    spdk_bdev_open_async_opts,
};
use crate::{
    SPDK_POLLER_BUSY, spdk_get_ticks, spdk_get_ticks_hz, spdk_poller, spdk_poller_register_named,
    spdk_poller_unregister, spdk_thread, spdk_thread_send_msg,
};

const RETRY_PERIOD_US: u64 = 100_000;

/// An open under way. Touched on its thread only, except `cancelled`.
pub(super) struct AsyncOpen {
    name: Vec<u8>,
    args: OpenArgs,
    cb: spdk_bdev_open_async_cb_t,
    cb_arg: *mut c_void,
    thread: *mut spdk_thread,
    poller: Cell<*mut spdk_poller>,
    deadline: Option<u64>,
    cancelled: AtomicBool,
    outcome: Cell<(c_int, *mut spdk_bdev_desc)>,
}

/// Opens a bdev, trying every 100 ms until it works or `opts.timeout_ms` have passed (default 0: one
/// try). Returns 0, and `open_cb` runs on this thread by message with the descriptor, or with NULL
/// and the errno of the single try, -ETIMEDOUT, or -ESHUTDOWN if the library shuts down. Or -EINVAL
/// without callbacks or with `opts.size` 0.
///
/// # Safety
/// - `bdev_name` is a C string; `opts` is NULL or valid; both during the call.
/// - `event_ctx` stays valid until the descriptor is closed, or until `open_cb` failed. Events may
///   come before `open_cb`.
pub unsafe extern "C" fn spdk_bdev_open_async(
    bdev_name: *const c_char,
    write: bool,
    event_cb: spdk_bdev_event_cb_t,
    event_ctx: *mut c_void,
    opts: *mut spdk_bdev_open_async_opts,
    open_cb: spdk_bdev_open_async_cb_t,
    open_cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: by contract.
    let size = unsafe { opts.as_ref() }.map_or(usize::MAX, |opts| opts.size);
    if event_cb.is_none() || open_cb.is_none() || size == 0 {
        tracing::error!("spdk_bdev_open_async: a callback is NULL or opts.size is 0");
        return -libc::EINVAL;
    }
    let thread = fail::require_thread("spdk_bdev_open_async");
    // SAFETY: by contract.
    let name = unsafe { bytes(bdev_name) }.to_vec();
    let open = Box::into_raw(Box::new(AsyncOpen {
        name,
        args: OpenArgs { write, event_cb, event_ctx, hide_metadata: false },
        cb: open_cb,
        cb_arg: open_cb_arg,
        thread,
        poller: Cell::new(ptr::null_mut()),
        // SAFETY: by contract.
        deadline: deadline(unsafe { opts.as_ref() }),
        cancelled: AtomicBool::new(false),
        outcome: Cell::new((0, ptr::null_mut())),
    }));
    registry().async_opens.push(open);
    // SAFETY: the poller is unregistered before `open` is freed.
    unsafe {
        let name = c"bdev_open_async".as_ptr();
        let poller = spdk_poller_register_named(Some(poll), open.cast(), RETRY_PERIOD_US, name);
        (*open).poller.set(poller);
        poll(open.cast());
    }
    0
}

/// When to give up, in ticks; `None` after the first try.
fn deadline(opts: Option<&spdk_bdev_open_async_opts>) -> Option<u64> {
    let known = |opts: &&spdk_bdev_open_async_opts| opts.size >= size_of_val(*opts);
    let timeout_ms = opts.filter(known)?.timeout_ms;
    if timeout_ms == 0 {
        return None;
    }
    // SAFETY: may be called from anywhere.
    let (now, hz) = unsafe { (spdk_get_ticks(), spdk_get_ticks_hz()) };
    let ticks = u128::from(timeout_ms) * u128::from(hz) / 1000;
    Some(now.saturating_add(u64::try_from(ticks).unwrap_or(u64::MAX)))
}

/// Tries once.
unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    let ptr = ctx.cast::<AsyncOpen>();
    // SAFETY: alive until `finish`, which a message from here or from `cancel_all` runs.
    let open = unsafe { &*ptr };
    if open.cancelled.load(Ordering::Acquire) {
        return SPDK_POLLER_BUSY as c_int;
    }
    let outcome = match open_by_name(&open.name, open.args) {
        Ok(desc) => (0, desc),
        Err(errno) => match open.deadline {
            None => (-errno, ptr::null_mut()),
            // SAFETY: may be called from anywhere.
            Some(deadline) if unsafe { spdk_get_ticks() } >= deadline => {
                (-libc::ETIMEDOUT, ptr::null_mut())
            }
            Some(_) => return SPDK_POLLER_BUSY as c_int,
        },
    };
    stop_poller(open);
    let mut registry = registry();
    if !registry.async_opens.contains(&ptr) {
        // A shutdown came in between, and its message answers the caller.
        drop(registry);
        open.outcome.set(outcome);
        return SPDK_POLLER_BUSY as c_int;
    }
    registry.async_opens.retain(|&other| other != ptr);
    drop(registry);
    open.outcome.set(outcome);
    // SAFETY: this thread runs, so it takes messages.
    unsafe { spdk_thread_send_msg(open.thread, Some(finish), ctx) };
    SPDK_POLLER_BUSY as c_int
}

fn stop_poller(open: &AsyncOpen) {
    let mut poller = open.poller.replace(ptr::null_mut());
    // SAFETY: registered on this thread, or NULL.
    unsafe { spdk_poller_unregister(&raw mut poller) };
}

/// Ends every open under way with -ESHUTDOWN.
pub(super) fn cancel_all() {
    let opens = core::mem::take(&mut registry().async_opens);
    for open in opens {
        // SAFETY: alive: only `finish` frees it, and it is sent once, from here.
        unsafe {
            (*open).cancelled.store(true, Ordering::Release);
            spdk_thread_send_msg((*open).thread, Some(finish), open.cast());
        }
    }
}

unsafe extern "C" fn finish(ctx: *mut c_void) {
    // SAFETY: boxed by `spdk_bdev_open_async`; this message is sent once.
    let open = unsafe { Box::from_raw(ctx.cast::<AsyncOpen>()) };
    stop_poller(&open);
    let (mut rc, mut desc) = open.outcome.get();
    if open.cancelled.load(Ordering::Acquire) && desc.is_null() {
        rc = -libc::ESHUTDOWN;
        desc = ptr::null_mut();
    }
    if let Some(cb) = open.cb {
        // SAFETY: the caller's callback and argument.
        unsafe { cb(desc, rc, open.cb_arg) };
    }
}
