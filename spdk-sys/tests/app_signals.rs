//! Signals: the first SIGINT or SIGTERM shuts the application down, and what was installed before is
//! back when it has ended.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering};

use app_common::{app_opts, lock, run_app, stop};

static HANDLED: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn own_handler(_signal: c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

fn install(signal: c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
    // SAFETY: the handlers used here are async-signal-safe.
    unsafe { libc::signal(signal, handler) }
}

fn raise(signal: c_int) {
    // SAFETY: the signal has a handler or is ignored.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

#[test]
fn each_signal_stops_with_0_and_the_handlers_come_back() {
    let _lock = lock();
    let own = own_handler as unsafe extern "C" fn(c_int) as libc::sighandler_t;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let before = install(signal, own);
        HANDLED.store(0, Ordering::Relaxed);
        assert_eq!(run_app(app_opts(), None, move || raise(signal)), 0);
        assert_eq!(HANDLED.load(Ordering::Relaxed), 0, "the application has handled it");
        raise(signal);
        assert_eq!(HANDLED.load(Ordering::Relaxed), 1, "the earlier handler is back");
        install(signal, before);
    }
}

#[test]
fn only_the_first_signal_counts() {
    let _lock = lock();
    static ASKED: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn asked() {
        if ASKED.fetch_add(1, Ordering::Relaxed) == 0 {
            raise(libc::SIGTERM);
            raise(libc::SIGINT);
        }
        // Messages later than anything that the two signals could have caused.
        fn count_down(left: u32) {
            if left == 0 {
                return stop(0);
            }
            // SAFETY: the application runs.
            let thread = unsafe { spdk_sys::spdk_thread_get_app_thread() };
            app_common::send(thread, move || count_down(left - 1));
        }
        count_down(100);
    }
    let mut opts = app_opts();
    opts.shutdown_cb = Some(asked);
    assert_eq!(run_app(opts, None, || raise(libc::SIGINT)), 0);
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
}

#[test]
fn a_broken_pipe_does_not_kill() {
    let _lock = lock();
    let before = install(libc::SIGPIPE, libc::SIG_DFL);
    let code = run_app(app_opts(), None, || {
        raise(libc::SIGPIPE);
        stop(0);
    });
    assert_eq!(code, 0);
    assert_eq!(install(libc::SIGPIPE, before), libc::SIG_DFL, "the earlier disposition is back");
}

#[test]
fn handlers_can_be_left_to_the_program() {
    let _lock = lock();
    let own = own_handler as unsafe extern "C" fn(c_int) as libc::sighandler_t;
    let before = install(libc::SIGTERM, own);
    HANDLED.store(0, Ordering::Relaxed);
    let mut opts = app_opts();
    opts.disable_signal_handlers = true;
    let code = run_app(opts, None, || {
        raise(libc::SIGTERM);
        stop(2);
    });
    assert_eq!(code, 2);
    assert_eq!(HANDLED.load(Ordering::Relaxed), 1);
    install(libc::SIGTERM, before);
}
