//! Pollers: order, timing, pause, unregistration, and what a poll reports.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod common;

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Host, Poller, Trace, dies};
use spdk_sys::*;

/// A poller that traces its name and returns `rc`.
fn traced(trace: &Trace, name: &'static str, period: u64, rc: i32) -> Poller {
    let trace = trace.clone();
    Poller::new(period, move || {
        trace.add(name);
        rc
    })
}

fn stop(host: &Host, pollers: impl IntoIterator<Item = Poller>) {
    let mut pollers: Vec<_> = pollers.into_iter().collect();
    host.on(0, || pollers.iter_mut().for_each(Poller::stop));
    // They leave their lists at their next turn, which for a timed one is far in the future.
    host.poll_at(0, u64::MAX / 2);
}

fn expiration(host: &Host) -> u64 {
    // SAFETY: the thread is alive and this is its host.
    unsafe { spdk_thread_next_poller_expiration(host.thread(0)) }
}

#[test]
fn active_pollers_run_newest_first() {
    let host = Host::new(1);
    let trace = Trace::default();
    let pollers = host.on(0, || ["a", "b", "c"].map(|name| traced(&trace, name, 0, 0)));
    assert_eq!(host.poll(0), 0);
    assert_eq!(trace.take(), "c b a");
    // SAFETY: the thread is alive and this is its host.
    assert_eq!(unsafe { spdk_thread_has_active_pollers(host.thread(0)) }, 1);
    stop(&host, pollers);
    // SAFETY: as above.
    assert!(!unsafe { spdk_thread_has_pollers(host.thread(0)) });
}

#[test]
fn a_poller_registered_in_the_pass_waits_for_the_next_one() {
    let host = Host::new(1);
    let trace = Trace::default();
    let child = Rc::new(RefCell::new(None));
    let parent = host.on(0, || {
        let (trace, child) = (trace.clone(), child.clone());
        Poller::new(0, move || {
            trace.add("parent");
            child.borrow_mut().get_or_insert_with(|| traced(&trace, "child", 0, 0));
            0
        })
    });
    host.poll(0);
    assert_eq!(trace.take(), "parent");
    host.poll(0);
    assert_eq!(trace.take(), "child parent");
    stop(&host, [parent, child.take().unwrap()]);
}

#[test]
fn an_unregistered_poller_never_runs_again() {
    let host = Host::new(1);
    let trace = Trace::default();
    let older = Rc::new(RefCell::new(host.on(0, || traced(&trace, "older", 0, 0))));
    let newer = host.on(0, || {
        let (trace, older) = (trace.clone(), older.clone());
        Poller::new(0, move || {
            trace.add("newer");
            older.borrow_mut().stop();
            0
        })
    });
    host.poll(0);
    host.poll(0);
    assert_eq!(trace.take(), "newer newer");
    stop(&host, [newer]);
}

#[test]
fn a_poller_may_unregister_itself() {
    let host = Host::new(1);
    for period in [0, 1] {
        let own = Rc::new(RefCell::new(None::<Poller>));
        let runs = Rc::new(Cell::new(0));
        let poller = host.on(0, || {
            let (own, runs) = (own.clone(), runs.clone());
            Poller::new(period, move || {
                runs.set(runs.get() + 1);
                own.borrow_mut().as_mut().unwrap().stop();
                1
            })
        });
        own.replace(Some(poller));
        assert_eq!(host.poll_at(0, u64::MAX / 2), 1);
        assert_eq!(host.poll_at(0, u64::MAX / 2), 0);
        assert_eq!(runs.get(), 1);
        // SAFETY: the thread is alive and this is its host.
        assert!(!unsafe { spdk_thread_has_pollers(host.thread(0)) });
        drop(own.take());
    }
}

#[test]
fn timed_pollers_run_when_due_earliest_first() {
    let host = Host::new(1);
    let trace = Trace::default();
    assert_eq!(expiration(&host), 0);
    let pollers = host.on(0, || {
        [("slow", 300_000_000), ("fast", 100_000_000), ("middle", 200_000_000)]
            .map(|(name, period)| traced(&trace, name, period, 0))
    });
    let due = expiration(&host);
    host.poll_at(0, due - 1);
    assert_eq!(trace.take(), "");
    host.poll_at(0, due);
    assert_eq!(trace.take(), "fast");
    // The next turn is one period after the poll that ran it.
    // SAFETY: reading the rate has no precondition.
    let hz = unsafe { spdk_get_ticks_hz() };
    host.poll_at(0, due + 1000 * hz);
    assert_eq!(trace.take(), "fast middle slow");
    assert_eq!(expiration(&host), due + 1100 * hz);
    stop(&host, pollers);
}

#[test]
fn timed_pollers_due_at_one_tick_run_in_the_order_of_insertion() {
    let host = Host::new(1);
    let trace = Trace::default();
    let pollers = host.on(0, || ["a", "b", "c"].map(|name| traced(&trace, name, 1, 0)));
    let now = expiration(&host) + 1_000_000_000;
    host.poll_at(0, now);
    assert_eq!(trace.take(), "a b c");
    // Now all three have the very same tick.
    host.poll_at(0, expiration(&host));
    assert_eq!(trace.take(), "a b c");
    stop(&host, pollers);
}

#[test]
fn one_poll_runs_the_critical_message_then_messages_then_active_then_timed_pollers() {
    static CRITICAL: AtomicBool = AtomicBool::new(false);
    unsafe extern "C" fn critical(_arg: *mut c_void) {
        CRITICAL.store(true, Ordering::Relaxed);
    }
    let host = Host::new(1);
    let trace = Trace::default();
    let pollers = host.on(0, || [traced(&trace, "timed", 1, 0), traced(&trace, "active", 0, 0)]);
    let t = trace.clone();
    host.send(0, move || {
        t.add(if CRITICAL.load(Ordering::Relaxed) { "message" } else { "too early" });
    });
    // SAFETY: the thread is alive; no critical message is pending.
    unsafe { spdk_thread_send_critical_msg(host.thread(0), Some(critical)) };
    host.poll_at(0, expiration(&host));
    assert_eq!(trace.take(), "message active timed");
    stop(&host, pollers);
}

#[test]
fn a_poll_at_tick_zero_is_a_poll_at_the_present_tick() {
    let host = Host::new(1);
    let trace = Trace::default();
    let poller = host.on(0, || traced(&trace, "timed", 1, 0));
    let due = expiration(&host);
    // SAFETY: the clock has no precondition.
    while unsafe { spdk_get_ticks() } < due {
        core::hint::spin_loop();
    }
    host.poll_at(0, 0);
    assert_eq!(trace.take(), "timed");
    assert!(expiration(&host) > due, "and the next turn is counted from there");
    stop(&host, [poller]);
}

#[test]
fn a_paused_poller_waits_until_it_is_resumed() {
    let host = Host::new(1);
    let trace = Trace::default();
    for period in [0, 1] {
        let poller = host.on(0, || traced(&trace, "run", period, 0));
        let later = u64::MAX / 2;
        // SAFETY: the poller is registered on thread 0, current inside `on`.
        unsafe {
            host.on(0, || spdk_poller_pause(poller.handle));
            host.poll_at(0, later);
            host.poll_at(0, later);
            assert_eq!(trace.take(), "");
            assert!(spdk_thread_has_pollers(host.thread(0)));
            assert!(spdk_thread_is_idle(host.thread(0)), "paused pollers do not count");
            host.on(0, || spdk_poller_resume(poller.handle));
            host.poll_at(0, later);
            assert_eq!(trace.take(), "run");
            // Paused and resumed before its turn: as if nothing had happened.
            host.on(0, || {
                spdk_poller_pause(poller.handle);
                spdk_poller_resume(poller.handle);
            });
            host.poll_at(0, u64::MAX - 1);
            assert_eq!(trace.take(), "run");
        }
        let mut poller = poller;
        host.on(0, || {
            poller.stop();
        });
        host.poll_at(0, u64::MAX);
    }
}

#[test]
fn a_paused_poller_can_be_unregistered() {
    let host = Host::new(1);
    for period in [0, 1_000_000] {
        let mut poller = host.on(0, || Poller::new(period, || 1));
        // SAFETY: the poller is registered on thread 0, current inside `on`.
        host.on(0, || unsafe { spdk_poller_pause(poller.handle) });
        host.poll_at(0, u64::MAX / 2);
        host.on(0, || poller.stop());
        assert_eq!(host.poll(0), 0);
        // SAFETY: the thread is alive and this is its host.
        assert!(!unsafe { spdk_thread_has_pollers(host.thread(0)) });
    }
}

#[test]
fn a_poll_reports_the_largest_result_and_never_less_than_zero() {
    let host = Host::new(1);
    let trace = Trace::default();
    let lazy = host.on(0, || traced(&trace, "lazy", 0, -1));
    assert_eq!(host.poll(0), 0);
    let busy = host.on(0, || traced(&trace, "busy", 0, 5));
    host.send(0, || {});
    assert_eq!(host.poll(0), 5);
    stop(&host, [lazy, busy]);
    host.send(0, || {});
    assert_eq!(host.poll(0), 1);
}

#[test]
fn idle_and_busy_time_add_up() {
    let host = Host::new(1);
    let stats = || {
        let mut stats = spdk_thread_stats::default();
        // SAFETY: the struct is ours; thread 0 is current inside `on`.
        assert_eq!(host.on(0, || unsafe { spdk_thread_get_stats(&mut stats) }), 0);
        stats
    };
    host.poll(0);
    let idle = stats();
    assert!(idle.idle_tsc > 0 && idle.busy_tsc == 0);
    host.send(0, || {});
    host.poll(0);
    let busy = stats();
    assert!(busy.busy_tsc > 0 && busy.idle_tsc == idle.idle_tsc);
    // SAFETY: NULL and no current thread are refused; the thread is alive.
    unsafe {
        assert_eq!(spdk_thread_get_stats(&mut spdk_thread_stats::default()), -libc::EINVAL);
        assert_eq!(host.on(0, || spdk_thread_get_stats(ptr::null_mut())), -libc::EINVAL);
        assert!(spdk_thread_get_last_tsc(host.thread(0)) <= spdk_get_ticks());
    }
}

thread_local! {
    static HANDLED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" fn handle(number: *mut c_void) {
    HANDLED.with_borrow_mut(|handled| handled.push(number as usize));
    // Registering inside a handler is dropped.
    // SAFETY: handlers run with their thread current.
    unsafe { spdk_thread_register_post_poller_handler(Some(handle), 99 as *mut c_void) };
}

#[test]
fn post_poller_handlers_run_once_after_the_next_active_poller() {
    let host = Host::new(1);
    host.on(0, || {
        for n in 0..5 {
            // SAFETY: the thread is current; the fifth is dropped.
            unsafe { spdk_thread_register_post_poller_handler(Some(handle), n as *mut c_void) };
        }
    });
    let handled = || HANDLED.with_borrow_mut(std::mem::take);
    host.send(0, || {});
    host.poll(0);
    assert_eq!(handled(), [0; 0], "there is no active poller yet");
    let poller = host.on(0, || Poller::new(0, || 0));
    host.poll(0);
    assert_eq!(handled(), [0, 1, 2, 3]);
    host.poll(0);
    assert_eq!(handled(), [0; 0]);
    stop(&host, [poller]);
}

unsafe extern "C" fn never(_arg: *mut c_void) -> i32 {
    unreachable!("this poller is never registered")
}

#[test]
fn registering_without_a_current_thread_gives_null() {
    let _host = Host::new(1);
    // SAFETY: the function is not run, as nothing is registered.
    assert!(unsafe { spdk_poller_register(Some(never), ptr::null_mut(), 0) }.is_null());
    let mut handle = ptr::null_mut();
    // SAFETY: a NULL handle is a no-op anywhere.
    unsafe { spdk_poller_unregister(&mut handle) };
}

#[test]
fn unregistering_on_another_thread_ends_the_process() {
    dies(
        "unregistering_on_another_thread_ends_the_process",
        "spdk_poller_unregister: the poller belongs to thread 't0', but it was called on 't1'",
        || {
            let host = Host::new(2);
            let mut poller = host.on(0, || Poller::new(0, || 0));
            host.on(1, || poller.stop());
        },
    );
}

#[test]
fn polling_a_thread_from_inside_itself_ends_the_process() {
    dies(
        "polling_a_thread_from_inside_itself_ends_the_process",
        "spdk_thread_poll: the thread is being polled already",
        || {
            let host = Host::new(1);
            let thread = host.thread(0);
            host.send(0, move || {
                // SAFETY: the thread is alive; the misuse is the test.
                unsafe { spdk_thread_poll(thread, 0, 0) };
            });
            host.poll(0);
        },
    );
}
