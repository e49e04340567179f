//! The test switches.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::Cell;
use core::ffi::c_void;
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

/// Each way to leave the module out, with success.
const WITHOUT_MODULE: [faults::Completion; 2] = [
    faults::Completion::InsideSubmit(SPDK_BDEV_IO_STATUS_SUCCESS),
    faults::Completion::Inline(SPDK_BDEV_IO_STATUS_SUCCESS),
];

fn leave_module_out(completion: faults::Completion) {
    faults::set("disk", faults::Faults::new().completion(completion));
}

fn raw(buffer: &mut [u8]) -> *mut c_void {
    buffer.as_mut_ptr().cast()
}

#[test]
fn a_read_without_the_module_brings_zeroes() {
    let host = Host::new(1);
    let disk = Disk::with(&host, DiskSpec { blocks: 512, ..DiskSpec::default() });
    disk.data.borrow_mut().fill(3);
    let open = disk.open(&host, 0, false);
    for completion in WITHOUT_MODULE {
        leave_module_out(completion);
        let mut buffer = vec![7; 1025];
        let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut buffer), 0, 2));
        host.settle();
        assert!(probe.succeeded());
        assert!(buffer[..1024].iter().all(|&byte| byte == 0), "{completion:?}");
        assert_eq!(buffer[1024], 7, "{completion:?}");
        // No buffer of SPDK's is as large as that.
        let null = ptr::null_mut();
        let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, null, 0, 512));
        host.settle();
        assert!(!probe.succeeded(), "{completion:?}");
    }
    assert_eq!(disk.take_seen(), []);
    open.close(&host, 0);
}

/// The bdev layer compares by a read into a buffer that the module is to bring.
#[test]
fn a_compare_without_the_module_meets_zeroes() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.data.borrow_mut().fill(3);
    let open = disk.open(&host, 0, false);
    for completion in WITHOUT_MODULE {
        leave_module_out(completion);
        let mut data = vec![0; 1024];
        let same = host.on(0, || submit!(spdk_bdev_compare_blocks, open, raw(&mut data), 2, 2));
        host.settle();
        assert!(same.succeeded(), "{completion:?}");
        data[1023] = 3;
        let differs = host.on(0, || submit!(spdk_bdev_compare_blocks, open, raw(&mut data), 2, 2));
        host.settle();
        assert!(!differs.succeeded());
        assert_eq!(differs.nvme.get(), (2, 0x85), "{completion:?}");
    }
    assert_eq!(disk.take_seen(), []);
    open.close(&host, 0);
}

#[test]
fn a_compare_after_a_retry_without_the_module_meets_zeroes() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    for completion in WITHOUT_MODULE {
        faults::set("disk", faults::Faults::new().nomem(2).completion(completion));
        let mut data = vec![0; 512];
        let probe = host.on(0, || submit!(spdk_bdev_compare_blocks, open, raw(&mut data), 0, 1));
        host.poll_until("the retries have succeeded", || probe.done());
        assert!(probe.succeeded(), "{completion:?}");
    }
    assert_eq!(disk.take_seen(), []);
    open.close(&host, 0);
}

/// With an array of the caller's for the buffers, and without.
#[test]
fn a_zcopy_without_the_module_lends_zeroes() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, true);
    for completion in WITHOUT_MODULE {
        let mut other = [7_u8; 16];
        let mut own = iovec { iov_base: raw(&mut other), iov_len: 16 };
        for array in [ptr::null_mut(), &raw mut own] {
            leave_module_out(completion);
            let (start, end) = (Probe::keeping(), Probe::new());
            host.on(0, || {
                let count = i32::from(!array.is_null());
                let rc = submit_to!(&start, spdk_bdev_zcopy_start, open, array, count, 0, 2, true);
                assert_eq!(rc, 0);
                host.settle();
                assert!(start.succeeded(), "{completion:?}");
                let io = start.io.get().expect("the probe kept it");
                let (mut iovs, mut count) = (ptr::null_mut(), 0);
                // SAFETY: the zero copy has started and is ours; its buffer lives until its end.
                unsafe {
                    spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut count);
                    assert_eq!((count, (*iovs).iov_len), (1, 1024), "{completion:?}");
                    let lent = core::slice::from_raw_parts((*iovs).iov_base.cast::<u8>(), 1024);
                    assert!(lent.iter().all(|&byte| byte == 0), "{completion:?}");
                    assert_eq!(spdk_bdev_zcopy_end(io, true, Some(on_done), end.arg()), 0);
                }
                host.settle();
                assert!(end.succeeded(), "{completion:?}");
            });
        }
        assert_eq!(other, [7; 16]);
    }
    assert_eq!(disk.take_seen(), []);
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
