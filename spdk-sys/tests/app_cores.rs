//! Several reactors. Its own binary, as the first application of a process decides on the cores.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use app_common::{app_opts, lock, run_app, send, start_app, stop};
use spdk_sys::*;

/// Options for cores 0 and 1.
fn two_cores() -> spdk_app_opts {
    let mut opts = app_opts();
    opts.reactor_mask = c"[0,1]".as_ptr();
    opts
}

/// Whether this machine has two CPUs; says so if it has not.
fn has_two_cpus() -> bool {
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
    if cpus < 2 {
        eprintln!("skipped: this machine has one CPU");
    }
    cpus >= 2
}

fn current_core() -> u32 {
    // SAFETY: reads the OS thread's own state.
    unsafe { spdk_env_get_current_core() }
}

fn create_thread(mask: Option<u32>) -> *mut spdk_thread {
    let mut cpus = spdk_cpuset::default();
    // SAFETY: the mask is a valid cpuset for the time of the call; the name is a literal.
    unsafe {
        if let Some(core) = mask {
            spdk_cpuset_set_cpu(&raw mut cpus, core, true);
        }
        let cpus = if mask.is_some() { &raw mut cpus } else { null_mut() };
        spdk_thread_create(c"worker".as_ptr(), cpus)
    }
}

/// Ends the current thread.
fn exit_current() {
    // SAFETY: runs on the thread itself.
    unsafe {
        assert_eq!(spdk_thread_exit(spdk_get_thread()), 0);
    }
}

#[test]
fn threads_go_round_the_cores_that_their_mask_allows() {
    let _lock = lock();
    if !has_two_cpus() {
        return;
    }
    static CORES: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    static LEFT: AtomicU32 = AtomicU32::new(0);
    CORES.lock().unwrap().clear();
    LEFT.store(6, Ordering::Relaxed);
    let code = run_app(two_cores(), None, || {
        for mask in [None, None, None, None, Some(1), Some(1)] {
            send(create_thread(mask), move || {
                let core = current_core();
                assert!(mask.is_none_or(|allowed| allowed == core));
                CORES.lock().unwrap().push(core);
                exit_current();
                if LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
                    stop(0);
                }
            });
        }
    });
    assert_eq!(code, 0);
    let cores = CORES.lock().unwrap();
    assert_eq!(cores.iter().filter(|&&core| core == 0).count(), 2, "{cores:?}");
    assert_eq!(cores.iter().filter(|&&core| core == 1).count(), 4, "{cores:?}");
}

#[test]
fn a_thread_that_changes_its_mask_moves() {
    let _lock = lock();
    if !has_two_cpus() {
        return;
    }
    let code = run_app(two_cores(), None, || {
        let thread = create_thread(Some(0));
        let address = thread as usize;
        send(thread, move || {
            assert_eq!(current_core(), 0);
            let mut mask = spdk_cpuset::default();
            // SAFETY: the mask is a valid cpuset; this runs on the thread itself.
            unsafe {
                spdk_cpuset_set_cpu(&raw mut mask, 1, true);
                assert_eq!(spdk_thread_set_cpumask(&raw mut mask), 0);
            }
            // A message sent now runs after the poll that this one is part of.
            send(address as *mut spdk_thread, || {
                let core = current_core();
                // The same poll may still take it; a thread moves between two polls.
                let again = move || {
                    assert_eq!(current_core(), 1);
                    exit_current();
                    stop(0);
                };
                assert!(core <= 1);
                // SAFETY: reads the OS thread's own state.
                send(unsafe { spdk_get_thread() }, again);
            });
        });
    });
    assert_eq!(code, 0);
}

#[test]
fn events_run_on_their_core_and_all_cores_stop() {
    let _lock = lock();
    if !has_two_cpus() {
        return;
    }
    static SEEN: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    unsafe extern "C" fn note(next: *mut c_void, _arg2: *mut c_void) {
        SEEN.lock().unwrap().push(current_core());
        if next.is_null() {
            return stop(0);
        }
        // SAFETY: the arguments are numbers; the event is called once.
        unsafe {
            spdk_event_call(spdk_event_allocate(0, Some(note), null_mut(), null_mut()));
        }
    }
    SEEN.lock().unwrap().clear();
    // SAFETY: as above.
    let code = run_app(two_cores(), None, || unsafe {
        spdk_event_call(spdk_event_allocate(1, Some(note), std::ptr::dangling_mut(), null_mut()));
        assert_eq!(spdk_cpuset_count(spdk_app_get_core_mask()), 2);
    });
    assert_eq!(code, 0);
    assert_eq!(*SEEN.lock().unwrap(), [1, 0]);
}

#[test]
fn a_later_application_keeps_the_cores_of_the_first() {
    let _lock = lock();
    if !has_two_cpus() {
        return;
    }
    assert_eq!(run_app(two_cores(), None, || stop(0)), 0);
    let code = start_app("{}", || {
        // SAFETY: reads the environment's state.
        assert_eq!(unsafe { spdk_env_get_core_count() }, 2);
        stop(0);
    });
    assert_eq!(code, 0);
}

#[test]
fn io_runs_on_every_core() {
    let _lock = lock();
    if !has_two_cpus() {
        return;
    }
    let config = app_common::bdev_config(
        r#"{"method": "bdev_null_create",
            "params": {"name": "N", "num_blocks": 1024, "block_size": 512}}"#,
    );
    static LEFT: AtomicU32 = AtomicU32::new(0);
    LEFT.store(2, Ordering::Relaxed);
    let code = run_app(two_cores(), Some(&config), || {
        for core in [0, 1] {
            send(create_thread(Some(core)), || {
                Loop::start(10_000, || {
                    exit_current();
                    if LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
                        stop(0);
                    }
                });
            });
        }
    });
    assert_eq!(code, 0, "{:?}", last_config_error());
}

/// Reads of "N" one after another on the current thread, then a closure.
struct Loop {
    desc: *mut spdk_bdev_desc,
    channel: *mut spdk_io_channel,
    buffer: Vec<u8>,
    left: u32,
    done: Option<Box<dyn FnOnce()>>,
}

impl Loop {
    fn start(reads: u32, done: impl FnOnce() + 'static) {
        unsafe extern "C" fn ignore(_: spdk_bdev_event_type, _: *mut spdk_bdev, _: *mut c_void) {}
        let mut desc = null_mut();
        // SAFETY: the bdev stays until the application stops; the event needs no context.
        let channel = unsafe {
            let rc = spdk_bdev_open_ext(c"N".as_ptr(), false, Some(ignore), null_mut(), &mut desc);
            assert_eq!(rc, 0);
            spdk_bdev_get_io_channel(desc)
        };
        let done: Option<Box<dyn FnOnce()>> = Some(Box::new(done));
        let this = Self { desc, channel, buffer: vec![0; 512], left: reads, done };
        Self::next(Box::into_raw(Box::new(this)));
    }

    fn next(this: *mut Self) {
        // SAFETY: the loop is freed only when it is done; its buffer lives as long.
        unsafe {
            let buffer = (*this).buffer.as_mut_ptr().cast();
            let (desc, channel) = ((*this).desc, (*this).channel);
            let rc = spdk_bdev_read(desc, channel, buffer, 0, 512, Some(Self::ended), this.cast());
            assert_eq!(rc, 0);
        }
    }

    unsafe extern "C" fn ended(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
        let this = ctx.cast::<Self>();
        assert!(success);
        // SAFETY: the callback owns the I/O; `ctx` is the loop.
        unsafe {
            spdk_bdev_free_io(io);
            (*this).left -= 1;
            if (*this).left > 0 {
                return Self::next(this);
            }
            let mut this = Box::from_raw(this);
            spdk_put_io_channel(this.channel);
            spdk_bdev_close(this.desc);
            this.done.take().expect("the loop ends once")();
        }
    }
}
