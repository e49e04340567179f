//! Threads: creation, identity, exit and destruction, and the library around them.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod common;

use core::ffi::{c_int, c_void};
use core::ptr;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Host, Poller, create, dies, serial, start_env, text};
use spdk_sys::*;

fn is_exited(host: &Host, n: usize) -> bool {
    // SAFETY: the thread is alive.
    unsafe { spdk_thread_is_exited(host.thread(n)) }
}

fn exit(host: &Host, n: usize) {
    // SAFETY: the thread is alive and current inside `on`.
    assert_eq!(host.on(n, || unsafe { spdk_thread_exit(host.thread(n)) }), 0);
}

/// A tick after the time that an exiting thread is given.
fn after_timeout() -> u64 {
    // SAFETY: the clock has no precondition.
    unsafe { spdk_get_ticks() + 6 * spdk_get_ticks_hz() }
}

#[test]
fn threads_have_identity() {
    let host = Host::new(2);
    // SAFETY: the threads are alive.
    unsafe {
        let (first, second) = (host.thread(0), host.thread(1));
        assert_eq!(spdk_thread_get_app_thread(), first);
        assert!(spdk_thread_is_app_thread(first) && !spdk_thread_is_app_thread(second));
        assert!(host.on(0, || spdk_thread_is_app_thread(ptr::null_mut())));
        assert_eq!(spdk_thread_get_count(), 2);
        assert_eq!(text(spdk_thread_get_name(second)), "t1");
        let id = spdk_thread_get_id(first);
        assert_eq!(spdk_thread_get_id(second), id + 1);
        assert_eq!(spdk_thread_get_by_id(id + 1), second);
        assert!(spdk_thread_get_by_id(0).is_null());
        assert!(spdk_thread_get_by_id(id + 2).is_null());
        assert!(spdk_thread_is_running(first) && spdk_thread_is_idle(first));
        assert!(!spdk_thread_is_bound(first));
        spdk_thread_bind(first, true);
        assert!(spdk_thread_is_bound(first));
        spdk_thread_bind(first, false);
        assert_eq!(spdk_cpuset_count(spdk_thread_get_cpumask(first)), SPDK_CPUSET_SIZE);
        assert!(spdk_thread_get_ctx(first).is_null(), "the host asked for no context");
    }
}

#[test]
fn a_thread_without_a_name_is_called_by_its_address() {
    let _host = Host::new(1);
    // SAFETY: NULL is allowed for both; the thread is exited and destroyed below.
    unsafe {
        let thread = spdk_thread_create(ptr::null(), ptr::null());
        assert_eq!(text(spdk_thread_get_name(thread)), format!("{thread:p}"));
        spdk_set_thread(thread);
        spdk_thread_exit(thread);
        spdk_set_thread(ptr::null_mut());
        spdk_thread_poll(thread, 0, 0);
        spdk_thread_destroy(thread);
    }
}

#[test]
fn a_poll_sets_the_current_thread_and_restores_the_one_before() {
    let host = Host::new(2);
    let (outer, inner) = (host.thread(0), host.thread(1));
    // SAFETY: the threads are alive and polled on this OS thread only.
    unsafe {
        host.send(0, move || {
            assert_eq!(spdk_get_thread(), outer);
            common::send(inner, move || assert_eq!(spdk_get_thread(), inner));
            assert_eq!(spdk_thread_poll(inner, 0, 0), 1, "another thread may be polled inside");
            assert_eq!(spdk_get_thread(), outer);
        });
        assert_eq!(host.poll(0), 1);
        assert!(spdk_get_thread().is_null());
    }
}

static NEW_THREADS: AtomicUsize = AtomicUsize::new(0);
static RESCHEDULED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn refuse_second(_thread: *mut spdk_thread) -> c_int {
    if NEW_THREADS.fetch_add(1, Ordering::Relaxed) == 1 { -1 } else { 0 }
}

unsafe extern "C" fn operate(thread: *mut spdk_thread, op: spdk_thread_op) -> c_int {
    if op == SPDK_THREAD_OP_RESCHED {
        // SAFETY: it runs on the thread itself.
        assert_eq!(unsafe { spdk_get_thread() }, thread);
        RESCHEDULED.fetch_add(1, Ordering::Relaxed);
    }
    0
}

unsafe extern "C" fn supported(_op: spdk_thread_op) -> bool {
    true
}

/// Exits and destroys a thread that has nothing left.
fn end(thread: *mut spdk_thread) {
    // SAFETY: the thread is alive and used here only.
    unsafe {
        spdk_set_thread(thread);
        spdk_thread_exit(thread);
        spdk_set_thread(ptr::null_mut());
        spdk_thread_poll(thread, 0, 0);
        assert!(spdk_thread_is_exited(thread));
        spdk_thread_destroy(thread);
    }
}

#[test]
fn the_host_gets_a_context_and_may_refuse_threads() {
    let _serial = serial();
    start_env();
    // SAFETY: nothing else uses the library, as tests take turns.
    unsafe {
        assert_eq!(spdk_thread_lib_init(Some(refuse_second), 24), 0);
        let first = create("first");
        assert!(spdk_thread_create(c"refused".as_ptr(), ptr::null()).is_null());
        assert_eq!(spdk_thread_get_count(), 1);
        let third = create("third");
        let ctx = spdk_thread_get_ctx(third);
        assert_eq!(*ctx.cast::<[u64; 3]>(), [0; 3]);
        assert_eq!(spdk_thread_get_from_ctx(ctx), third);
        assert!(spdk_thread_get_from_ctx(ptr::null_mut()).is_null());
        end(third);
        end(first);
        assert_eq!(spdk_thread_get_app_thread(), first, "the app thread stays until the end");
        spdk_thread_lib_fini();
        assert!(spdk_thread_get_app_thread().is_null());
        spdk_env_fini();
    }
}

#[test]
fn a_new_cpumask_asks_the_host_to_move_the_thread() {
    let serial = serial();
    start_env();
    let mut mask = spdk_cpuset::default();
    // SAFETY: nothing else uses the library, as tests take turns; the mask is ours.
    unsafe {
        spdk_cpuset_set_cpu(&mut mask, 3, true);
        assert_eq!(spdk_thread_lib_init_ext(Some(operate), None, 0, 1000), -libc::EINVAL);
        assert_eq!(spdk_thread_lib_init_ext(Some(operate), Some(supported), 0, 1000), 0);
        let thread = spdk_thread_create(c"t".as_ptr(), &mask);
        assert!(spdk_cpuset_equal(spdk_thread_get_cpumask(thread), &mask));
        spdk_cpuset_set_cpu(&mut mask, 5, true);
        assert_eq!(spdk_thread_set_cpumask(&mut mask), -libc::EINVAL, "no current thread");
        spdk_set_thread(thread);
        assert_eq!(spdk_thread_set_cpumask(&mut mask), 0);
        spdk_set_thread(ptr::null_mut());
        assert_eq!(RESCHEDULED.load(Ordering::Relaxed), 1);
        assert!(spdk_cpuset_equal(spdk_thread_get_cpumask(thread), &mask));
        end(thread);
        spdk_thread_lib_fini();
        spdk_env_fini();
    }
    drop(serial);
    let host = Host::new(1);
    // SAFETY: the mask is ours; this host has no hook for moving threads.
    assert_eq!(host.on(0, || unsafe { spdk_thread_set_cpumask(&mut mask) }), -libc::ENOTSUP);
}

#[test]
fn exit_waits_for_messages_and_pollers() {
    let host = Host::new(2);
    let mut poller = host.on(1, || Poller::new(0, || 0));
    exit(&host, 1);
    exit(&host, 1);
    // SAFETY: the thread is alive.
    assert!(!unsafe { spdk_thread_is_running(host.thread(1)) });
    host.poll(1);
    assert!(!is_exited(&host, 1), "a poller is left");
    // SAFETY: the poller is registered on thread 1.
    host.on(1, || unsafe { spdk_poller_pause(poller.handle) });
    host.poll(1);
    assert!(!is_exited(&host, 1), "a paused poller is left");
    let mut timed = host.on(1, || Poller::new(1_000_000_000, || 0));
    host.on(1, || poller.stop());
    host.poll(1);
    assert!(!is_exited(&host, 1), "a timed poller is left");
    host.on(1, || timed.stop());
    let ran = Rc::new(Cell::new(0));
    for _ in 0..9 {
        let ran = Rc::clone(&ran);
        host.send(1, move || ran.set(ran.get() + 1));
    }
    host.poll(1);
    assert!(!is_exited(&host, 1), "a message is left");
    host.poll(1);
    assert!(is_exited(&host, 1));
    assert_eq!(ran.get(), 9, "an exiting thread still runs messages");
}

#[test]
fn the_poll_that_ends_the_last_work_ends_the_thread() {
    let host = Host::new(2);
    let own = Rc::new(RefCell::new(None::<Poller>));
    let poller = host.on(1, || {
        let own = Rc::clone(&own);
        Poller::new(0, move || {
            own.borrow_mut().as_mut().unwrap().stop();
            0
        })
    });
    own.replace(Some(poller));
    exit(&host, 1);
    host.poll(1);
    assert!(is_exited(&host, 1), "it is looked at last, after the pollers");
    drop(own.take());
}

#[test]
fn an_exiting_thread_still_takes_work_and_an_exited_one_does_not() {
    let host = Host::new(2);
    exit(&host, 1);
    let mut poller = host.on(1, || Poller::new(0, || 0));
    host.poll(1);
    assert!(!is_exited(&host, 1));
    host.on(1, || poller.stop());
    host.poll(1);
    assert!(is_exited(&host, 1));
    unsafe extern "C" fn run(_arg: *mut c_void) -> c_int {
        0
    }
    // SAFETY: the thread is alive; nothing is registered.
    let refused = host.on(1, || unsafe { spdk_poller_register(Some(run), ptr::null_mut(), 0) });
    assert!(refused.is_null());
}

#[test]
fn after_five_seconds_a_thread_is_forced_out() {
    static RAN: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn run(_arg: *mut c_void) -> c_int {
        RAN.fetch_add(1, Ordering::Relaxed);
        0
    }
    let host = Host::new(2);
    // SAFETY: the function needs no argument; the poller is left to the forced exit.
    host.on(1, || unsafe { spdk_poller_register(Some(run), ptr::null_mut(), 0) });
    exit(&host, 1);
    host.poll(1);
    assert!(!is_exited(&host, 1));
    for _ in 0..20 {
        // Dropped unrun with the thread, so it owns nothing.
        unsafe extern "C" fn message(_arg: *mut c_void) {}
        // SAFETY: the thread is alive.
        unsafe { spdk_thread_send_msg(host.thread(1), Some(message), ptr::null_mut()) };
    }
    host.poll_at(1, after_timeout());
    assert!(is_exited(&host, 1));
    assert_eq!(RAN.load(Ordering::Relaxed), 2);
}

#[test]
fn destroying_a_thread_that_has_not_exited_ends_the_process() {
    dies(
        "destroying_a_thread_that_has_not_exited_ends_the_process",
        "spdk_thread_destroy: thread 't1' has not exited",
        || {
            let host = Host::new(2);
            // SAFETY: the thread is alive; the misuse is the test.
            unsafe { spdk_thread_destroy(host.thread(1)) };
        },
    );
}

#[test]
fn exiting_another_thread_ends_the_process() {
    dies(
        "exiting_another_thread_ends_the_process",
        "spdk_thread_exit: the call belongs to thread 't1', but it was called on 'no spdk_thread'",
        || {
            let host = Host::new(2);
            // SAFETY: the thread is alive; the misuse is the test.
            unsafe { spdk_thread_exit(host.thread(1)) };
        },
    );
}

#[test]
fn ending_the_library_with_a_thread_left_ends_the_process() {
    dies(
        "ending_the_library_with_a_thread_left_ends_the_process",
        "spdk_thread_lib_fini: thread 't1' still exists",
        || {
            let _host = Host::new(2);
            // SAFETY: the misuse is the test.
            unsafe { spdk_thread_lib_fini() };
        },
    );
}

#[test]
fn initialising_the_library_twice_ends_the_process() {
    dies(
        "initialising_the_library_twice_ends_the_process",
        "spdk_thread_lib_init: the thread library is initialised already",
        || {
            let _host = Host::new(1);
            // SAFETY: the misuse is the test.
            unsafe { spdk_thread_lib_init(None, 0) };
        },
    );
}

#[test]
fn creating_a_thread_without_the_library_ends_the_process() {
    dies(
        "creating_a_thread_without_the_library_ends_the_process",
        "spdk_thread_create: the thread library is not initialised",
        || {
            create("t");
        },
    );
}
