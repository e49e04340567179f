//! The bdev layer under several OS threads at once.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use spdk_sys::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A descriptor that several OS threads use at once.
struct Shared(*mut spdk_bdev_desc);

// SAFETY: SPDK lets channels of every thread submit through one descriptor.
unsafe impl Sync for Shared {}

impl Shared {
    fn get(&self) -> *mut spdk_bdev_desc {
        self.0
    }
}

/// Submits reads, one after another, each from the callback of the one before.
struct Loop {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    left: Cell<u32>,
    ok: Cell<u32>,
}

unsafe extern "C" fn next(io: *mut spdk_bdev_io, success: bool, arg: *mut c_void) {
    // SAFETY: the loop outlives its reads.
    unsafe {
        let own = &*arg.cast::<Loop>();
        spdk_bdev_free_io(io);
        own.ok.set(own.ok.get() + u32::from(success));
        own.left.set(own.left.get() - 1);
        if own.left.get() > 0 {
            own.submit();
        }
    }
}

impl Loop {
    unsafe fn submit(&self) {
        let arg = ptr::from_ref(self).cast_mut().cast();
        let block = u64::from(self.left.get() % 64);
        // SAFETY: open descriptor and channel, on the channel's thread.
        let rc = unsafe {
            spdk_bdev_read_blocks(self.desc, self.ch, ptr::null_mut(), block, 1, Some(next), arg)
        };
        assert_eq!(rc, 0);
    }
}

/// Runs a few reads on an spdk_thread of its own, then ends that thread.
fn work(desc: *mut spdk_bdev_desc, reads: u32) {
    // SAFETY: the thread is this OS thread's; the descriptor stays open until all have ended.
    unsafe {
        let thread = spdk_thread_create(c"worker".as_ptr(), ptr::null());
        spdk_set_thread(thread);
        let ch = spdk_bdev_get_io_channel(desc);
        let own = Loop { desc, ch, left: Cell::new(reads), ok: Cell::new(0) };
        own.submit();
        spdk_set_thread(ptr::null_mut());
        while own.left.get() > 0 {
            spdk_thread_poll(thread, 0, 0);
        }
        assert_eq!(own.ok.get(), reads);
        spdk_set_thread(thread);
        spdk_put_io_channel(ch);
        spdk_thread_exit(thread);
        spdk_set_thread(ptr::null_mut());
        while !spdk_thread_is_exited(thread) {
            spdk_thread_poll(thread, 0, 0);
        }
        spdk_thread_destroy(thread);
    }
}

static SHARED_TABLE: spdk_bdev_fn_table = spdk_bdev_fn_table {
    destruct: Some(destruct),
    submit_request: Some(submit_request),
    io_type_supported: Some(supports_read),
    get_io_channel: Some(get_io_channel),
    get_spin_time: None,
    get_module_ctx: None,
    reset_device_stat: None,
};

unsafe extern "C" fn destruct(ctx: *mut c_void) -> c_int {
    // SAFETY: registered by `register`.
    unsafe { spdk_io_device_unregister(ctx, None) };
    0
}

unsafe extern "C" fn submit_request(_ch: *mut spdk_io_channel, io: *mut spdk_bdev_io) {
    // SAFETY: the I/O is the module's.
    unsafe { spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS) };
}

unsafe extern "C" fn supports_read(_ctx: *mut c_void, type_: spdk_bdev_io_type) -> bool {
    matches!(type_, SPDK_BDEV_IO_TYPE_READ | SPDK_BDEV_IO_TYPE_RESET)
}

unsafe extern "C" fn get_io_channel(ctx: *mut c_void) -> *mut spdk_io_channel {
    // SAFETY: registered by `register`.
    unsafe { spdk_get_io_channel(ctx) }
}

unsafe extern "C" fn created(_device: *mut c_void, _ctx: *mut c_void) -> c_int {
    0
}

unsafe extern "C" fn destroyed(_device: *mut c_void, _ctx: *mut c_void) {}

/// Registers a bdev without state of its own, which any thread may use.
fn register(host: &Host, bdev: &mut spdk_bdev) {
    let ctx: *mut c_void = ptr::from_mut(bdev).cast();
    *bdev = spdk_bdev {
        ctxt: ctx,
        name: c"shared".as_ptr().cast_mut(),
        product_name: c"Shared".as_ptr().cast_mut(),
        blockcnt: 64,
        blocklen: 512,
        module: (&raw const MODULE).cast_mut(),
        fn_table: &raw const SHARED_TABLE,
        ..Default::default()
    };
    // SAFETY: the caller keeps the bdev until the host has ended.
    host.on(0, || unsafe {
        spdk_io_device_register(ctx, Some(created), Some(destroyed), 8, c"shared".as_ptr());
        assert_eq!(spdk_bdev_register(ctx.cast()), 0);
    });
    host.settle();
}

fn open(host: &Host) -> *mut spdk_bdev_desc {
    let mut desc = ptr::null_mut();
    let events = Events::new();
    host.keep(events.clone());
    // SAFETY: the host keeps the event log.
    let rc = host.on(0, || unsafe {
        spdk_bdev_open_ext(c"shared".as_ptr(), false, Some(on_event), events.arg(), &raw mut desc)
    });
    assert_eq!(rc, 0);
    desc
}

#[test]
fn threads_share_a_descriptor() {
    let mut bdev = Box::new(spdk_bdev::default());
    let host = Host::new(1);
    register(&host, &mut bdev);
    let desc = Shared(open(&host));
    let running = AtomicUsize::new(3);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                work(desc.get(), 2000);
                running.fetch_sub(1, Ordering::AcqRel);
            });
        }
        while running.load(Ordering::Acquire) > 0 {
            host.poll();
        }
    });
    // SAFETY: opened on thread 0; every read has ended.
    host.on(0, || unsafe { spdk_bdev_close(desc.get()) });
    host.settle();
}

#[test]
fn statistics_resizes_and_lookups_meet_running_io() {
    let mut bdev = Box::new(spdk_bdev::default());
    let host = Host::new(1);
    register(&host, &mut bdev);
    let desc = Shared(open(&host));
    let bdev_ptr: *mut spdk_bdev = ptr::from_mut(&mut *bdev);
    let running = AtomicBool::new(true);
    unsafe extern "C" fn on_stat(
        _: *mut spdk_bdev,
        _: *mut spdk_bdev_io_stat,
        arg: *mut c_void,
        rc: c_int,
    ) {
        assert_eq!(rc, 0);
        // SAFETY: the test keeps the flag.
        unsafe { (*arg.cast::<Cell<bool>>()).set(true) };
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            work(desc.get(), 5000);
            running.store(false, Ordering::Release);
        });
        let mut blocks = 64;
        while running.load(Ordering::Acquire) {
            let done = Cell::new(false);
            let mut stat = spdk_bdev_io_stat::default();
            let arg: *mut c_void = (&raw const done).cast_mut().cast();
            blocks += 1;
            // SAFETY: on the app thread; the structures outlive the callback.
            host.on(0, || unsafe {
                let mode = SPDK_BDEV_RESET_STAT_NONE;
                spdk_bdev_get_device_stat(bdev_ptr, &raw mut stat, mode, Some(on_stat), arg);
                assert_eq!(spdk_bdev_notify_blockcnt_change(bdev_ptr, blocks), 0);
                assert_eq!(spdk_bdev_get_by_name(c"shared".as_ptr()), bdev_ptr);
            });
            host.poll_until("the statistics are there", || done.get());
        }
    });
    // SAFETY: opened on thread 0; every read has ended.
    host.on(0, || unsafe { spdk_bdev_close(desc.get()) });
    host.settle();
}
