//! Running out of bdev_io, and out of the module's resources.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

/// A waiter that notes when it was called.
struct Waiter {
    entry: RefCell<spdk_bdev_io_wait_entry>,
    called: Cell<Option<usize>>,
    counter: Rc<Cell<usize>>,
}

impl Waiter {
    fn new(disk: &Disk, counter: &Rc<Cell<usize>>, first: bool) -> Rc<Self> {
        let waiter = Rc::new(Self {
            entry: RefCell::default(),
            called: Cell::new(None),
            counter: Rc::clone(counter),
        });
        *waiter.entry.borrow_mut() = spdk_bdev_io_wait_entry {
            bdev: disk.bdev(),
            cb_fn: Some(on_wait),
            cb_arg: Rc::as_ptr(&waiter).cast_mut().cast(),
            dep_unblock: first,
            ..Default::default()
        };
        waiter
    }

    fn queue(&self, host: &Host, disk: &Disk, ch: *mut spdk_io_channel) -> i32 {
        // SAFETY: the entry stays in place as long as the waiter, which the test keeps.
        host.on(0, || unsafe { spdk_bdev_queue_io_wait(disk.bdev(), ch, self.entry.as_ptr()) })
    }
}

unsafe extern "C" fn on_wait(ctx: *mut c_void) {
    // SAFETY: the waiter is kept by the test.
    let waiter = unsafe { &*ctx.cast::<Waiter>() };
    assert_eq!(waiter.called.get(), None, "called once");
    waiter.called.set(Some(waiter.counter.get()));
    waiter.counter.set(waiter.counter.get() + 1);
}

#[test]
fn waiters_are_woken_oldest_first_when_an_io_is_freed() {
    let host = Host::with_pool(1, 2, 1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let null = ptr::null_mut();
    let (first, second, refused) = host.on(0, || {
        let first = submit!(spdk_bdev_read_blocks, open, null, 0, 1);
        let second = submit!(spdk_bdev_read_blocks, open, null, 1, 1);
        let refused = Probe::new();
        let rc = submit_to!(&refused, spdk_bdev_read_blocks, open, null, 2, 1);
        assert_eq!(rc, -libc::ENOMEM);
        (first, second, refused)
    });
    let counter = Rc::new(Cell::new(0));
    let [older, younger, urgent] =
        [false, false, true].map(|first| Waiter::new(&disk, &counter, first));
    for waiter in [&older, &younger, &urgent] {
        assert_eq!(waiter.queue(&host, &disk, open.ch), 0);
    }
    // Waiters that do not submit leave the I/O to the next ones: one free wakes all of them.
    disk.complete_next(&host);
    assert!(first.succeeded());
    assert_eq!(urgent.called.get(), Some(0), "an entry that unblocks others goes first");
    assert_eq!(older.called.get(), Some(1));
    assert_eq!(younger.called.get(), Some(2));
    assert_eq!(older.queue(&host, &disk, open.ch), -libc::EINVAL, "the cache holds one again");
    disk.complete_next(&host);
    assert!(second.succeeded());
    assert!(!refused.done());
    open.close(&host, 0);
}

/// A waiter that submits a read when it is called, which must be accepted.
struct Again {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    probe: Rc<Probe>,
}

unsafe extern "C" fn again(ctx: *mut c_void) {
    // SAFETY: the test keeps the argument, and its descriptor and channel are open.
    unsafe {
        let again = &*ctx.cast::<Again>();
        let (arg, null) = (again.probe.arg(), ptr::null_mut());
        let rc = spdk_bdev_read_blocks(again.desc, again.ch, null, 5, 1, Some(on_done), arg);
        assert_eq!(rc, 0, "the I/O that woke this waiter is its own");
    }
}

#[test]
fn a_waiter_that_submits_takes_the_io_that_woke_it() {
    let host = Host::with_pool(1, 2, 1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let null = ptr::null_mut();
    let probes: Vec<_> = host.on(0, || {
        (0..2).map(|block| submit!(spdk_bdev_read_blocks, open, null, block, 1)).collect()
    });
    let mut one = Again { desc: open.desc, ch: open.ch, probe: Probe::new() };
    let mut entry = spdk_bdev_io_wait_entry {
        bdev: disk.bdev(),
        cb_fn: Some(again),
        cb_arg: (&raw mut one).cast(),
        ..Default::default()
    };
    let counter = Rc::new(Cell::new(0));
    let other = Waiter::new(&disk, &counter, false);
    // SAFETY: the entry stays in place until the end of the test.
    let rc =
        host.on(0, || unsafe { spdk_bdev_queue_io_wait(disk.bdev(), open.ch, &raw mut entry) });
    assert_eq!(rc, 0);
    assert_eq!(other.queue(&host, &disk, open.ch), 0);
    disk.complete_next(&host);
    assert_eq!(other.called.get(), None, "nothing was left for the second waiter");
    let newcomer = Probe::new();
    let rc = host.on(0, || submit_to!(&newcomer, spdk_bdev_read_blocks, open, null, 2, 1));
    assert_eq!(rc, -libc::ENOMEM, "those who wait come first");
    disk.complete_all(&host);
    assert_eq!(other.called.get(), Some(0));
    disk.complete_all(&host);
    assert!(probes.iter().all(|probe| probe.succeeded()) && one.probe.succeeded());
    open.close(&host, 0);
}

#[test]
fn a_wait_entry_names_its_bdev() {
    let host = Host::with_pool(1, 2, 1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let mut entry = spdk_bdev_io_wait_entry::default();
    // SAFETY: a refused entry is not kept.
    let rc =
        host.on(0, || unsafe { spdk_bdev_queue_io_wait(disk.bdev(), open.ch, &raw mut entry) });
    assert_eq!(rc, -libc::EINVAL);
    open.close(&host, 0);
}

#[test]
fn options_must_leave_a_cache_for_every_thread() {
    let host = Host::new(2);
    let mut opts = spdk_bdev_opts::default();
    // SAFETY: local structures.
    host.on(0, || unsafe {
        assert_eq!(spdk_bdev_set_opts(ptr::null_mut()), -1);
        assert_eq!(spdk_bdev_set_opts(&raw mut opts), -1, "opts_size is 0");
        spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>());
        opts.bdev_io_pool_size = 2;
        opts.bdev_io_cache_size = 1;
        assert_eq!(spdk_bdev_set_opts(&raw mut opts), -1, "two threads and one more need 3");
        let mut short = spdk_bdev_opts::default();
        spdk_bdev_get_opts(&raw mut short, 4);
        let (pool, cache) = (short.bdev_io_pool_size, short.bdev_io_cache_size);
        assert_eq!((pool, cache), (65535, 0), "only what the caller knows is written");
    });
}

#[test]
fn a_pool_that_cannot_fill_a_cache_gives_no_channel() {
    let host = Host::with_pool(1, 3, 1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    disk.mode.set(Mode::Held);
    let probes: Vec<_> = host.on(0, || {
        (0..3)
            .map(|block| submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), block, 1))
            .collect()
    });
    // SAFETY: the extra thread is current while it is used, and ended before it is destroyed.
    unsafe {
        let extra = spdk_thread_create(c"extra".as_ptr(), ptr::null());
        spdk_set_thread(extra);
        let ch = spdk_bdev_get_io_channel(open.desc);
        assert!(ch.is_null());
        spdk_thread_exit(extra);
        spdk_set_thread(ptr::null_mut());
        while !spdk_thread_is_exited(extra) {
            spdk_thread_poll(extra, 0, 0);
        }
        spdk_thread_destroy(extra);
    }
    disk.complete_all(&host);
    assert!(probes.iter().all(|probe| probe.succeeded()));
    open.close(&host, 0);
}

#[test]
fn nomem_is_retried_and_never_seen() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let null = ptr::null_mut();
    let counter = Rc::new(Cell::new(0));
    let probes: Vec<_> = (0..4).map(|_| Probe::in_order(&counter)).collect();
    let submit = |index: usize| {
        let rc = submit_to!(&probes[index], spdk_bdev_read_blocks, open, null, index as u64, 1);
        assert_eq!(rc, 0);
    };
    host.on(0, || {
        submit(0);
        submit(1);
        // The module turns this one away; what comes later queues behind it.
        disk.mode.set(Mode::Inside);
        disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_NOMEM);
        submit(2);
        submit(3);
    });
    assert_eq!(disk.take_seen().len(), 3);
    disk.complete_next(&host);
    host.settle();
    let offsets: Vec<_> = disk.take_seen().iter().map(|seen| seen.offset).collect();
    assert_eq!(offsets, [2, 3], "a completion lets the queue go on, in order");
    disk.complete_all(&host);
    assert!(probes.iter().all(|probe| probe.succeeded()));
    open.close(&host, 0);
}

#[test]
fn nomem_with_nothing_outstanding_is_retried_by_a_poller() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.script.borrow_mut().extend([SPDK_BDEV_IO_STATUS_NOMEM; 3]);
    let open = disk.open(&host, 0, false);
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
    host.poll_until("the retries have succeeded", || probe.done());
    assert!(probe.succeeded());
    assert_eq!(disk.take_seen().len(), 4);
    open.close(&host, 0);
}

#[test]
fn a_new_io_behind_an_idle_nomem_queue_may_complete_inline() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_NOMEM);
    let open = disk.open(&host, 0, false);
    let null = ptr::null_mut();
    host.on(0, || {
        let parked = submit!(spdk_bdev_read_blocks, open, null, 0, 1);
        assert!(!parked.done());
        let new = submit!(spdk_bdev_read_blocks, open, null, 1, 1);
        assert!(parked.succeeded() && new.succeeded(), "both ran inside the second submit");
    });
    open.close(&host, 0);
}
