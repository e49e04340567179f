//! The life of an application: start, stop, codes, a second one, misuse.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use std::cell::Cell;
use std::ffi::{CStr, CString, c_void};
use std::ptr::{null, null_mut};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use app_common::{app_opts, bdev_config, dies, is_to_die, lock, run_app, send, start_app, stop};
use spdk_sys::*;

fn current_thread() -> *mut spdk_thread {
    // SAFETY: reads the OS thread's own state.
    unsafe { spdk_get_thread() }
}

#[test]
fn start_fn_runs_on_the_app_thread_and_the_code_comes_back() {
    let _lock = lock();
    for rc in [0, 3, -22] {
        let started = Rc::new(Cell::new(false));
        let seen = Rc::clone(&started);
        let code = start_app("{}", move || {
            // SAFETY: both read the library's own state.
            unsafe {
                assert_eq!(spdk_get_thread(), spdk_thread_get_app_thread());
                assert_eq!(spdk_env_get_current_core(), 0);
                let name = CStr::from_ptr(spdk_thread_get_name(spdk_get_thread()));
                assert_eq!(name, c"app_thread");
            }
            seen.set(true);
            stop(rc);
        });
        assert!(started.get());
        assert_eq!(code, rc);
        assert_eq!(last_config_error(), None);
    }
}

#[test]
fn the_first_code_that_is_not_zero_wins() {
    let _lock = lock();
    let code = start_app("{}", || {
        stop(0);
        stop(7);
        stop(9);
    });
    assert_eq!(code, 7);
}

#[test]
fn configured_bdevs_exist_when_start_fn_runs() {
    let _lock = lock();
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.as_file().set_len(64 * 512).expect("a file can grow");
    let config = bdev_config(&format!(
        r#"{{"method": "bdev_malloc_create",
             "params": {{"name": "M", "num_blocks": 32, "block_size": 4096}}}},
           {{"method": "bdev_null_create",
             "params": {{"name": "N", "num_blocks": 16, "block_size": 512}}}},
           {{"method": "bdev_aio_create",
             "params": {{"name": "A", "filename": {:?}, "block_size": 512}}}},
           {{"method": "bdev_wait_for_examine"}}"#,
        file.path()
    ));
    let code = start_app(&config, || {
        for (name, blocks) in [(c"M", 32), (c"N", 16), (c"A", 64)] {
            // SAFETY: the names are NUL-terminated, the bdevs stay until the application stops.
            unsafe {
                let bdev = spdk_bdev_get_by_name(name.as_ptr());
                assert!(!bdev.is_null(), "{name:?}");
                assert_eq!(spdk_bdev_get_num_blocks(bdev), blocks, "{name:?}");
            }
        }
        stop(0);
    });
    assert_eq!(code, 0, "{:?}", last_config_error());
}

#[test]
fn options_that_are_not_valid_return_1_and_run_nothing() {
    let _lock = lock();
    let never = || panic!("start_fn must not run");
    let mut opts = app_opts();
    opts.name = null();
    assert_eq!(run_app(opts, None, never), 1);
    assert!(last_config_error().expect("a reason").contains("name"));

    let mut opts = app_opts();
    opts.delay_subsystem_init = true;
    opts.rpc_addr = null();
    assert_eq!(run_app(opts, None, never), 1);

    let mut opts = app_opts();
    opts.json_config_file = c"/no/such/file.json".as_ptr();
    assert_eq!(run_app(opts, None, never), 1);
    let reason = last_config_error().expect("a reason");
    assert!(reason.contains("/no/such/file.json") && reason.contains("No such file"), "{reason}");

    // SAFETY: null options are refused.
    assert_eq!(unsafe { spdk_app_start(null_mut(), None, null_mut()) }, 1);
    // An ordinary start works after all of these.
    assert_eq!(start_app("{}", || stop(0)), 0);
}

#[test]
fn a_configuration_file_is_read() {
    let _lock = lock();
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let config = bdev_config(
        r#"{"method": "bdev_null_create", /* a comment */
            "params": {"name": "FromFile", "num_blocks": 8, "block_size": 512}} // another
        "#,
    );
    std::fs::write(file.path(), config + "\n").expect("the file can be written");
    let path = CString::new(file.path().to_str().expect("a path in UTF-8")).expect("no NUL");
    let mut opts = app_opts();
    opts.json_config_file = path.as_ptr();
    let code = run_app(opts, None, || {
        // SAFETY: the name is NUL-terminated.
        assert!(!unsafe { spdk_bdev_get_by_name(c"FromFile".as_ptr()) }.is_null());
        stop(0);
    });
    assert_eq!(code, 0, "{:?}", last_config_error());
}

#[test]
fn a_start_before_fini_is_refused() {
    let _lock = lock();
    unsafe extern "C" fn stop_at_once(_ctx: *mut c_void) {
        stop(0);
    }
    let mut opts = app_opts();
    // SAFETY: the options are valid, the function takes no context.
    unsafe {
        assert_eq!(spdk_app_start(&raw mut opts, Some(stop_at_once), null_mut()), 0);
        assert_eq!(spdk_app_start(&raw mut opts, Some(stop_at_once), null_mut()), 1);
        assert!(last_config_error().expect("a reason").contains("spdk_app_fini"));
        spdk_app_fini();
        spdk_app_fini();
        assert_eq!(spdk_app_start(&raw mut opts, Some(stop_at_once), null_mut()), 0);
        spdk_app_fini();
    }
}

#[test]
fn any_thread_stops_the_application_and_threads_end_with_it() {
    let _lock = lock();
    static MESSAGES: AtomicU32 = AtomicU32::new(0);
    let code = start_app("{}", || {
        // SAFETY: the name is NUL-terminated; a null mask allows every core.
        let worker = unsafe { spdk_thread_create(c"worker".as_ptr(), null_mut()) };
        let address = worker as usize;
        send(worker, move || {
            assert_eq!(current_thread() as usize, address);
            MESSAGES.fetch_add(1, Ordering::Relaxed);
            // SAFETY: runs on the worker itself.
            unsafe { spdk_thread_exit(current_thread()) };
            stop(4);
        });
    });
    assert_eq!(code, 4);
    assert_eq!(MESSAGES.load(Ordering::Relaxed), 1);
}

#[test]
fn a_stop_ends_threads_that_nobody_ended() {
    let _lock = lock();
    static EXITING: AtomicU32 = AtomicU32::new(0);
    let code = start_app("{}", || {
        // SAFETY: the name is NUL-terminated; a null mask allows every core.
        let worker = unsafe { spdk_thread_create(c"worker".as_ptr(), null_mut()) };
        send(worker, || {
            unsafe extern "C" fn look(_arg: *mut c_void) -> i32 {
                // SAFETY: pollers run with their thread current and unregister themselves.
                unsafe {
                    if !spdk_thread_is_running(spdk_get_thread()) {
                        EXITING.fetch_add(1, Ordering::Relaxed);
                        POLLER.with(|poller| spdk_poller_unregister(poller.as_ptr()));
                    }
                }
                0
            }
            // SAFETY: the function takes no argument and lives for ever.
            POLLER.set(unsafe { spdk_poller_register(Some(look), null_mut(), 0) });
            stop(0);
            stop(5);
        });
    });
    assert_eq!(code, 5);
    assert_eq!(EXITING.load(Ordering::Relaxed), 1, "the worker was told to exit");
}

thread_local! {
    /// The poller of the test above; its worker stays on one core.
    static POLLER: Cell<*mut spdk_poller> = const { Cell::new(null_mut()) };
}

#[test]
fn events_run_in_order_with_no_current_thread() {
    let _lock = lock();
    static ORDER: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    unsafe extern "C" fn note(number: *mut c_void, last: *mut c_void) {
        assert!(current_thread().is_null());
        ORDER.lock().unwrap().push(number as usize);
        if number == last {
            stop(0);
        }
    }
    ORDER.lock().unwrap().clear();
    let code = start_app("{}", || {
        for number in 1..=20_usize {
            // SAFETY: the arguments are numbers; each event is called once.
            unsafe {
                let event =
                    spdk_event_allocate(0, Some(note), number as *mut c_void, 20 as *mut c_void);
                spdk_event_call(event);
            }
        }
        // SAFETY: an event for a core without a reactor is refused.
        assert!(unsafe { spdk_event_allocate(77, Some(note), null_mut(), null_mut()) }.is_null());
    });
    assert_eq!(code, 0);
    assert_eq!(*ORDER.lock().unwrap(), (1..=20).collect::<Vec<_>>());
    // SAFETY: without an application there is no reactor.
    assert!(unsafe { spdk_event_allocate(0, Some(note), null_mut(), null_mut()) }.is_null());
}

#[test]
fn the_core_mask_and_the_shm_id_are_those_of_the_options() {
    let _lock = lock();
    let mut opts = app_opts();
    opts.shm_id = 5;
    let code = run_app(opts, None, || {
        let mut mask = spdk_cpuset::default();
        // SAFETY: the masks are valid cpusets, the text is NUL-terminated.
        unsafe {
            assert_eq!(spdk_app_get_shm_id(), 5);
            assert_eq!(spdk_cpuset_count(spdk_app_get_core_mask()), 1);
            assert_eq!(spdk_app_parse_core_mask(c"0x3".as_ptr(), &raw mut mask), 0);
            assert!(spdk_cpuset_equal(&raw const mask, spdk_app_get_core_mask()));
            assert!(spdk_app_parse_core_mask(c"0xq".as_ptr(), &raw mut mask) < 0);
        }
        stop(0);
    });
    assert_eq!(code, 0);
}

#[test]
fn asking_to_shut_down_runs_shutdown_cb_once_and_stops_the_next_time() {
    let _lock = lock();
    static ASKED: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn asked() {
        ASKED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the application runs.
        let thread = unsafe { spdk_thread_get_app_thread() };
        // The critical message is free again once its handler has returned.
        // SAFETY: the application runs; the first request has been handled.
        send(thread, || unsafe { spdk_app_start_shutdown() });
    }
    let mut opts = app_opts();
    opts.shutdown_cb = Some(asked);
    // SAFETY: the application runs.
    let code = run_app(opts, None, || unsafe { spdk_app_start_shutdown() });
    assert_eq!(code, 0);
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
}

#[test]
fn an_application_that_is_told_to_stop_while_it_starts_ends_in_order() {
    let _lock = lock();
    let entry = |n: u32| {
        let params = format!(r#"{{"name": "N{n}", "num_blocks": 8, "block_size": 512}}"#);
        format!(r#"{{"method": "bdev_null_create", "params": {params}}}"#)
    };
    let entries: Vec<String> = (0..200).map(entry).collect();
    let stopper = std::thread::spawn(|| {
        // SAFETY: the app thread can be asked for at any time; this application is stopped by nobody
        // else, so it is alive when the message is sent.
        unsafe {
            while spdk_thread_get_app_thread().is_null() {
                std::thread::yield_now();
            }
            spdk_app_stop(6);
        }
    });
    // Nothing but the stopper stops this application.
    let code = start_app(&bdev_config(&entries.join(",")), || {});
    stopper.join().expect("the stopper does not panic");
    assert_eq!(code, 6, "{:?}", last_config_error());
}

#[test]
fn stopping_without_an_application_dies() {
    if is_to_die() {
        return stop(0);
    }
    let stderr = dies("stopping_without_an_application_dies");
    assert!(stderr.contains("spdk_app_stop: no application is running"), "{stderr}");
}

#[test]
fn fini_inside_an_application_dies() {
    if is_to_die() {
        // SAFETY: this is the misuse under test; it ends the process.
        start_app("{}", || unsafe { spdk_app_fini() });
        return;
    }
    let stderr = dies("fini_inside_an_application_dies");
    assert!(stderr.contains("spdk_app_fini: the application has not stopped yet"), "{stderr}");
}
