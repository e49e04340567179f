//! Starting, examining and ending with several modules.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use spdk_sys::*;
use std::sync::Mutex;

/// What the modules were asked, in order.
static CALLS: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// An examination that was not answered yet.
static OPEN_EXAMINATIONS: Mutex<usize> = Mutex::new(0);
/// The tests of this file share the log.
static TURN: Mutex<()> = Mutex::new(());

fn note(what: impl Into<String>) {
    CALLS.lock().expect("no test failed").push(what.into());
}

fn take_calls() -> Vec<String> {
    std::mem::take(&mut *CALLS.lock().expect("no test failed"))
}

static EXAMINER: spdk_bdev_module = spdk_bdev_module {
    module_init: Some(examiner_init),
    init_complete: Some(examiner_complete),
    fini_start: Some(examiner_fini_start),
    module_fini: Some(examiner_fini),
    examine_config: Some(examine_config),
    examine_disk: Some(examine_disk),
    ..spdk_bdev_module::named(c"examiner")
};

static SLOW: spdk_bdev_module = spdk_bdev_module {
    module_init: Some(slow_init),
    module_fini: Some(slow_fini),
    fini_start: Some(slow_fini_start),
    async_init: true,
    async_fini: true,
    async_fini_start: true,
    ..spdk_bdev_module::named(c"slow")
};

fn modules() {
    // SAFETY: both are static.
    unsafe {
        spdk_bdev_module_list_add((&raw const SLOW).cast_mut());
        spdk_bdev_module_list_add((&raw const EXAMINER).cast_mut());
    }
}

unsafe extern "C" fn examiner_init() -> c_int {
    note("examiner init");
    0
}

unsafe extern "C" fn examiner_complete() {
    note("examiner complete");
}

unsafe extern "C" fn examiner_fini_start() {
    note("examiner fini start");
}

unsafe extern "C" fn examiner_fini() {
    note("examiner fini");
}

unsafe fn name(bdev: *mut spdk_bdev) -> String {
    // SAFETY: the bdev is registered.
    unsafe { CStr::from_ptr(spdk_bdev_get_name(bdev)).to_string_lossy().into_owned() }
}

unsafe extern "C" fn examine_config(bdev: *mut spdk_bdev) {
    // SAFETY: called for a registered bdev; answered at once.
    unsafe {
        note(format!("config {}", name(bdev)));
        spdk_bdev_module_examine_done((&raw const EXAMINER).cast_mut());
    }
}

unsafe extern "C" fn examine_disk(bdev: *mut spdk_bdev) {
    // SAFETY: as above; answered by the test.
    unsafe { note(format!("disk {}", name(bdev))) };
    *OPEN_EXAMINATIONS.lock().expect("no test failed") += 1;
}

fn answer_examinations(host: &Host) {
    let open = std::mem::take(&mut *OPEN_EXAMINATIONS.lock().expect("no test failed"));
    for _ in 0..open {
        // SAFETY: one answer for each examination.
        host.on(0, || unsafe {
            spdk_bdev_module_examine_done((&raw const EXAMINER).cast_mut());
        });
    }
}

unsafe extern "C" fn slow_init() -> c_int {
    note("slow init");
    unsafe extern "C" fn later(_: *mut c_void) {
        note("slow init done");
        // SAFETY: announced by `async_init`.
        unsafe { spdk_bdev_module_init_done((&raw const SLOW).cast_mut()) };
    }
    // SAFETY: the current thread takes messages.
    unsafe { spdk_thread_send_msg(spdk_get_thread(), Some(later), ptr::null_mut()) };
    0
}

unsafe extern "C" fn slow_fini_start() {
    note("slow fini start");
    unsafe extern "C" fn later(_: *mut c_void) {
        // SAFETY: announced by `async_fini_start`.
        unsafe { spdk_bdev_module_fini_start_done() };
    }
    // SAFETY: the current thread takes messages.
    unsafe { spdk_thread_send_msg(spdk_get_thread(), Some(later), ptr::null_mut()) };
}

unsafe extern "C" fn slow_fini() {
    note("slow fini");
    unsafe extern "C" fn later(_: *mut c_void) {
        // SAFETY: announced by `async_fini`.
        unsafe { spdk_bdev_module_fini_done() };
    }
    // SAFETY: the current thread takes messages.
    unsafe { spdk_thread_send_msg(spdk_get_thread(), Some(later), ptr::null_mut()) };
}

#[test]
fn modules_start_in_order_and_end_in_reverse() {
    let _turn = TURN.lock().expect("no test failed");
    modules();
    take_calls();
    let host = Host::new(1);
    let started = take_calls();
    assert_eq!(started, ["examiner init", "slow init", "slow init done", "examiner complete"]);
    drop(host);
    let ended = take_calls();
    assert_eq!(ended, ["slow fini start", "examiner fini start", "slow fini", "examiner fini"]);
}

#[test]
fn a_new_bdev_is_examined_before_anybody_waiting_goes_on() {
    let _turn = TURN.lock().expect("no test failed");
    modules();
    let host = Host::new(1);
    take_calls();
    let disk = Disk::unregistered(DiskSpec::default());
    assert_eq!(disk.register(&host), 0);
    assert_eq!(take_calls(), ["config disk", "disk disk"]);
    let examined = Statuses::new();
    unsafe extern "C" fn done(arg: *mut c_void) {
        // SAFETY: the test keeps the log.
        unsafe { (*arg.cast::<Statuses>()).push(0) };
    }
    // SAFETY: as above.
    host.on(0, || unsafe { spdk_bdev_wait_for_examine(Some(done), examined.arg()) });
    host.settle();
    assert!(examined.seen().is_empty());
    let open = disk.open(&host, 0, true);
    answer_examinations(&host);
    host.settle();
    assert_eq!(examined.seen(), [0]);
    open.close(&host, 0);
}

#[test]
fn without_automatic_examination_only_named_bdevs_are_examined() {
    let _turn = TURN.lock().expect("no test failed");
    modules();
    let host = Host::new(1);
    take_calls();
    let mut opts = spdk_bdev_opts::default();
    // SAFETY: local structures; on the app thread.
    host.on(0, || unsafe {
        spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>());
        opts.bdev_auto_examine = false;
        assert_eq!(spdk_bdev_set_opts(&raw mut opts), 0);
        assert_eq!(spdk_bdev_examine(c"later".as_ptr()), 0);
        assert_eq!(spdk_bdev_examine(c"later".as_ptr()), -libc::EEXIST);
    });
    let [_disk, _later] =
        ["disk", "later"].map(|name| Disk::with(&host, DiskSpec { name, ..Default::default() }));
    assert_eq!(take_calls(), ["config later", "disk later"]);
    // SAFETY: on the app thread.
    assert_eq!(host.on(0, || unsafe { spdk_bdev_examine(c"disk".as_ptr()) }), 0);
    assert_eq!(take_calls(), ["config disk", "disk disk"]);
    answer_examinations(&host);
    host.settle();
}
