//! Walks over threads and over channels.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod common;

use core::ffi::{c_int, c_void};
use core::ptr;
use std::cell::{Cell, RefCell};

use common::{Host, Trace, dies, text};
use spdk_sys::*;

/// A device without state whose walks are traced.
#[derive(Default)]
struct Device {
    trace: Trace,
    /// What a step answers, by thread name.
    stop_at: RefCell<Option<(String, c_int)>>,
    /// A step keeps the walk here instead of continuing it.
    hold: Cell<bool>,
    held: Cell<Option<*mut spdk_io_channel_iter>>,
}

unsafe extern "C" fn created(_device: *mut c_void, _ctx: *mut c_void) -> c_int {
    0
}

unsafe extern "C" fn destroyed(_device: *mut c_void, _ctx: *mut c_void) {}

unsafe extern "C" fn unregistered(device: *mut c_void) {
    // SAFETY: the test keeps its device.
    unsafe { &*device.cast::<Device>() }.trace.add("unregistered");
}

fn here() -> String {
    // SAFETY: called on a thread.
    unsafe { text(spdk_thread_get_name(spdk_get_thread())) }
}

unsafe extern "C" fn step(walk: *mut spdk_io_channel_iter) {
    // SAFETY: the walk is ours until it is continued; the context is the device.
    unsafe {
        let device = &*spdk_io_channel_iter_get_ctx(walk).cast::<Device>();
        let address = spdk_io_channel_iter_get_io_device(walk);
        assert_eq!(address, device.address());
        let channel = spdk_io_channel_iter_get_channel(walk);
        assert_eq!(spdk_io_channel_get_thread(channel), spdk_get_thread());
        device.trace.add(here());
        if device.hold.get() {
            device.held.set(Some(walk));
            return;
        }
        let status = match &*device.stop_at.borrow() {
            Some((name, status)) if *name == here() => *status,
            _ => 0,
        };
        spdk_for_each_channel_continue(walk, status);
    }
}

unsafe extern "C" fn finished(walk: *mut spdk_io_channel_iter, status: c_int) {
    // SAFETY: the walk is alive in its last callback; the context is the device.
    unsafe {
        assert!(spdk_io_channel_iter_get_channel(walk).is_null());
        let device = &*spdk_io_channel_iter_get_ctx(walk).cast::<Device>();
        device.trace.add(format!("end({status})@{}", here()));
    }
}

impl Device {
    fn address(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn register(&self) {
        // SAFETY: called on a thread; the test keeps the device.
        unsafe {
            spdk_io_device_register(
                self.address(),
                Some(created),
                Some(destroyed),
                0,
                c"disk".as_ptr(),
            )
        };
    }

    fn unregister(&self) {
        // SAFETY: as for `register`.
        unsafe { spdk_io_device_unregister(self.address(), Some(unregistered)) };
    }

    fn walk(&self) {
        // SAFETY: as for `register`.
        unsafe {
            spdk_for_each_channel(self.address(), Some(step), self.address(), Some(finished))
        };
    }

    /// Gets a channel on each of the host's threads.
    fn channels<const N: usize>(&self, host: &Host) -> [*mut spdk_io_channel; N] {
        // Against the order of ids, so that the walk has to sort.
        let mut channels = [ptr::null_mut(); N];
        for n in (0..N).rev() {
            // SAFETY: the device is registered.
            channels[n] = host.on(n, || unsafe { spdk_get_io_channel(self.address()) });
        }
        channels
    }

    fn put(&self, host: &Host, channels: &[*mut spdk_io_channel]) {
        for (n, &channel) in channels.iter().enumerate() {
            // SAFETY: got on thread n by `channels`.
            host.on(n, || unsafe { spdk_put_io_channel(channel) });
        }
    }

    /// Continues the held walk.
    fn resume(&self, status: c_int) {
        // SAFETY: a step kept it and has not continued it.
        unsafe { spdk_for_each_channel_continue(self.held.take().unwrap(), status) };
    }
}

fn rounds(host: &Host) {
    (0..8).for_each(|_| host.poll_all());
}

#[test]
fn a_walk_visits_channels_in_the_order_of_thread_ids_and_ends_at_home() {
    let host = Host::new(3);
    let device = Device::default();
    host.on(0, || device.register());
    let channels: [_; 3] = device.channels(&host);
    host.on(1, || device.walk());
    assert_eq!(device.trace.take(), "", "nothing runs inline");
    rounds(&host);
    assert_eq!(device.trace.take(), "t0 t1 t2 end(0)@t1");
    device.put(&host, &channels);
    host.on(0, || device.unregister());
    rounds(&host);
    assert_eq!(device.trace.take(), "unregistered");
}

#[test]
fn a_status_ends_the_walk() {
    let host = Host::new(3);
    let device = Device::default();
    host.on(0, || device.register());
    let channels: [_; 3] = device.channels(&host);
    device.stop_at.replace(Some(("t1".into(), -5)));
    host.on(0, || device.walk());
    rounds(&host);
    assert_eq!(device.trace.take(), "t0 t1 end(-5)@t0");
    device.put(&host, &channels);
    host.on(0, || device.unregister());
    rounds(&host);
}

#[test]
fn a_walk_without_channels_or_device_ends_by_message() {
    let host = Host::new(1);
    let device = Device::default();
    host.on(0, || device.walk());
    assert_eq!(device.trace.take(), "");
    host.poll(0);
    assert_eq!(device.trace.take(), format!("end({})@t0", -libc::ENODEV));
    host.on(0, || {
        device.register();
        device.walk();
    });
    host.poll(0);
    assert_eq!(device.trace.take(), "end(0)@t0");
    host.on(0, || device.unregister());
    host.poll(0);
}

#[test]
fn a_channel_that_went_away_is_skipped() {
    let host = Host::new(3);
    let device = Device::default();
    host.on(0, || device.register());
    let channels: [_; 3] = device.channels(&host);
    // The destroy message of t0 stands before the step of the walk.
    // SAFETY: got on thread 0 by `channels`.
    host.on(0, || unsafe { spdk_put_io_channel(channels[0]) });
    host.on(2, || device.walk());
    rounds(&host);
    assert_eq!(device.trace.take(), "t1 t2 end(0)@t2");
    for n in [1, 2] {
        // SAFETY: got on thread n by `channels`.
        host.on(n, || unsafe { spdk_put_io_channel(channels[n]) });
    }
    host.on(0, || device.unregister());
    rounds(&host);
}

#[test]
fn a_step_may_continue_later_and_holds_everything_up() {
    let host = Host::new(2);
    let device = Device::default();
    host.on(0, || device.register());
    let channels: [_; 2] = device.channels(&host);
    device.hold.set(true);
    host.on(1, || device.walk());
    rounds(&host);
    assert_eq!(device.trace.take(), "t0");
    host.on(0, || device.unregister());
    rounds(&host);
    assert_eq!(device.trace.take(), "", "the walk holds up the unregistration");
    host.on(1, || device.walk());
    rounds(&host);
    let refused = format!("end({})@t1", -libc::ENODEV);
    assert_eq!(device.trace.take(), refused, "a new walk is refused meanwhile");
    // SAFETY: the thread is alive and current inside `on`.
    unsafe {
        host.on(1, || spdk_thread_exit(host.thread(1)));
        device.put(&host, &channels);
        rounds(&host);
        assert!(!spdk_thread_is_exited(host.thread(1)), "its walk is in progress");
        host.on(0, || device.resume(0));
        rounds(&host);
        assert_eq!(device.trace.take(), "end(0)@t1 unregistered");
        assert!(spdk_thread_is_exited(host.thread(1)));
    }
}

#[test]
fn continuing_on_another_thread_ends_the_process() {
    dies(
        "continuing_on_another_thread_ends_the_process",
        "spdk_for_each_channel_continue: the step belongs to thread 't0', but it was called on 't1'",
        || {
            let host = Host::new(2);
            let device = Device::default();
            host.on(0, || device.register());
            let _: [_; 1] = device.channels(&host);
            device.hold.set(true);
            host.on(0, || device.walk());
            host.poll(0);
            host.on(1, || device.resume(0));
        },
    );
}

#[test]
fn continuing_twice_ends_the_process() {
    dies(
        "continuing_twice_ends_the_process",
        "spdk_for_each_channel_continue: called twice for one step",
        || {
            let host = Host::new(1);
            let device = Device::default();
            host.on(0, || device.register());
            let _: [_; 1] = device.channels(&host);
            device.hold.set(true);
            host.on(0, || device.walk());
            host.poll(0);
            let walk = device.held.get();
            host.on(0, || device.resume(0));
            device.held.set(walk);
            host.on(0, || device.resume(0));
        },
    );
}

#[test]
fn a_walk_that_is_never_continued_ends_the_process_at_the_end() {
    dies(
        "a_walk_that_is_never_continued_ends_the_process_at_the_end",
        "spdk_thread_lib_fini: a for_each_channel on the device 'disk' never finished",
        || {
            let host = Host::new(1);
            let device = Device::default();
            host.on(0, || device.register());
            let _: [_; 1] = device.channels(&host);
            device.hold.set(true);
            host.on(0, || device.walk());
            host.poll(0);
            // SAFETY: the misuse is the test.
            unsafe { spdk_thread_lib_fini() };
        },
    );
}

unsafe extern "C" fn visit(trace: *mut c_void) {
    // SAFETY: tests pass a trace that outlives the walk.
    unsafe { &*trace.cast::<Trace>() }.add(here());
}

unsafe extern "C" fn visited(trace: *mut c_void) {
    // SAFETY: as in `visit`; without a thread there is no name.
    unsafe {
        let place = if spdk_get_thread().is_null() { "nowhere".into() } else { here() };
        (*trace.cast::<Trace>()).add(format!("end@{place}"));
    }
}

#[test]
fn every_running_thread_is_visited_in_the_order_of_creation() {
    let host = Host::new(4);
    let trace = Trace::default();
    let arg = (&raw const trace).cast_mut().cast();
    // SAFETY: the threads are alive, the trace outlives the walk.
    unsafe {
        host.on(1, || spdk_thread_exit(host.thread(1)));
        host.on(2, || spdk_for_each_thread(Some(visit), arg, Some(visited)));
        assert_eq!(trace.take(), "", "nothing runs inline");
        rounds(&host);
        assert_eq!(trace.take(), "t0 t2 t3 end@t2");
        spdk_for_each_thread(Some(visit), arg, Some(visited));
        assert_eq!(trace.take(), "end@nowhere", "no current thread: only the end, inline");
    }
}
