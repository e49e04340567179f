//! I/O devices and channels: references, deferred destruction, revival, unregistration.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod common;

use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use std::cell::{Cell, RefCell};
use std::ffi::CString;

use common::{Host, Trace, dies, text};
use spdk_sys::*;

/// A device of the test; registered under its own address, so it must not move.
struct Device {
    trace: Trace,
    create_rc: Cell<c_int>,
    unregister_in_create: Cell<bool>,
    name: RefCell<CString>,
}

impl Device {
    fn new(name: &CStr) -> Box<Self> {
        Box::new(Self {
            trace: Trace::default(),
            create_rc: Cell::new(0),
            unregister_in_create: Cell::new(false),
            name: RefCell::new(name.to_owned()),
        })
    }

    fn address(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn register(&self) {
        let name = self.name.borrow();
        // SAFETY: tests call this on a thread and keep the device until it is unregistered.
        unsafe {
            spdk_io_device_register(
                self.address(),
                Some(created),
                Some(destroyed),
                size_of::<[u64; 2]>() as u32,
                name.as_ptr(),
            );
        }
    }

    fn unregister(&self) {
        // SAFETY: as for `register`.
        unsafe { spdk_io_device_unregister(self.address(), Some(unregistered)) };
    }

    fn get(&self) -> *mut spdk_io_channel {
        // SAFETY: the create callback needs the device, which the test keeps.
        unsafe { spdk_get_io_channel(self.address()) }
    }

    /// # Safety
    /// - `address` is that of a live device.
    unsafe fn at<'a>(address: *mut c_void) -> &'a Self {
        // SAFETY: passed on from the caller.
        unsafe { &*address.cast::<Self>() }
    }
}

unsafe extern "C" fn created(device: *mut c_void, ctx: *mut c_void) -> c_int {
    // SAFETY: the test keeps its device; the context has the registered size.
    let device = unsafe {
        assert_eq!(*ctx.cast::<[u64; 2]>(), [0, 0], "the context is zeroed");
        ctx.cast::<u64>().write(7);
        Device::at(device)
    };
    device.trace.add("created");
    if device.unregister_in_create.get() {
        device.unregister();
    }
    device.create_rc.get()
}

unsafe extern "C" fn destroyed(device: *mut c_void, ctx: *mut c_void) {
    // SAFETY: as in `created`.
    let device = unsafe {
        assert_eq!(ctx.cast::<u64>().read(), 7);
        Device::at(device)
    };
    device.trace.add("destroyed");
}

unsafe extern "C" fn unregistered(device: *mut c_void) {
    // SAFETY: as in `created`.
    unsafe { Device::at(device) }.trace.add("unregistered");
}

fn put(channel: *mut spdk_io_channel) {
    // SAFETY: tests put what they got, on the thread of the channel.
    unsafe { spdk_put_io_channel(channel) };
}

#[test]
fn a_thread_has_one_counted_channel_per_device() {
    let host = Host::new(2);
    let device = Device::new(c"disk");
    host.on(0, || device.register());
    let [a, again] = host.on(0, || [device.get(), device.get()]);
    let b = host.on(1, || device.get());
    assert_eq!(a, again);
    assert_ne!(a, b);
    assert_eq!(device.trace.take(), "created created");
    // SAFETY: the channels are alive.
    unsafe {
        let ctx = spdk_io_channel_get_ctx(a);
        assert_eq!(ctx as usize - a as usize, SPDK_IO_CHANNEL_STRUCT_SIZE as usize);
        assert_eq!(ctx as usize % 16, 0);
        assert_eq!(spdk_io_channel_from_ctx(ctx), a);
        assert!(spdk_io_channel_get_ctx(ptr::null_mut()).is_null());
        assert_eq!(spdk_io_channel_get_thread(b), host.thread(1));
        assert_eq!(spdk_io_channel_get_io_device(b), device.address());
        assert_eq!(text(spdk_io_channel_get_io_device_name(b)), "disk");
        assert_eq!(host.on(0, || spdk_io_channel_ref(a)), a);
    }
    host.on(0, || {
        put(a);
        put(a);
    });
    host.poll(0);
    assert_eq!(device.trace.take(), "", "one reference is left");
    host.on(0, || put(a));
    host.on(1, || put(b));
    assert_eq!(device.trace.take(), "", "the destroy callback waits for a poll");
    host.poll_all();
    assert_eq!(device.trace.take(), "destroyed destroyed");
    host.on(0, || device.unregister());
    assert_eq!(device.trace.take(), "");
    host.poll(0);
    assert_eq!(device.trace.take(), "unregistered");
}

#[test]
fn getting_a_channel_before_its_destruction_revives_it() {
    let host = Host::new(1);
    let device = Device::new(c"disk");
    let channel = host.on(0, || {
        device.register();
        let channel = device.get();
        put(channel);
        assert_eq!(device.get(), channel);
        put(channel);
        assert_eq!(device.get(), channel);
        channel
    });
    host.poll(0);
    assert_eq!(device.trace.take(), "created", "both destroy messages found it in use");
    host.on(0, || {
        put(channel);
        put(device.get());
        device.unregister();
    });
    host.poll(0);
    assert_eq!(device.trace.take(), "destroyed", "the first message leaves it to the second");
    host.poll(0);
    assert_eq!(device.trace.take(), "unregistered");
}

#[test]
fn unregistering_waits_for_the_last_channel() {
    let host = Host::new(2);
    let device = Device::new(c"disk");
    host.on(0, || device.register());
    let channels = [0, 1].map(|n| host.on(n, || device.get()));
    host.on(1, || device.unregister());
    host.on(0, || put(channels[0]));
    host.poll_all();
    assert_eq!(device.trace.take(), "created created destroyed");
    assert!(host.on(0, || device.get()).is_null());
    host.on(1, || put(channels[1]));
    host.poll(1);
    assert_eq!(device.trace.take(), "destroyed");
    host.poll(0);
    assert_eq!(device.trace.take(), "");
    host.poll(1);
    assert_eq!(device.trace.take(), "unregistered", "on the thread that asked");
}

#[test]
fn a_device_without_a_callback_just_goes() {
    let host = Host::new(1);
    let device = Device::new(c"disk");
    host.on(0, || {
        device.register();
        // SAFETY: the device is registered on this thread's watch.
        unsafe { spdk_io_device_unregister(device.address(), None) };
        assert!(device.get().is_null());
        // Its address may be registered again at once.
        device.register();
        device.unregister();
    });
    host.poll(0);
    assert_eq!(device.trace.take(), "unregistered");
}

#[test]
fn a_failing_create_callback_gives_no_channel() {
    let host = Host::new(1);
    let device = Device::new(c"disk");
    host.on(0, || {
        device.register();
        device.create_rc.set(-libc::ENOMEM);
        assert!(device.get().is_null());
        device.unregister_in_create.set(true);
        assert!(device.get().is_null());
    });
    assert_eq!(device.trace.take(), "created created");
    host.poll(0);
    assert_eq!(device.trace.take(), "unregistered");
}

#[test]
fn no_channel_without_device_or_thread() {
    let host = Host::new(2);
    let device = Device::new(c"disk");
    assert!(host.on(0, || device.get()).is_null(), "not registered");
    host.on(0, || {
        device.register();
        device.register();
    });
    assert!(device.get().is_null(), "no current thread");
    // SAFETY: the thread is alive and current inside `on`.
    host.on(1, || unsafe { spdk_thread_exit(host.thread(1)) });
    host.poll(1);
    assert!(host.on(1, || device.get()).is_null(), "exited");
    host.on(0, || device.unregister());
    host.poll(0);
    assert_eq!(device.trace.take(), "unregistered", "the second registration was ignored");
}

#[test]
fn exit_waits_for_channels_and_unregistrations() {
    let host = Host::new(2);
    let device = Device::new(c"disk");
    host.on(0, || device.register());
    let channels = [0, 1].map(|n| host.on(n, || device.get()));
    // SAFETY: the thread is alive and current inside `on`.
    host.on(1, || unsafe { spdk_thread_exit(host.thread(1)) });
    // SAFETY: the thread is alive.
    let exited = || unsafe { spdk_thread_is_exited(host.thread(1)) };
    host.poll(1);
    assert!(!exited(), "it has a channel");
    host.on(1, || {
        let again = device.get();
        assert_eq!(again, channels[1], "an exiting thread still gets channels");
        put(again);
        put(channels[1]);
        device.unregister();
    });
    host.poll(1);
    assert!(!exited(), "its unregistration is pending");
    host.on(0, || put(channels[0]));
    host.poll(0);
    host.poll(1);
    assert!(exited());
    assert_eq!(device.trace.take(), "created created destroyed destroyed unregistered");
}

#[test]
fn putting_a_channel_on_another_thread_ends_the_process() {
    dies(
        "putting_a_channel_on_another_thread_ends_the_process",
        "spdk_put_io_channel: the channel belongs to thread 't0', but it was called on 't1'",
        || {
            let host = Host::new(2);
            let device = Device::new(c"disk");
            let channel = host.on(0, || {
                device.register();
                device.get()
            });
            host.on(1, || put(channel));
        },
    );
}

#[test]
fn putting_a_channel_too_often_ends_the_process() {
    dies(
        "putting_a_channel_too_often_ends_the_process",
        "spdk_put_io_channel: the channel of the device 'disk' was put more often than it was got",
        || {
            let host = Host::new(1);
            let device = Device::new(c"disk");
            host.on(0, || {
                device.register();
                let channel = device.get();
                put(channel);
                put(channel);
            });
        },
    );
}

#[test]
fn unregistering_an_unknown_device_ends_the_process() {
    dies("unregistering_an_unknown_device_ends_the_process", "is not a registered device", || {
        let host = Host::new(1);
        let device = Device::new(c"disk");
        host.on(0, || device.unregister());
    });
}
