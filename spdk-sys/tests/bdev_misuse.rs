//! Misuse that a release build of SPDK hides, and that ends the process here.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::ffi::c_void;
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

/// Runs a test's body, with a fresh disk that is open on thread 0, in a process of its own.
fn dies_with_disk(test: &str, words: &str, body: impl FnOnce(&Host, &Rc<Disk>, Open)) {
    dies(test, words, || {
        let host = Host::new(2);
        let disk = Disk::new(&host);
        let open = disk.open(&host, 0, true);
        body(&host, &disk, open);
    });
}

#[test]
fn freeing_twice() {
    dies_with_disk("freeing_twice", "spdk_bdev_free_io: the bdev_io was freed", |host, _, open| {
        let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
        host.settle();
        let io = probe.io.get().expect("the callback has run");
        // SAFETY: the memory of an I/O is never freed while the library runs.
        host.on(0, || unsafe { spdk_bdev_free_io(io) });
    });
}

#[test]
fn freeing_in_flight() {
    dies_with_disk("freeing_in_flight", "the I/O is in flight", |host, disk, open| {
        disk.mode.set(Mode::Held);
        let _probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
        let io = disk.held.borrow()[0];
        // SAFETY: as above.
        host.on(0, || unsafe { spdk_bdev_free_io(io) });
    });
}

#[test]
fn freeing_on_another_thread() {
    let words = "spdk_bdev_free_io: called off the thread";
    dies_with_disk("freeing_on_another_thread", words, |host, _, open| {
        let probe = Probe::keeping();
        host.on(0, || {
            let rc = submit_to!(&probe, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1);
            assert_eq!(rc, 0);
        });
        host.settle();
        let io = probe.io.get().expect("the callback has run");
        // SAFETY: the probe kept the I/O.
        host.on(1, || unsafe { spdk_bdev_free_io(io) });
    });
}

#[test]
fn closing_with_io_in_flight() {
    let words = "spdk_bdev_close: 1 I/O of the descriptor are in flight";
    dies_with_disk("closing_with_io_in_flight", words, |host, disk, open| {
        disk.mode.set(Mode::Held);
        let _probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
        // SAFETY: the descriptor is open on thread 0.
        host.on(0, || unsafe { spdk_bdev_close(open.desc) });
    });
}

#[test]
fn closing_on_another_thread() {
    let words = "spdk_bdev_close: called off the thread that opened";
    dies_with_disk("closing_on_another_thread", words, |host, _, open| {
        // SAFETY: the descriptor is open, on thread 0.
        host.on(1, || unsafe { spdk_bdev_close(open.desc) });
    });
}

#[test]
fn putting_a_channel_with_io_in_flight() {
    let words = "was put with I/O in flight";
    dies_with_disk("putting_a_channel_with_io_in_flight", words, |host, disk, open| {
        disk.mode.set(Mode::Held);
        let _probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
        // SAFETY: the channel is thread 0's.
        host.on(0, || unsafe { spdk_put_io_channel(open.ch) });
        host.settle();
    });
}

#[test]
fn ending_a_channel_before_its_io_is_freed() {
    let words = "1 bdev_io were not freed";
    dies_with_disk("ending_a_channel_before_its_io_is_freed", words, |host, _, open| {
        let probe = Probe::keeping();
        host.on(0, || {
            let rc = submit_to!(&probe, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1);
            assert_eq!(rc, 0);
        });
        host.settle();
        // SAFETY: the channel is thread 0's.
        host.on(0, || unsafe { spdk_put_io_channel(open.ch) });
        host.settle();
    });
}

#[test]
fn submitting_on_another_thread() {
    let words = "called off the channel's thread";
    dies_with_disk("submitting_on_another_thread", words, |host, _, open| {
        let _probe = host.on(1, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
    });
}

#[test]
fn completing_twice() {
    dies_with_disk("completing_twice", "completed an I/O twice", |host, disk, open| {
        disk.mode.set(Mode::Held);
        let _probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
        let io = disk.held.borrow()[0];
        disk.complete_next(host);
        // SAFETY: as in `freeing_twice`.
        host.on(0, || unsafe { spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS) });
    });
}

#[test]
fn ending_a_zero_copy_twice() {
    let words = "spdk_bdev_zcopy_end: the zero copy has not started or was ended";
    dies_with_disk("ending_a_zero_copy_twice", words, |host, disk, open| {
        disk.mode.set(Mode::Held);
        let probe = Probe::keeping();
        host.on(0, || {
            let null = ptr::null_mut();
            let rc = submit_to!(&probe, spdk_bdev_zcopy_start, open, null, 0, 0, 1, true);
            assert_eq!(rc, 0);
        });
        let io = disk.held.borrow()[0];
        // SAFETY: the I/O is in flight, which is the misuse.
        host.on(0, || unsafe { spdk_bdev_zcopy_end(io, false, Some(on_done), probe.arg()) });
    });
}

#[test]
fn registering_off_the_app_thread() {
    let words = "spdk_bdev_register: called off the app thread";
    dies("registering_off_the_app_thread", words, || {
        let host = Host::new(2);
        let disk = Disk::unregistered(DiskSpec::default());
        // SAFETY: refused before anything is used.
        host.on(1, || unsafe { spdk_bdev_register(disk.bdev()) });
    });
}

#[test]
fn unregistering_off_the_app_thread() {
    let words = "spdk_bdev_unregister: called off the app thread";
    dies_with_disk("unregistering_off_the_app_thread", words, |host, disk, _| {
        // SAFETY: the bdev is registered; refused before anything changes.
        host.on(1, || unsafe { spdk_bdev_unregister(disk.bdev(), None, ptr::null_mut()) });
    });
}

#[test]
fn putting_a_channel_on_another_thread() {
    let words = "spdk_put_io_channel: the channel belongs to thread 'test'";
    dies_with_disk("putting_a_channel_on_another_thread", words, |host, _, open| {
        // SAFETY: the channel is alive, on thread 0.
        host.on(1, || unsafe { spdk_put_io_channel(open.ch) });
    });
}

#[test]
fn opening_off_any_thread() {
    let words = "spdk_bdev_open_ext: called off an SPDK thread";
    dies("opening_off_any_thread", words, || {
        let _host = Host::new(1);
        let (events, mut desc) = (Events::new(), ptr::null_mut());
        let ctx: *mut c_void = events.arg();
        // SAFETY: refused before anything is used.
        unsafe {
            let name = c"disk".as_ptr();
            spdk_bdev_open_ext(name, false, Some(on_event), ctx, &raw mut desc);
        }
    });
}

#[test]
fn queueing_an_entry_twice() {
    let words = "spdk_bdev_queue_io_wait: the entry is queued already";
    dies("queueing_an_entry_twice", words, || {
        let host = Host::with_pool(1, 2, 1);
        let disk = Disk::new(&host);
        disk.mode.set(Mode::Held);
        let open = disk.open(&host, 0, false);
        let _probes = host.on(0, || {
            [0, 1].map(|block| submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), block, 1))
        });
        let mut entry = spdk_bdev_io_wait_entry { bdev: disk.bdev(), ..Default::default() };
        // SAFETY: the entry stays in place.
        host.on(0, || unsafe {
            spdk_bdev_queue_io_wait(disk.bdev(), open.ch, &raw mut entry);
            spdk_bdev_queue_io_wait(disk.bdev(), open.ch, &raw mut entry);
        });
    });
}
