//! The test switches.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::Cell;
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

fn read(host: &Host, open: &Open, block: u64) -> Rc<Probe> {
    host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), block, 1))
}

#[test]
fn nomem_comes_as_often_as_asked() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    faults::set("disk", faults::Faults::new().nomem(2));
    let probe = read(&host, &open, 0);
    host.poll_until("the retries have succeeded", || probe.done());
    assert!(probe.succeeded());
    assert_eq!(disk.take_seen().len(), 1, "the module was spared the others");
    open.close(&host, 0);
}

#[test]
fn completions_come_from_where_they_are_told() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let from = |completion| faults::set("disk", faults::Faults::new().completion(completion));

    from(faults::Completion::InsideSubmit(SPDK_BDEV_IO_STATUS_FAILED));
    let inside = read(&host, &open, 0);
    assert!(!inside.done(), "by message");
    host.poll_one(0);
    assert!(!inside.succeeded());

    from(faults::Completion::Inline(SPDK_BDEV_IO_STATUS_SUCCESS));
    let inline = read(&host, &open, 0);
    assert!(inline.succeeded(), "before the submit has returned");

    let twice = faults::Faults::new()
        .completion(faults::Completion::Inline(SPDK_BDEV_IO_STATUS_SUCCESS))
        .limit(2);
    faults::set("disk", twice);
    let probes = [0, 1, 2].map(|block| read(&host, &open, block));
    assert_eq!(probes.each_ref().map(|probe| probe.done()), [true, true, false]);
    disk.complete_all(&host);
    assert!(probes[2].succeeded());

    faults::set("another", faults::Faults::new().nomem(9));
    faults::clear("disk");
    let module = read(&host, &open, 0);
    disk.complete_all(&host);
    assert!(module.succeeded());
    open.close(&host, 0);
}

#[test]
fn completions_are_delayed_and_shuffled() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let order = |seed| {
        faults::set("disk", faults::Faults::new().delay(3).shuffle(seed));
        let counter = Rc::new(Cell::new(0));
        let probes: Vec<_> = (0..8).map(|_| Probe::in_order(&counter)).collect();
        host.on(0, || {
            for probe in &probes {
                let rc = submit_to!(probe, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1);
                assert_eq!(rc, 0);
            }
        });
        host.poll_one(0);
        host.poll_one(0);
        assert!(probes.iter().all(|probe| !probe.done()));
        host.poll_one(0);
        assert!(probes.iter().all(|probe| probe.succeeded()));
        probes.iter().map(|probe| probe.place.get()).collect::<Vec<_>>()
    };
    let (one, same, other) = (order(1), order(1), order(2));
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert_ne!(one, (0..8).collect::<Vec<_>>());
    open.close(&host, 0);
}

#[test]
fn walks_run_out_of_memory_inline() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let result = Statuses::new();
    faults::fail_next_walks(2);
    // SAFETY: the log outlives the calls; the bdev is registered.
    host.on(0, || unsafe {
        let mut limits = [1000, 0, 0, 0];
        let arg = result.arg();
        spdk_bdev_histogram_enable(disk.bdev(), Some(on_status), arg, true);
        spdk_bdev_set_qos_rate_limits(disk.bdev(), limits.as_mut_ptr(), Some(on_status), arg);
        assert_eq!(result.seen(), [-libc::ENOMEM; 2]);
        spdk_bdev_histogram_enable(disk.bdev(), Some(on_status), arg, false);
    });
    host.settle();
    assert_eq!(result.seen(), [-libc::ENOMEM, -libc::ENOMEM, 0]);
    open.close(&host, 0);
}
