//! Opening a bdev that may not exist yet.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

/// The outcome of an asynchronous open.
#[derive(Default)]
struct Opened(Cell<Option<(c_int, *mut spdk_bdev_desc)>>);

unsafe extern "C" fn on_open(desc: *mut spdk_bdev_desc, rc: c_int, arg: *mut c_void) {
    // SAFETY: the test keeps the argument.
    unsafe { (*arg.cast::<Opened>()).0.set(Some((rc, desc))) };
}

fn open_async(host: &Host, timeout_ms: u64) -> Rc<Opened> {
    let opened = Rc::new(Opened::default());
    host.keep(opened.clone());
    let arg: *mut c_void = Rc::as_ptr(&opened).cast_mut().cast();
    let mut opts =
        spdk_bdev_open_async_opts { size: size_of::<spdk_bdev_open_async_opts>(), timeout_ms };
    let events = Events::new();
    host.keep(events.clone());
    let ctx = events.arg();
    let opts = &raw mut opts;
    // SAFETY: the host keeps the outcome and the event log.
    let rc = host.on(0, || unsafe {
        let name = c"disk".as_ptr();
        spdk_bdev_open_async(name, false, Some(on_event), ctx, opts, Some(on_open), arg)
    });
    assert_eq!(rc, 0);
    assert!(opened.0.get().is_none(), "never inside the call");
    opened
}

#[test]
fn an_asynchronous_open_waits_for_the_bdev() {
    let host = Host::new(1);
    let once = open_async(&host, 0);
    host.settle();
    assert_eq!(once.0.get().map(|(rc, _)| rc), Some(-libc::ENODEV));
    let late = open_async(&host, 1);
    host.poll_until("the time is over", || late.0.get().is_some());
    assert_eq!(late.0.get().map(|(rc, _)| rc), Some(-libc::ETIMEDOUT));

    let waiting = open_async(&host, 60_000);
    host.settle();
    assert!(waiting.0.get().is_none());
    let _disk = Disk::new(&host);
    host.poll_until("the bdev is open", || waiting.0.get().is_some());
    let (rc, desc) = waiting.0.get().expect("it has ended");
    assert_eq!(rc, 0);
    // SAFETY: opened on thread 0.
    host.on(0, || unsafe { spdk_bdev_close(desc) });
}

#[test]
fn a_shutdown_cancels_asynchronous_opens() {
    let opened = {
        let host = Host::new(1);
        open_async(&host, 60_000)
    };
    assert_eq!(opened.0.get(), Some((-libc::ESHUTDOWN, ptr::null_mut())));
}
