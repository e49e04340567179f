//! Resets and aborts.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

fn read(host: &Host, thread: usize, open: &Open, block: u64) -> Rc<Probe> {
    host.on(thread, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), block, 1))
}

fn types(disk: &Disk) -> Vec<spdk_bdev_io_type> {
    disk.take_seen().iter().map(|seen| seen.type_).collect()
}

#[test]
fn a_reset_freezes_every_channel() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let (open, other) = (disk.open(&host, 0, false), disk.open(&host, 1, false));
    let in_flight = read(&host, 1, &other, 0);
    let reset = host.on(0, || submit!(spdk_bdev_reset, open));
    host.settle();
    assert!(!reset.done());
    assert_eq!(types(&disk), [SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_RESET]);

    let frozen = read(&host, 1, &other, 1);
    assert!(!frozen.done(), "aborted by message");
    host.settle();
    assert!(!frozen.succeeded());
    assert_eq!(frozen.nvme.get(), (0, 0x07));
    assert!(types(&disk).is_empty(), "it never reached the module");

    let queued = host.on(1, || submit!(spdk_bdev_reset, other));
    host.settle();
    assert!(types(&disk).is_empty(), "one reset at a time");
    disk.script.borrow_mut().extend([SPDK_BDEV_IO_STATUS_SUCCESS, SPDK_BDEV_IO_STATUS_FAILED]);
    disk.complete_all(&host);
    host.settle();
    assert!(in_flight.succeeded());
    assert!(!reset.succeeded() && !queued.succeeded(), "both get the outcome of the first");
    disk.mode.set(Mode::Inside);
    let thawed = read(&host, 1, &other, 1);
    host.settle();
    assert!(thawed.succeeded());
    open.close(&host, 0);
    other.close(&host, 1);
}

#[test]
fn a_reset_aborts_what_waits_for_resources() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, false), disk.open(&host, 1, false));
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_NOMEM);
    let parked = read(&host, 1, &other, 0);
    let reset = host.on(0, || submit!(spdk_bdev_reset, open));
    host.settle();
    assert!(!parked.succeeded() && reset.succeeded());
    assert_eq!(parked.nvme.get(), (0, 0x07));
    open.close(&host, 0);
    other.close(&host, 1);
}

#[test]
fn a_drained_bdev_is_not_reset() {
    let host = Host::new(1);
    let tweak = |bdev: &mut spdk_bdev| bdev.reset_io_drain_timeout = 5;
    let disk = Disk::with(&host, DiskSpec { tweak, ..Default::default() });
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let idle = host.on(0, || submit!(spdk_bdev_reset, open));
    host.settle();
    assert!(idle.succeeded());
    let in_flight = read(&host, 0, &open, 0);
    let draining = host.on(0, || submit!(spdk_bdev_reset, open));
    host.settle();
    assert!(!draining.done());
    disk.complete_all(&host);
    host.poll_until("the reset has seen that nothing is left", || draining.done());
    assert!(in_flight.succeeded() && draining.succeeded());
    assert_eq!(types(&disk), [SPDK_BDEV_IO_TYPE_READ]);
    open.close(&host, 0);
}

#[test]
fn a_bdev_that_does_not_drain_in_time_is_reset() {
    let host = Host::new(1);
    let tweak = |bdev: &mut spdk_bdev| bdev.reset_io_drain_timeout = 1;
    let disk = Disk::with(&host, DiskSpec { tweak, ..Default::default() });
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let stuck = read(&host, 0, &open, 0);
    let reset = host.on(0, || submit!(spdk_bdev_reset, open));
    host.poll_until("the module is reset", || disk.held.borrow().len() == 2);
    assert_eq!(types(&disk), [SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_RESET]);
    assert!(!stuck.done() && !reset.done(), "the bdev layer fails nothing by itself");
    disk.complete_all(&host);
    host.settle();
    assert!(stuck.succeeded() && reset.succeeded());
    open.close(&host, 0);
}

#[test]
fn the_callback_of_a_reset_finds_every_channel_thawed() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, false), Rc::new(disk.open(&host, 1, false)));
    let (reset, after) = (Probe::new(), Probe::new());
    let (next, there) = (Rc::clone(&after), Rc::clone(&other));
    let second = host.thread(1);
    reset.then(move || {
        // SAFETY: may be called from anywhere.
        let before = unsafe { spdk_get_thread() };
        // SAFETY: the thread is alive; for this submit it stands in for the one being polled.
        unsafe { spdk_set_thread(second) };
        let rc = submit_to!(&next, spdk_bdev_read_blocks, there, ptr::null_mut(), 0, 1);
        // SAFETY: the thread that is being polled is current again.
        unsafe { spdk_set_thread(before) };
        assert_eq!(rc, 0);
    });
    host.on(0, || assert_eq!(submit_to!(&reset, spdk_bdev_reset, open), 0));
    host.settle();
    assert!(reset.succeeded());
    assert!(after.succeeded(), "the channel of the other thread has thawed");
    open.close(&host, 0);
    Rc::into_inner(other).expect("the callback has run").close(&host, 1);
}

#[test]
fn an_abort_ends_its_targets() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let target = read(&host, 0, &open, 0);
    let bystander = read(&host, 0, &open, 1);
    let abort = host.on(0, || submit!(spdk_bdev_abort, open, target.arg()));
    host.settle();
    assert!(abort.succeeded());
    assert_eq!(abort.cdw0.get(), 0);
    assert!(!target.succeeded() && !bystander.done());
    assert_eq!(target.nvme.get(), (0, 0x07));
    disk.complete_all(&host);
    assert!(bystander.succeeded());
    open.close(&host, 0);
}

#[test]
fn an_abort_of_nothing_fails_inline() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let stranger = Probe::new();
    host.on(0, || {
        let abort = submit!(spdk_bdev_abort, open, stranger.arg());
        assert!(!abort.succeeded());
        assert_eq!(abort.cdw0.get(), 1);
    });
    open.close(&host, 0);
}

#[test]
fn an_abort_ends_a_parked_target_inline() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_NOMEM);
    let open = disk.open(&host, 0, false);
    let target = read(&host, 0, &open, 0);
    let abort = host.on(0, || {
        let abort = submit!(spdk_bdev_abort, open, target.arg());
        assert!(target.done(), "inside the abort");
        abort
    });
    host.settle();
    assert!(!target.succeeded() && abort.succeeded());
    assert_eq!(types(&disk), [SPDK_BDEV_IO_TYPE_READ], "the module saw no abort");
    open.close(&host, 0);
}

#[test]
fn an_abort_reaches_the_children_of_a_split_io() {
    let host = Host::new(1);
    let tweak = |bdev: &mut spdk_bdev| bdev.max_rw_size = 1;
    let disk = Disk::with(&host, DiskSpec { tweak, ..Default::default() });
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let target = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 4));
    let abort = host.on(0, || submit!(spdk_bdev_abort, open, target.arg()));
    host.settle();
    assert!(abort.succeeded() && !target.succeeded());
    assert_eq!(target.nvme.get(), (0, 0x07));
    open.close(&host, 0);
}

#[test]
fn an_abort_that_the_module_refuses_fails() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let target = read(&host, 0, &open, 0);
    // Out of the module's sight, so that it cannot abort it.
    let hidden = disk.held.borrow_mut().pop_front().expect("the read is held");
    let abort = host.on(0, || submit!(spdk_bdev_abort, open, target.arg()));
    host.settle();
    assert!(!abort.succeeded());
    disk.held.borrow_mut().push_back(hidden);
    disk.complete_all(&host);
    assert!(target.succeeded());
    open.close(&host, 0);
}

#[test]
fn an_abort_without_a_bdev_io_for_its_parts_waits() {
    let host = Host::with_pool(1, 2, 1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let target = read(&host, 0, &open, 0);
    let abort = host.on(0, || submit!(spdk_bdev_abort, open, target.arg()));
    host.settle();
    assert!(!abort.done() && !target.done(), "the abort itself took the last bdev_io");
    disk.complete_all(&host);
    host.settle();
    assert!(target.succeeded() && abort.succeeded(), "the target ended by itself");
    open.close(&host, 0);
}
