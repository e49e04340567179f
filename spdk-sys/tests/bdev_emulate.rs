//! I/O that the bdev layer puts together from reads and writes, and zero copy.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::ffi::c_void;
use core::ptr;
use spdk_sys::*;

fn raw(buffer: &mut [u8]) -> *mut c_void {
    buffer.as_mut_ptr().cast()
}

fn types(disk: &Disk) -> Vec<spdk_bdev_io_type> {
    disk.take_seen().iter().map(|seen| seen.type_).collect()
}

fn fused(probe: &Probe) -> [(i32, i32); 2] {
    let io = probe.io.get().expect("the callback has run");
    let (mut cdw0, mut a, mut b, mut c, mut d) = (0, 0, 0, 0, 0);
    // SAFETY: the probe kept the I/O.
    unsafe {
        spdk_bdev_io_get_nvme_fused_status(
            io,
            &raw mut cdw0,
            &raw mut a,
            &raw mut b,
            &raw mut c,
            &raw mut d,
        );
    }
    [(a, b), (c, d)]
}

#[test]
fn compare_reads_and_looks() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.data.borrow_mut()[1024..2048].fill(3);
    let open = disk.open(&host, 0, false);
    let mut data = vec![3; 1024];
    let (same, split) = host.on(0, || {
        let same = submit!(spdk_bdev_compare_blocks, open, raw(&mut data), 2, 2);
        let (left, right) = data.split_at_mut(100);
        let mut iovs = [
            iovec { iov_base: raw(left), iov_len: 100 },
            iovec { iov_base: raw(right), iov_len: 924 },
        ];
        let split = submit!(spdk_bdev_comparev_blocks, open, iovs.as_mut_ptr(), 2, 2, 2);
        host.settle();
        (same, split)
    });
    assert!(same.succeeded() && split.succeeded());
    data[1023] = 4;
    let differs = host.on(0, || submit!(spdk_bdev_compare_blocks, open, raw(&mut data), 2, 2));
    host.settle();
    assert!(!differs.succeeded());
    assert_eq!(differs.nvme.get(), (2, 0x85));
    assert_eq!(types(&disk), [SPDK_BDEV_IO_TYPE_READ; 3]);
    open.close(&host, 0);
}

#[test]
fn a_failing_read_fails_the_compare() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_FAILED);
    let open = disk.open(&host, 0, false);
    let mut data = vec![0; 512];
    let probe = host.on(0, || submit!(spdk_bdev_compare_blocks, open, raw(&mut data), 0, 1));
    host.settle();
    assert!(!probe.succeeded());
    assert_eq!(probe.nvme.get(), (0, 0x06));
    open.close(&host, 0);
}

#[test]
fn compare_and_write_writes_only_what_it_expected() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.data.borrow_mut()[5 * 512..6 * 512].fill(1);
    let open = disk.open(&host, 0, true);
    for (expected, statuses) in [(2, [(2, 0x85), (0, 0x09)]), (1, [(0, 0), (0, 0)])] {
        let (mut old, mut new) = (vec![expected; 512], vec![9; 512]);
        let mut compare = iovec { iov_base: raw(&mut old), iov_len: 512 };
        let mut write = iovec { iov_base: raw(&mut new), iov_len: 512 };
        let probe = Probe::keeping();
        host.on(0, || {
            let (compare, write) = (&raw mut compare, &raw mut write);
            let rc = submit_to!(
                &probe,
                spdk_bdev_comparev_and_writev_blocks,
                open,
                compare,
                1,
                write,
                1,
                5,
                1
            );
            assert_eq!(rc, 0);
        });
        host.settle();
        assert_eq!(probe.succeeded(), expected == 1);
        assert_eq!(fused(&probe), statuses);
        let io = probe.io.get().expect("the callback has run");
        // SAFETY: the probe kept the I/O.
        host.on(0, || unsafe { spdk_bdev_free_io(io) });
        let written = disk.data.borrow()[5 * 512] == 9;
        assert_eq!(written, expected == 1);
    }
    open.close(&host, 0);
}

#[test]
fn writes_wait_for_a_locked_range_on_every_channel() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, true), disk.open(&host, 1, true));
    disk.mode.set(Mode::Held);
    let (mut old, mut new) = (vec![0; 512], vec![9; 512]);
    let mut compare = iovec { iov_base: raw(&mut old), iov_len: 512 };
    let mut write = iovec { iov_base: raw(&mut new), iov_len: 512 };
    let both = host.on(0, || {
        let (compare, write) = (&raw mut compare, &raw mut write);
        submit!(spdk_bdev_comparev_and_writev_blocks, open, compare, 1, write, 1, 5, 1)
    });
    host.settle();
    assert_eq!(types(&disk), [SPDK_BDEV_IO_TYPE_READ], "the compare, under the lock");

    let mut data = vec![7; 512];
    let (waits, reads, apart) = host.on(1, || {
        let waits = submit!(spdk_bdev_write_blocks, other, raw(&mut data), 5, 1);
        let reads = submit!(spdk_bdev_read_blocks, other, ptr::null_mut(), 5, 1);
        let apart = submit!(spdk_bdev_write_blocks, other, raw(&mut data), 6, 1);
        (waits, reads, apart)
    });
    let seen = disk.take_seen();
    assert_eq!(seen.len(), 2, "the overlapping write waits: {seen:?}");
    disk.complete_all(&host);
    host.settle();
    assert!(reads.succeeded() && apart.succeeded() && !waits.done());
    assert_eq!(types(&disk), [SPDK_BDEV_IO_TYPE_WRITE], "the write half");
    disk.complete_all(&host);
    host.settle();
    assert!(both.succeeded());
    disk.complete_all(&host);
    host.settle();
    assert!(waits.succeeded());
    assert_eq!(disk.data.borrow()[5 * 512], 7);
    open.close(&host, 0);
    other.close(&host, 1);
}

#[test]
fn a_lock_waits_for_overlapping_writes() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, true), disk.open(&host, 1, true));
    disk.mode.set(Mode::Held);
    let mut data = vec![7; 512];
    let before = host.on(1, || submit!(spdk_bdev_write_blocks, other, raw(&mut data), 5, 1));
    disk.mode.set(Mode::Inside);
    let (mut old, mut new) = (vec![7; 512], vec![9; 512]);
    let mut compare = iovec { iov_base: raw(&mut old), iov_len: 512 };
    let mut write = iovec { iov_base: raw(&mut new), iov_len: 512 };
    let both = host.on(0, || {
        let (compare, write) = (&raw mut compare, &raw mut write);
        submit!(spdk_bdev_comparev_and_writev_blocks, open, compare, 1, write, 1, 5, 1)
    });
    host.settle();
    assert!(!both.done());
    disk.complete_all(&host);
    host.poll_until("the lock was taken", || both.done());
    assert!(before.succeeded() && both.succeeded());
    open.close(&host, 0);
    other.close(&host, 1);
}

#[test]
fn copies_go_through_a_buffer_in_pieces() {
    let host = Host::new(1);
    let spec = DiskSpec { blocks: 2048, ..Default::default() };
    let disk = Disk::with(&host, spec);
    disk.data.borrow_mut()[..600 * 512].fill(6);
    let open = disk.open(&host, 0, true);
    let probe = host.on(0, || submit!(spdk_bdev_copy_blocks, open, 1000, 0, 600));
    host.settle();
    assert!(probe.succeeded());
    assert!(disk.data.borrow()[1000 * 512..1600 * 512].iter().all(|&byte| byte == 6));
    assert_eq!(disk.data.borrow()[1600 * 512], 0);
    let reads = disk.take_seen().iter().filter(|seen| seen.type_ == SPDK_BDEV_IO_TYPE_READ).count();
    assert_eq!(reads, 3, "264 blocks fit into a buffer");
    open.close(&host, 0);
}

#[test]
fn zeroes_are_written_from_a_shared_buffer() {
    let host = Host::new(1);
    let spec = DiskSpec { blocks: 8192, ..Default::default() };
    let disk = Disk::with(&host, spec);
    disk.data.borrow_mut().fill(1);
    let open = disk.open(&host, 0, true);
    let probe = host.on(0, || submit!(spdk_bdev_write_zeroes_blocks, open, 10, 5000));
    host.settle();
    assert!(probe.succeeded());
    let data = disk.data.borrow();
    assert!(data[10 * 512..5010 * 512].iter().all(|&byte| byte == 0));
    assert_eq!((data[10 * 512 - 1], data[5010 * 512]), (1, 1));
    drop(data);
    let sizes: Vec<_> = disk.take_seen().iter().map(|seen| seen.blocks).collect();
    assert_eq!(sizes, [2048, 2048, 904], "1 MiB at a time");
    // SAFETY: the bdev is registered.
    unsafe {
        assert!(spdk_bdev_io_type_supported(disk.bdev(), SPDK_BDEV_IO_TYPE_WRITE_ZEROES));
        assert!(!spdk_bdev_io_type_supported(disk.bdev(), SPDK_BDEV_IO_TYPE_COPY));
    }
    open.close(&host, 0);
}

#[test]
fn data_is_everywhere_and_holes_nowhere() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let (data, hole) = (Probe::keeping(), Probe::keeping());
    host.on(0, || {
        assert_eq!(submit_to!(&data, spdk_bdev_seek_data, open, 17), 0);
        assert_eq!(submit_to!(&hole, spdk_bdev_seek_hole, open, 17), 0);
        assert!(!data.done(), "by message");
    });
    host.settle();
    host.on(0, || {
        for (probe, offset) in [(&data, 17), (&hole, u64::MAX)] {
            assert!(probe.succeeded());
            let io = probe.io.get().expect("the callback has run");
            // SAFETY: the probe kept the I/O.
            unsafe {
                assert_eq!(spdk_bdev_io_get_seek_offset(io), offset);
                spdk_bdev_free_io(io);
            }
        }
    });
    open.close(&host, 0);
}

#[test]
fn zero_copy_lends_the_bdevs_buffers() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.data.borrow_mut()[512..1024].fill(8);
    let open = disk.open(&host, 0, true);
    let (start, end) = (Probe::keeping(), Probe::new());
    host.on(0, || {
        let null = ptr::null_mut();
        assert_eq!(submit_to!(&start, spdk_bdev_zcopy_start, open, null, 0, 1, 1, true), 0);
        host.settle();
        assert!(start.succeeded());
        let io = start.io.get().expect("the callback has run");
        // SAFETY: the start succeeded, so its buffers are valid until the end.
        unsafe {
            let (mut iovs, mut count) = (ptr::null_mut(), 0);
            spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut count);
            assert_eq!((count, (*iovs).iov_len), (1, 512));
            assert_eq!(*(*iovs).iov_base.cast::<u8>(), 8);
            assert_eq!(spdk_bdev_zcopy_end(io, true, Some(on_done), end.arg()), 0);
        }
        host.settle();
        assert!(end.succeeded());
        assert_eq!(end.io.get(), Some(io), "the same bdev_io");

        let read = Probe::keeping();
        let rc = submit_to!(&read, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1);
        assert_eq!(rc, 0);
        host.settle();
        let io = read.io.get().expect("the callback has run");
        // SAFETY: a completed read that is no zero copy.
        unsafe {
            let rc = spdk_bdev_zcopy_end(io, true, Some(on_done), end.arg());
            assert_eq!(rc, -libc::EINVAL);
            spdk_bdev_free_io(io);
        }
    });
    open.close(&host, 0);
}

#[test]
fn quiescing_holds_everything() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 1, true);
    let (quiesced, unquiesced) = (Statuses::new(), Statuses::new());
    let module = (&raw const MODULE).cast_mut();
    // SAFETY: the bdev is registered; the logs outlive the calls.
    host.on(0, || unsafe {
        let rc = spdk_bdev_quiesce(disk.bdev(), ptr::null_mut(), Some(on_status), quiesced.arg());
        assert_eq!(rc, -libc::EINVAL, "not the module's bdev");
        let rc =
            spdk_bdev_quiesce_range(disk.bdev(), module, 0, 8, Some(on_status), quiesced.arg());
        assert_eq!(rc, 0);
    });
    host.settle();
    assert_eq!(quiesced.seen(), [0]);
    let (held, apart) = host.on(1, || {
        let held = submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 7, 2);
        let apart = submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 8, 1);
        (held, apart)
    });
    host.settle();
    assert!(!held.done() && apart.succeeded());
    // SAFETY: as above.
    host.on(0, || unsafe {
        let (cb, arg) = (Some(on_status as unsafe extern "C" fn(_, _)), unquiesced.arg());
        let rc = spdk_bdev_unquiesce_range(disk.bdev(), module, 0, 9, cb, arg);
        assert_eq!(rc, -libc::EINVAL, "not a range that was quiesced");
        assert_eq!(spdk_bdev_unquiesce_range(disk.bdev(), module, 0, 8, cb, arg), 0);
    });
    host.settle();
    assert_eq!(unquiesced.seen(), [0]);
    assert!(held.succeeded());
    open.close(&host, 1);
}
