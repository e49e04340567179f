//! One poll of a thread: critical message, a batch of messages, active pollers, timed pollers, exit.
//!
//! Invariant: nothing borrowed from the thread is held across a callback; what a callback may change
//! is read again after it. A thread is polled by one OS thread at a time, never from inside itself.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering;

use super::life::try_exit;
use super::msg::{BATCH, Call};
use super::object::{EXITING, current, set_current};
use super::poller::{self, State, spdk_poller};
use super::{spdk_post_poller_fn, spdk_thread};
use crate::spdk_get_ticks;

const MAX_POST_POLLERS: usize = 4;

type PostPoller = Option<(Call, *mut c_void)>;

/// The one-shot handlers that wait for the next active poller.
pub(super) struct PostPollers {
    slots: Cell<[PostPoller; MAX_POST_POLLERS]>,
    count: Cell<usize>,
}

impl PostPollers {
    pub(super) const fn new() -> Self {
        Self { slots: Cell::new([None; MAX_POST_POLLERS]), count: Cell::new(0) }
    }

    fn add(&self, handler: Call, arg: *mut c_void) -> bool {
        let count = self.count.get();
        if count == MAX_POST_POLLERS {
            return false;
        }
        let mut slots = self.slots.get();
        slots[count] = Some((handler, arg));
        self.slots.set(slots);
        self.count.set(count + 1);
        true
    }

    fn run(&self) {
        if self.count.get() == 0 {
            return;
        }
        // A full table turns away what a handler registers, as in SPDK.
        self.count.set(MAX_POST_POLLERS);
        for (handler, arg) in self.slots.replace([None; MAX_POST_POLLERS]).into_iter().flatten() {
            // SAFETY: registering promised that the handler may be called once with this argument.
            unsafe { handler(arg) };
        }
        self.count.set(0);
    }
}

/// Runs `fn_` once, right after the next active poller of the current thread. Four fit; more, or one
/// registered from inside such a handler, is dropped with a log line.
///
/// # Safety
/// - There is a current thread.
/// - `fn_` may be called with `fn_arg` on this thread, once, and does not unwind.
pub unsafe extern "C" fn spdk_thread_register_post_poller_handler(
    fn_: spdk_post_poller_fn,
    fn_arg: *mut c_void,
) {
    let handler =
        fn_.expect("spdk_thread_register_post_poller_handler: the handler must not be NULL");
    let thread = current();
    assert!(
        !thread.is_null(),
        "spdk_thread_register_post_poller_handler: called without a current spdk_thread"
    );
    // SAFETY: a current thread is alive.
    if !unsafe { (*thread).post_pollers.add(handler, fn_arg) } {
        tracing::error!(
            "spdk_thread_register_post_poller_handler: all {MAX_POST_POLLERS} slots are taken, the handler will not run"
        );
    }
}

/// Runs one round of the thread's work on the calling OS thread: the critical message, at most 8
/// messages (`max_msgs` may lower that), the active pollers, newest first, and the timed pollers that
/// are due at tick `now` (0: the present tick). Returns more than 0 when there was work, else 0.
///
/// The previous current thread is restored at the end. Polling a different thread from inside a poll
/// is legal.
///
/// # Safety
/// - `thread` is alive; no other OS thread polls it or has it as its current thread.
pub unsafe extern "C" fn spdk_thread_poll(
    thread: *mut spdk_thread,
    max_msgs: u32,
    now: u64,
) -> c_int {
    // SAFETY: the caller vouches for the thread.
    let polled_already = unsafe { (*thread).polling.swap(true, Ordering::Acquire) };
    assert!(
        !polled_already,
        "spdk_thread_poll: the thread is being polled already; do not poll it from inside its own callbacks or on two OS threads"
    );
    let previous = set_current(thread);
    // SAFETY: reading the clock has no precondition.
    let now = if now == 0 { unsafe { spdk_get_ticks() } } else { now };
    // SAFETY: the thread is alive, current, and polled by us alone.
    unsafe {
        (*thread).tsc_last.store(now, Ordering::Relaxed);
        let mut rc = run_messages(thread, max_msgs);
        rc = rc.max(run_active_pollers(thread));
        rc = rc.max(run_timed_pollers(thread, now));
        if (*thread).state.load(Ordering::Relaxed) == EXITING {
            try_exit(thread, now);
        }
        account(thread, now, rc);
        set_current(previous);
        (*thread).polling.store(false, Ordering::Release);
        rc
    }
}

/// # Safety
/// - The thread is alive and current.
unsafe fn account(thread: *mut spdk_thread, start: u64, rc: c_int) {
    // SAFETY: the caller vouches for the thread.
    unsafe {
        let end = spdk_get_ticks();
        let mut stats = (*thread).stats.get();
        if rc > 0 {
            stats.busy_tsc += end.saturating_sub(start);
        } else {
            stats.idle_tsc += end.saturating_sub(start);
        }
        (*thread).stats.set(stats);
        (*thread).tsc_last.store(end, Ordering::Relaxed);
    }
}

/// # Safety
/// - The thread is alive, current and polled by the caller.
unsafe fn run_messages(thread: *mut spdk_thread, max_msgs: u32) -> c_int {
    // SAFETY: the caller vouches for the thread.
    unsafe {
        let mut rc = 0;
        let critical = (*thread).critical.load(Ordering::Acquire);
        if !critical.is_null() {
            // SAFETY: the slot holds NULL or a `Call` that was stored as a pointer.
            let call: Call = core::mem::transmute::<*mut (), Call>(critical);
            call(ptr::null_mut());
            // Free only now: a second one sent by the handler is refused.
            (*thread).critical.store(ptr::null_mut(), Ordering::Release);
            rc = 1;
        }
        let mut batch = [ptr::null_mut(); BATCH];
        let max = if max_msgs == 0 { BATCH } else { max_msgs as usize };
        let count = (*thread).messages.take(&mut batch, max);
        for &msg in &batch[..count] {
            ((*msg).call)((*msg).arg);
            (*thread).msg_cache.put(msg);
            rc = 1;
        }
        rc
    }
}

/// # Safety
/// - The thread is alive, current and polled by the caller.
unsafe fn run_active_pollers(thread: *mut spdk_thread) -> c_int {
    let mut rc = 0;
    // SAFETY: the caller vouches for the thread; members of its lists are alive, and only its own
    // visit frees a poller, so `before` stays valid across the callback.
    unsafe {
        let mut poller = (*thread).active.last();
        while !poller.is_null() {
            let before = poller::prev(poller);
            if (*poller).state.get() == State::Waiting {
                rc = rc.max(spdk_poller::run(poller));
            }
            match (*poller).state.get() {
                State::Unregistered => {
                    (*thread).active.remove(poller);
                    spdk_poller::free(poller);
                }
                State::Pausing => {
                    (*thread).active.remove(poller);
                    (*thread).paused.push_back(poller);
                    (*poller).state.set(State::Paused);
                }
                _ => (*poller).state.set(State::Waiting),
            }
            (*thread).post_pollers.run();
            poller = before;
        }
    }
    rc
}

/// # Safety
/// - The thread is alive, current and polled by the caller.
unsafe fn run_timed_pollers(thread: *mut spdk_thread, now: u64) -> c_int {
    let mut rc = 0;
    // SAFETY: as in `run_active_pollers`; the running poller stands in no list.
    unsafe {
        let timed = &raw const (*thread).timed;
        let mut poller = (*timed).list().first();
        while !poller.is_null() && now >= (*poller).next_run_tick.get() {
            let after = poller::next(poller);
            (*timed).list().remove(poller);
            if (*poller).state.get() == State::Waiting {
                rc = rc.max(spdk_poller::run(poller));
            }
            match (*poller).state.get() {
                State::Unregistered => spdk_poller::free(poller),
                State::Pausing => {
                    (*thread).paused.push_back(poller);
                    (*poller).state.set(State::Paused);
                }
                _ => {
                    (*poller).state.set(State::Waiting);
                    (*timed).insert(poller, now);
                }
            }
            poller = after;
        }
    }
    rc
}
