//! The end of a runtime: cancel the tasks, wait for what is in flight and open, let go.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::time::Duration;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Write as _;
use std::rc::Rc;
use std::time::Instant;

use spdk_sys::spdk_poller;

use super::registry;
use super::runtime::{CLOCK_SHIFT, Runtime};
use super::worker;
use crate::adapter::guard;

/// How often an end that does not come is reported.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// How many different reasons a report lists.
const LISTED: usize = 16;

/// Ends `runtime`, whose thread is current, and then calls `then` on it. Not from inside a task.
pub(crate) fn end(runtime: Rc<Runtime>, then: impl FnOnce() + 'static) {
    wait_until(Rc::clone(&runtime), "the end of a thread", Runtime::is_drained, move || {
        runtime.detach();
        then();
    });
}

/// Ends the runtimes of all other threads, then calls `then` on this one. Not from inside a task.
pub(crate) fn end_workers(runtime: Rc<Runtime>, then: impl FnOnce() + 'static) {
    let id = runtime.id();
    let ended = move |_: &Runtime| {
        // At one moment: what is starting is listed before it stops to count as starting.
        let (others, starting) = registry::others(id, worker::any_starting);
        let ended = others.is_empty() && !starting;
        // Again in each turn: a worker may have been on its way up.
        others.into_iter().for_each(request);
        ended
    };
    wait_until(runtime, "the end of the workers", ended, then);
}

/// Tells a thread to end, wherever it runs.
pub(super) fn request(id: u64) {
    registry::send_end(id, end_current);
}

/// A worker's last message but for what it has in flight.
unsafe extern "C" fn end_current(_ctx: *mut c_void) {
    guard("the end of a worker", || {
        let Some(runtime) = registry::current() else { return };
        runtime.cancel_tasks();
        end(runtime, || {
            let last_report = Box::into_raw(Box::new(Instant::now()));
            // SAFETY: nothing of ours is open on the thread by now, and the box goes with the call.
            unsafe { exit_when_unused(last_report.cast()) }
        });
    });
}

/// Lets the current thread exit (`spdk_thread_exit`).
///
/// # Safety
///
/// - An `spdk_thread` is current, and nothing is open on it.
pub(super) unsafe fn exit_current() {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    // SAFETY: the caller's promise.
    unsafe { spdk_sys::spdk_thread_exit(thread) };
}

/// Lets the current thread exit as soon as SPDK has no poller of its own on it, as for the rate
/// limits of a bdev. SPDK would force the exit, and then use the thread all the same.
///
/// Looks again by message, for a poller of ours would be one more.
///
/// # Safety
///
/// - As for [`exit_current`], and `last_report` is a leaked `Box<Instant>`, which this takes over.
unsafe extern "C" fn exit_when_unused(last_report: *mut c_void) {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    // SAFETY: the thread is current, so it is alive.
    if unsafe { spdk_sys::spdk_thread_has_pollers(thread) } {
        // SAFETY: the caller's promise.
        let last = unsafe { &mut *last_report.cast::<Instant>() };
        if last.elapsed() >= REPORT_EVERY {
            *last = Instant::now();
            warn(
                "the end of a thread is held up: SPDK has pollers of its own there, as for the rate limits of a bdev",
            );
        }
        // SAFETY: the thread is current, so it has not exited; the message takes the box over.
        unsafe { spdk_sys::spdk_thread_send_msg(thread, Some(exit_when_unused), last_report) };
        return;
    }
    // SAFETY: the caller's promise; no message has it.
    drop(unsafe { Box::from_raw(last_report.cast::<Instant>()) });
    // SAFETY: the caller's promise.
    unsafe { exit_current() };
}

/// A condition that is looked at in each turn of the thread.
struct Waiting {
    runtime: Rc<Runtime>,
    what: &'static str,
    condition: Box<dyn Fn(&Runtime) -> bool>,
    then: RefCell<Option<Box<dyn FnOnce()>>>,
    poller: Cell<*mut spdk_poller>,
    last_report: Cell<Instant>,
}

fn wait_until(
    runtime: Rc<Runtime>,
    what: &'static str,
    condition: impl Fn(&Runtime) -> bool + 'static,
    then: impl FnOnce() + 'static,
) {
    let waiting = Box::into_raw(Box::new(Waiting {
        runtime,
        what,
        condition: Box::new(condition),
        then: RefCell::new(Some(Box::new(then))),
        poller: Cell::new(ptr::null_mut()),
        last_report: Cell::new(Instant::now()),
    }));
    // SAFETY: `look` frees the box, after it has unregistered the poller.
    let poller = unsafe {
        spdk_sys::spdk_poller_register_named(Some(look), waiting.cast(), 0, c"end".as_ptr())
    };
    assert!(!poller.is_null(), "spdk_poller_register had no memory for the end of a thread");
    // SAFETY: pollers do not run inside of their registration, so the box is still there.
    unsafe { (*waiting).poller.set(poller) };
}

/// Looks at the condition.
///
/// # Safety
///
/// - `ctx` is a leaked `Waiting` whose poller is registered.
unsafe extern "C" fn look(ctx: *mut c_void) -> c_int {
    guard("the end of a thread", || {
        let waiting = ctx.cast::<Waiting>();
        {
            // SAFETY: the caller's promise.
            let waiting = unsafe { &*waiting };
            if !(waiting.condition)(&waiting.runtime) {
                report(waiting);
                return 0;
            }
            let mut poller = waiting.poller.replace(ptr::null_mut());
            // SAFETY: the poller belongs to this thread; SPDK allows this inside its function.
            unsafe { spdk_sys::spdk_poller_unregister(&raw mut poller) };
        }
        // SAFETY: the poller is gone, so nobody uses the box any more.
        let waiting = unsafe { Box::from_raw(waiting) };
        if let Some(then) = waiting.then.take() {
            then();
        }
        1
    })
}

/// Names what the end waits for, from time to time.
fn report(waiting: &Waiting) {
    if waiting.last_report.get().elapsed() < REPORT_EVERY {
        return;
    }
    waiting.last_report.set(Instant::now());
    let reasons = summary(reasons(&waiting.runtime));
    let what = waiting.what;
    warn(&format!("{what} is held up: {reasons}"));
}

/// Says something to whoever listens.
fn warn(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!("{line}");
    } else {
        // A program that hangs must not do so in silence, if there is anybody to hear it.
        let _ = writeln!(std::io::stderr(), "spdk-async: {line}");
    }
}

/// What is open, what C has, and last the results that lie unread.
fn reasons(runtime: &Runtime) -> Vec<String> {
    // SAFETY: no precondition once SPDK is up, which it is while a runtime lives.
    let hz = unsafe { spdk_sys::spdk_get_ticks_hz() }.max(1);
    let in_flight =
        |function, seconds: u64| format!("{function} has been in flight for {seconds} s");
    let (completed, pending): (Vec<_>, Vec<_>) =
        runtime.pool().in_flight().into_iter().partition(|call| call.completed);
    let open = runtime.open().into_iter().map(|name| format!("{name} is open"));
    let pending = pending
        .into_iter()
        .map(|call| in_flight(call.function, (u64::from(call.age) << CLOCK_SHIFT) / hz));
    let boxed = crate::adapter::boxed_in_flight();
    let boxed = boxed.into_iter().map(|call| in_flight(call.function, call.age.as_secs()));
    let completed = completed
        .into_iter()
        .map(|call| format!("{} has completed, but its future is forgotten", call.function));
    open.chain(pending).chain(boxed).chain(completed).collect()
}

/// The reasons in one line of bounded length, for there may be hundreds of thousands: equal ones once,
/// with their count, and only the first few that differ.
fn summary(reasons: Vec<String>) -> String {
    let mut counts = HashMap::new();
    let mut distinct = Vec::new();
    for reason in &reasons {
        let count = counts.entry(reason).or_insert(0_usize);
        if *count == 0 {
            distinct.push(reason);
        }
        *count += 1;
    }
    let (listed, more) = distinct.split_at(distinct.len().min(LISTED));
    let mut parts: Vec<String> = (listed.iter())
        .map(|reason| match counts[reason] {
            1 => (*reason).clone(),
            count => format!("{reason} ({count} times)"),
        })
        .collect();
    let more: usize = more.iter().map(|reason| counts[reason]).sum();
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_reasons_are_listed_once() {
        assert_eq!(summary(["b", "a", "b"].map(str::to_owned).to_vec()), "b (2 times), a");
    }

    #[test]
    fn a_list_is_short_however_much_holds_the_end_up() {
        let reasons: Vec<String> = (0..100_000).map(|i| (i / 10).to_string()).collect();
        let listed: Vec<String> = (0..LISTED).map(|i| format!("{i} (10 times)")).collect();
        let more = reasons.len() - 10 * LISTED;
        assert_eq!(summary(reasons), format!("{}, and {more} more", listed.join(", ")));
        let all: Vec<String> = (0..LISTED).map(|i| i.to_string()).collect();
        assert_eq!(summary(all.clone()), all.join(", "));
    }
}
