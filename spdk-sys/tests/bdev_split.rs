//! I/O that the bdev layer splits.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::ffi::c_void;
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

fn disk_with(host: &Host, tweak: fn(&mut spdk_bdev)) -> Rc<Disk> {
    let disk = Disk::with(host, DiskSpec { tweak, ..Default::default() });
    let len = disk.data.borrow().len();
    *disk.data.borrow_mut() = (0..len).map(|i| (i / 512) as u8).collect();
    disk
}

fn ranges(disk: &Disk) -> Vec<(u64, u64)> {
    disk.take_seen().iter().map(|seen| (seen.offset, seen.blocks)).collect()
}

fn raw(buffer: &mut [u8]) -> *mut c_void {
    buffer.as_mut_ptr().cast()
}

#[test]
fn reads_are_split_at_the_boundary() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| {
        bdev.optimal_io_boundary = 8;
        bdev.split_on_optimal_io_boundary = true;
    });
    let open = disk.open(&host, 0, false);
    let mut data = vec![0; 20 * 512];
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut data), 6, 20));
    host.settle();
    assert!(probe.succeeded());
    assert_eq!(ranges(&disk), [(6, 2), (8, 8), (16, 8), (24, 2)]);
    let expected: Vec<u8> = (0..data.len()).map(|i| (6 + i / 512) as u8).collect();
    assert!(data == expected, "every child has its part of the buffer");
    open.close(&host, 0);
}

#[test]
fn odd_segments_are_cut_at_whole_blocks() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| {
        bdev.max_num_segments = 2;
        bdev.max_segment_size = 512;
    });
    let open = disk.open(&host, 0, false);
    let mut parts: Vec<Vec<u8>> =
        [300, 212, 512, 100, 924, 1024].iter().map(|&len| vec![0; len]).collect();
    let mut iovs: Vec<iovec> =
        parts.iter_mut().map(|part| iovec { iov_base: raw(part), iov_len: part.len() }).collect();
    let count = iovs.len() as i32;
    let probe =
        host.on(0, || submit!(spdk_bdev_readv_blocks, open, iovs.as_mut_ptr(), count, 1, 6));
    host.settle();
    assert!(probe.succeeded());
    let expected: Vec<u8> = (0..6 * 512).map(|i| (1 + i / 512) as u8).collect();
    assert!(parts.concat() == expected);
    assert!(disk.take_seen().iter().all(|seen| seen.iovs <= 2));
    open.close(&host, 0);
}

#[test]
fn more_than_a_round_of_children_covers_everything() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| bdev.max_rw_size = 1);
    let open = disk.open(&host, 0, true);
    let mut data = vec![0; 64 * 512];
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 64));
    host.settle();
    assert!(probe.succeeded());
    assert!(data == *disk.data.borrow());
    assert_eq!(ranges(&disk), (0..64).map(|block| (block, 1)).collect::<Vec<_>>());
    open.close(&host, 0);
}

#[test]
fn a_read_without_memory_is_split_into_one_buffer() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| bdev.max_rw_size = 4);
    let open = disk.open(&host, 0, false);
    let probe = Probe::keeping();
    host.on(0, || {
        let rc = submit_to!(&probe, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 10);
        assert_eq!(rc, 0);
    });
    host.settle();
    let io = probe.io.get().expect("the callback has run");
    // SAFETY: the probe kept the I/O.
    host.on(0, || unsafe {
        let (mut iovs, mut count) = (ptr::null_mut(), 0);
        spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut count);
        assert_eq!((count, (*iovs).iov_len), (1, 5120));
        let data = std::slice::from_raw_parts((*iovs).iov_base.cast::<u8>(), 5120);
        assert!(data == &disk.data.borrow()[..5120]);
        spdk_bdev_free_io(io);
    });
    assert!(probe.succeeded());
    open.close(&host, 0);
}

#[test]
fn a_read_without_memory_larger_than_any_buffer_fails_once() {
    let host = Host::new(1);
    let spec = DiskSpec { blocks: 1024, tweak: |bdev| bdev.max_rw_size = 4, ..Default::default() };
    let disk = Disk::with(&host, spec);
    let open = disk.open(&host, 0, false);
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 512));
    assert!(!probe.done(), "by message");
    host.settle();
    assert!(!probe.succeeded());
    open.close(&host, 0);
}

#[test]
fn the_first_failing_child_decides() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| bdev.max_rw_size = 1);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let mut data = vec![0; 40 * 512];
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 40));
    assert_eq!(disk.held.borrow().len(), 32, "a round has as many children as child iovecs");
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_SUCCESS);
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_ABORTED);
    disk.complete_next(&host);
    disk.complete_next(&host);
    assert!(!probe.done(), "the others are still under way");
    disk.complete_all(&host);
    assert!(!probe.succeeded());
    assert_eq!(probe.nvme.get(), (0, 0x07), "the failing child's status");
    assert_eq!(disk.take_seen().len(), 32, "the rest was never submitted");
    open.close(&host, 0);
}

#[test]
fn unmaps_run_eight_at_a_time() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| {
        bdev.max_unmap = 2;
        bdev.max_unmap_segments = 1;
    });
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, true);
    let probe = host.on(0, || submit!(spdk_bdev_unmap_blocks, open, 0, 20));
    assert_eq!(disk.held.borrow().len(), 8);
    disk.complete_all(&host);
    assert_eq!(disk.held.borrow().len(), 2);
    disk.complete_all(&host);
    assert!(probe.succeeded());
    let expected: Vec<_> = (0..10).map(|i| (i * 2, 2)).collect();
    assert_eq!(ranges(&disk), expected);
    open.close(&host, 0);
}

#[test]
fn children_wait_for_bdev_io() {
    let host = Host::with_pool(1, 4, 2);
    let disk = disk_with(&host, |bdev| bdev.max_rw_size = 1);
    let open = disk.open(&host, 0, false);
    let mut data = vec![0; 32 * 512];
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 32));
    host.settle();
    assert!(probe.succeeded());
    assert!(data == disk.data.borrow()[..32 * 512]);
    open.close(&host, 0);
}

#[test]
fn a_parent_alone_in_the_pool_waits_its_turn() {
    let host = Host::with_pool(1, 2, 1);
    let disk = disk_with(&host, |bdev| bdev.max_rw_size = 1);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let mut data = vec![0; 2 * 512];
    let (whole, split) = host.on(0, || {
        let whole = submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 9, 1);
        let split = submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 2);
        (whole, split)
    });
    assert_eq!(ranges(&disk), [(9, 1)], "no bdev_io is left for a child");
    disk.complete_next(&host);
    assert!(whole.succeeded());
    assert_eq!(ranges(&disk), [(0, 1)]);
    disk.complete_next(&host);
    disk.complete_next(&host);
    assert!(split.succeeded());
    open.close(&host, 0);
}

#[test]
fn blocks_that_do_not_fit_into_the_segments_fail_inline() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| {
        bdev.max_num_segments = 2;
        bdev.max_segment_size = 64;
    });
    let open = disk.open(&host, 0, false);
    let mut data = vec![0; 1024];
    host.on(0, || {
        let probe = submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 2);
        assert!(!probe.succeeded(), "128 bytes never hold a block");
    });
    assert!(disk.take_seen().is_empty());
    open.close(&host, 0);
}

#[test]
fn a_write_smaller_than_the_write_unit_fails() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| {
        bdev.write_unit_size = 4;
        bdev.split_on_write_unit = true;
    });
    let open = disk.open(&host, 0, true);
    let mut data = vec![1; 8 * 512];
    let (whole, part) = host.on(0, || {
        let whole = submit!(spdk_bdev_write_blocks, open, raw(&mut data), 4, 8);
        let part = submit!(spdk_bdev_write_blocks, open, raw(&mut data), 0, 2);
        (whole, part)
    });
    host.settle();
    assert!(whole.succeeded() && !part.succeeded());
    assert_eq!(ranges(&disk), [(4, 4), (8, 4)]);
    open.close(&host, 0);
}

#[test]
fn inline_children_do_not_confuse_their_parent() {
    let host = Host::new(1);
    let disk = disk_with(&host, |bdev| bdev.max_rw_size = 1);
    let open = disk.open(&host, 0, false);
    let everything_inline =
        faults::Faults::new().completion(faults::Completion::Inline(SPDK_BDEV_IO_STATUS_SUCCESS));
    faults::set("disk", everything_inline);
    let mut data = vec![0; 64 * 512];
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 64));
    assert!(probe.succeeded());
    faults::clear_all();
    open.close(&host, 0);
}
