//! Messages: order, batches, the critical one, and what ends the process.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod common;

use core::ffi::c_void;
use core::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Host, Trace, dies, send};
use spdk_sys::*;

unsafe extern "C" fn nothing(_arg: *mut c_void) {}

unsafe extern "C" fn count(counter: *mut c_void) {
    // SAFETY: tests pass a counter that outlives the message.
    unsafe { &*counter.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn messages_run_in_the_order_they_were_sent() {
    let host = Host::new(2);
    let trace = Trace::default();
    for n in 0..4 {
        let t = trace.clone();
        let message = move || t.add(n.to_string());
        // In turn from outside, from itself and from another thread: one queue for all.
        match n % 3 {
            0 => host.send(1, message),
            1 => host.on(1, || host.send(1, message)),
            _ => host.on(0, || host.send(1, message)),
        }
    }
    assert_eq!(host.poll(1), 1);
    assert_eq!(trace.take(), "0 1 2 3");
    assert_eq!(host.poll(1), 0);
}

#[test]
fn one_poll_takes_eight_and_leaves_what_they_send() {
    let host = Host::new(1);
    let trace = Trace::default();
    let thread = host.thread(0);
    for n in 0..10 {
        let t = trace.clone();
        host.send(0, move || {
            t.add(n.to_string());
            if n == 0 {
                let t = t.clone();
                send(thread, move || t.add("child"));
            }
        });
    }
    host.poll(0);
    assert_eq!(trace.take(), "0 1 2 3 4 5 6 7");
    host.poll(0);
    assert_eq!(trace.take(), "8 9 child");
}

#[test]
fn a_message_sent_by_a_short_batch_waits_for_the_next_poll() {
    let host = Host::new(1);
    let trace = Trace::default();
    let (t, thread) = (trace.clone(), host.thread(0));
    host.send(0, move || {
        t.add("parent");
        let t = t.clone();
        send(thread, move || t.add("child"));
    });
    host.poll(0);
    assert_eq!(trace.take(), "parent");
    host.poll(0);
    assert_eq!(trace.take(), "child");
}

#[test]
fn max_msgs_lowers_the_batch_but_never_raises_it() {
    let host = Host::new(1);
    let counter = AtomicUsize::new(0);
    let taken = || {
        for _ in 0..20 {
            // SAFETY: the counter outlives the polls below.
            unsafe {
                spdk_thread_send_msg(host.thread(0), Some(count), (&raw const counter) as *mut _)
            };
        }
        [3, 100].map(|max| {
            let before = counter.load(Ordering::Relaxed);
            // SAFETY: the thread is alive and polled here only.
            unsafe { spdk_thread_poll(host.thread(0), max, 0) };
            counter.load(Ordering::Relaxed) - before
        })
    };
    assert_eq!(taken(), [3, 8]);
    host.poll_until(|| counter.load(Ordering::Relaxed) == 20);
}

#[test]
fn exec_msg_is_a_call_on_the_same_thread_and_a_message_elsewhere() {
    let host = Host::new(2);
    let counter = AtomicUsize::new(0);
    let arg = (&raw const counter) as *mut c_void;
    // SAFETY: the threads are alive, the counter outlives the messages.
    let exec = |n| unsafe { spdk_thread_exec_msg(host.thread(n), Some(count), arg) };
    host.on(0, || {
        assert_eq!(exec(0), 0);
        assert_eq!(counter.load(Ordering::Relaxed), 1);
        assert_eq!(exec(1), 0);
        assert_eq!(counter.load(Ordering::Relaxed), 1);
    });
    host.poll(1);
    assert_eq!(counter.load(Ordering::Relaxed), 2);
}

static CRITICAL_RAN_AFTER: AtomicUsize = AtomicUsize::new(usize::MAX);
static MESSAGES: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn critical(arg: *mut c_void) {
    assert!(arg.is_null());
    CRITICAL_RAN_AFTER.store(MESSAGES.load(Ordering::Relaxed), Ordering::Relaxed);
}

#[test]
fn the_critical_message_overtakes_all_others() {
    let host = Host::new(1);
    host.send(0, || {
        MESSAGES.fetch_add(1, Ordering::Relaxed);
    });
    for before in 0..2 {
        CRITICAL_RAN_AFTER.store(usize::MAX, Ordering::Relaxed);
        // SAFETY: the thread is alive; no critical message is pending.
        assert_eq!(unsafe { spdk_thread_send_critical_msg(host.thread(0), Some(critical)) }, 0);
        // SAFETY: the thread is alive and this is its host.
        assert!(!unsafe { spdk_thread_is_idle(host.thread(0)) });
        assert!(host.poll(0) > 0);
        // The first one comes before the message of the same poll, the second in a poll after it.
        assert_eq!(CRITICAL_RAN_AFTER.load(Ordering::Relaxed), before);
        assert_eq!(MESSAGES.load(Ordering::Relaxed), 1);
    }
}

/// A target that can be shared with sending OS threads.
#[derive(Clone, Copy)]
struct Target(*mut spdk_thread);
// SAFETY: sending is legal from any OS thread; the host keeps the thread alive.
unsafe impl Send for Target {}

impl Target {
    fn send(self, f: impl FnOnce() + 'static) {
        send(self.0, f);
    }
}

#[test]
fn messages_of_many_os_threads_arrive_once_and_in_each_senders_order() {
    const SENDERS: usize = 4;
    const EACH: usize = 5_000;
    static NEXT: [AtomicUsize; SENDERS] = [const { AtomicUsize::new(0) }; SENDERS];
    let host = Host::new(1);
    let target = Target(host.thread(0));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            std::thread::spawn(move || {
                for n in 0..EACH {
                    target.send(move || {
                        assert_eq!(NEXT[sender].fetch_add(1, Ordering::Relaxed), n);
                    });
                }
            })
        })
        .collect();
    let done = |n: &AtomicUsize| n.load(Ordering::Relaxed) == EACH;
    while !NEXT.iter().all(done) {
        host.poll(0);
    }
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert_eq!(host.poll(0), 0);
}

#[test]
fn a_thread_may_move_between_os_threads_between_polls() {
    let host = Host::new(1);
    let target = Target(host.thread(0));
    let trace = Trace::default();
    for n in 0..3 {
        let t = trace.clone();
        host.send(0, move || t.add(n.to_string()));
        std::thread::spawn(move || {
            let target = target;
            // SAFETY: the join below hands the thread over and back.
            unsafe { spdk_thread_poll(target.0, 0, 0) }
        })
        .join()
        .unwrap();
    }
    assert_eq!(trace.take(), "0 1 2");
}

#[test]
fn sending_to_an_exited_thread_ends_the_process() {
    dies(
        "sending_to_an_exited_thread_ends_the_process",
        "spdk_thread_send_msg: thread 't1' has exited",
        || {
            let host = Host::new(2);
            let thread = host.thread(1);
            // SAFETY: the thread is current inside `on` and alive throughout.
            unsafe {
                host.on(1, || spdk_thread_exit(thread));
                host.poll_until(|| spdk_thread_is_exited(thread));
                spdk_thread_send_msg(thread, Some(nothing), ptr::null_mut());
            }
        },
    );
}

#[test]
fn a_full_queue_ends_the_process() {
    dies(
        "a_full_queue_ends_the_process",
        "spdk_thread_send_msg: the queue of the target holds 65536 messages",
        || {
            let host = Host::new(1);
            for _ in 0..=65536 {
                host.send(0, || {});
            }
        },
    );
}

#[test]
fn an_empty_pool_ends_the_process() {
    dies(
        "an_empty_pool_ends_the_process",
        "spdk_thread_send_msg: the message pool is empty",
        || {
            let _serial = common::serial();
            common::start_env();
            // SAFETY: nothing else runs in this process.
            assert_eq!(unsafe { spdk_thread_lib_init_ext(None, None, 0, 16) }, 0);
            let thread = common::create("t");
            for _ in 0..17 {
                send(thread, || {});
            }
        },
    );
}

#[test]
fn a_second_critical_message_ends_the_process() {
    dies(
        "a_second_critical_message_ends_the_process",
        "spdk_thread_send_critical_msg: the function is NULL or a critical message is pending",
        || {
            let host = Host::new(1);
            // SAFETY: the thread is alive.
            unsafe {
                spdk_thread_send_critical_msg(host.thread(0), Some(nothing));
                spdk_thread_send_critical_msg(host.thread(0), Some(nothing));
            }
        },
    );
}

unsafe extern "C" fn critical_again(_arg: *mut c_void) {
    // SAFETY: a critical message runs with its thread current.
    unsafe { spdk_thread_send_critical_msg(spdk_get_thread(), Some(nothing)) };
}

#[test]
fn a_critical_message_may_not_send_another() {
    dies(
        "a_critical_message_may_not_send_another",
        "spdk_thread_send_critical_msg: the function is NULL or a critical message is pending",
        || {
            let host = Host::new(1);
            // SAFETY: the thread is alive.
            unsafe { spdk_thread_send_critical_msg(host.thread(0), Some(critical_again)) };
            host.poll(0);
        },
    );
}
