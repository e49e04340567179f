//! Submission, completion and validation of I/O.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

fn buffer(blocks: usize) -> Vec<u8> {
    vec![0; blocks * 512]
}

fn raw(buffer: &mut [u8]) -> *mut c_void {
    buffer.as_mut_ptr().cast()
}

#[test]
fn what_is_written_is_read() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, true);
    host.on(0, || {
        let mut data: Vec<u8> = (0..1024).map(|i| (i % 251) as u8).collect();
        let written = submit!(spdk_bdev_write_blocks, open, raw(&mut data), 3, 2);
        host.settle();
        assert!(written.succeeded());
        assert_eq!(written.nvme.get(), (0, 0));

        let (mut first, mut rest) = (vec![0; 100], vec![0; 924]);
        let mut iovs = [
            iovec { iov_base: raw(&mut first), iov_len: 100 },
            iovec { iov_base: raw(&mut rest), iov_len: 924 },
        ];
        let read = submit!(spdk_bdev_readv, open, iovs.as_mut_ptr(), 2, 3 * 512, 1024);
        host.settle();
        assert!(read.succeeded());
        assert_eq!([first, rest].concat(), data);
    });
    open.close(&host, 0);
}

#[test]
fn a_completion_inside_the_submit_comes_by_message() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let mut data = buffer(1);
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 1));
    assert!(!probe.done(), "the callback must not run inside the submit function");
    host.poll_one(0);
    assert!(probe.succeeded());
    open.close(&host, 0);
}

#[test]
fn a_later_completion_runs_the_callback_directly() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let mut data = buffer(1);
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(&mut data), 0, 1));
    host.settle();
    assert!(!probe.done());
    disk.complete_next(&host);
    assert!(probe.succeeded(), "no further poll may be needed");
    open.close(&host, 0);
}

#[test]
fn the_module_orders_completions() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let mut data = buffer(1);
    let counter = Rc::new(Cell::new(0));
    let probes: Vec<_> = (0..3).map(|_| Probe::in_order(&counter)).collect();
    host.on(0, || {
        for (block, probe) in probes.iter().enumerate() {
            let rc =
                submit_to!(probe, spdk_bdev_read_blocks, open, raw(&mut data), block as u64, 1);
            assert_eq!(rc, 0);
        }
    });
    let offsets: Vec<_> = disk.take_seen().iter().map(|seen| seen.offset).collect();
    assert_eq!(offsets, [0, 1, 2], "submission order is call order");
    disk.held.borrow_mut().make_contiguous().reverse();
    disk.complete_all(&host);
    let places: Vec<_> = probes.iter().map(|probe| probe.place.get()).collect();
    assert_eq!(places, [2, 1, 0]);
    open.close(&host, 0);
}

#[test]
fn a_callback_may_submit_again() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = Rc::new(disk.open(&host, 0, false));
    let second = Probe::new();
    let first = Probe::new();
    let (again, arg) = (Rc::clone(&open), Rc::clone(&second));
    first.then(move || {
        let rc = submit_to!(&arg, spdk_bdev_read_blocks, again, ptr::null_mut(), 1, 1);
        assert_eq!(rc, 0);
    });
    host.on(0, || {
        let rc = submit_to!(&first, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1);
        assert_eq!(rc, 0);
    });
    host.settle();
    assert!(first.succeeded() && second.succeeded());
    Rc::into_inner(open).expect("the callback has run").close(&host, 0);
}

/// Submits on thread 0, by a descriptor that may write and one that may not; no callback comes, and
/// nothing is kept. What the submits are given outlives this call, for a refused one may come to use it.
fn refusing(submits: impl FnOnce(&Open, &Open, &Rc<Probe>)) {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let (open, read_only) = (disk.open(&host, 0, true), disk.open(&host, 0, false));
    let probe = Probe::new();
    host.on(0, || submits(&open, &read_only, &probe));
    host.settle();
    assert!(!probe.done());
    open.close(&host, 0);
    read_only.close(&host, 0);
}

const EINVAL: c_int = -libc::EINVAL;
const EBADF: c_int = -libc::EBADF;
const ENOTSUP: c_int = -libc::ENOTSUP;

#[test]
fn ranges_that_do_not_fit_are_refused() {
    refusing(|open, read_only, probe| {
        let buf = ptr::null_mut();
        assert_eq!(submit_to!(probe, spdk_bdev_read, open, buf, 1, 512), EINVAL);
        assert_eq!(submit_to!(probe, spdk_bdev_read, open, buf, 512, 511), EINVAL);
        assert_eq!(submit_to!(probe, spdk_bdev_read_blocks, open, buf, 64, 1), EINVAL);
        assert_eq!(submit_to!(probe, spdk_bdev_read_blocks, open, buf, u64::MAX, 2), EINVAL);
        assert_eq!(submit_to!(probe, spdk_bdev_read_blocks, open, buf, 63, 2), EINVAL);
        assert_eq!(submit_to!(probe, spdk_bdev_seek_data, open, 64), EINVAL);
        assert_eq!(submit_to!(probe, spdk_bdev_copy_blocks, open, 0, 63, 2), EINVAL);
        let iov = ptr::null_mut();
        let caw =
            submit_to!(probe, spdk_bdev_comparev_and_writev_blocks, open, iov, 0, iov, 0, 0, 2);
        assert_eq!(caw, EINVAL, "more blocks than the atomic unit");
        // The byte variants look at the block size before anything else.
        assert_eq!(submit_to!(probe, spdk_bdev_write, read_only, buf, 1, 1), EINVAL);
    });
}

#[test]
fn writes_by_a_descriptor_that_may_only_read_are_refused() {
    refusing(|_, read_only, probe| {
        let buf = ptr::null_mut();
        assert_eq!(submit_to!(probe, spdk_bdev_write, read_only, buf, 0, 512), EBADF);
        assert_eq!(submit_to!(probe, spdk_bdev_write_blocks, read_only, buf, 64, 1), EBADF);
        assert_eq!(submit_to!(probe, spdk_bdev_unmap_blocks, read_only, 99, 1), EBADF);
        assert_eq!(submit_to!(probe, spdk_bdev_write_zeroes_blocks, read_only, 0, 1), EBADF);
        assert_eq!(submit_to!(probe, spdk_bdev_flush_blocks, read_only, 0, 1), EBADF);
        assert_eq!(submit_to!(probe, spdk_bdev_copy_blocks, read_only, 0, 1, 1), EBADF);
        let iov = ptr::null_mut();
        let zcopy = submit_to!(probe, spdk_bdev_zcopy_start, read_only, iov, 0, 0, 1, true);
        assert_eq!(zcopy, EBADF, "even to read");
        let mark = submit_to!(probe, spdk_bdev_write_uncorrectable_blocks, read_only, 0, 1);
        assert_eq!(mark, EBADF);
    });
}

#[test]
fn what_a_bdev_cannot_do_is_refused() {
    refusing(|open, _, probe| {
        assert_eq!(submit_to!(probe, spdk_bdev_abort, open, ptr::null_mut()), EINVAL);
        let mark = submit_to!(probe, spdk_bdev_write_uncorrectable_blocks, open, 0, 1);
        assert_eq!(mark, ENOTSUP);
        assert_eq!(submit_to!(probe, spdk_bdev_nvme_nssr, open), ENOTSUP);
    });
}

#[test]
fn metadata_are_refused_where_there_are_none() {
    let (mut data, mut md) = (buffer(1), [0_u8; 8]);
    let (buf, md): (_, *mut c_void) = (raw(&mut data), md.as_mut_ptr().cast());
    let mut iov = iovec { iov_base: buf, iov_len: 512 };
    let iov = &raw mut iov;
    refusing(|open, read_only, probe| {
        let read = submit_to!(probe, spdk_bdev_read_blocks_with_md, open, buf, md, 0, 1);
        assert_eq!(read, EINVAL);
        let write = submit_to!(probe, spdk_bdev_write_blocks_with_md, read_only, buf, md, 0, 1);
        assert_eq!(write, EINVAL, "metadata are checked before the descriptor");
        let compare = submit_to!(probe, spdk_bdev_comparev_blocks_with_md, open, iov, 1, md, 0, 1);
        assert_eq!(compare, EINVAL);
    });
}

#[test]
fn options_of_an_impossible_size_or_with_a_memory_domain_are_refused() {
    let (mut data, mut domain) = (buffer(1), [0_u8; 8]);
    let mut iov = iovec { iov_base: raw(&mut data), iov_len: 512 };
    let mut opts = spdk_bdev_ext_io_opts { size: 8, ..Default::default() };
    refusing(|open, _, probe| {
        let mut ext = |opts: &mut spdk_bdev_ext_io_opts| {
            let (desc, ch, arg) = (open.desc, open.ch, probe.arg());
            // SAFETY: everything is valid and outlives the polls of `refusing`.
            unsafe {
                spdk_bdev_readv_blocks_ext(
                    desc,
                    ch,
                    &raw mut iov,
                    1,
                    0,
                    1,
                    Some(on_done),
                    arg,
                    opts,
                )
            }
        };
        assert_eq!(ext(&mut opts), EINVAL, "an impossible size");
        opts.size = size_of::<spdk_bdev_ext_io_opts>();
        opts.memory_domain = domain.as_mut_ptr().cast();
        assert_eq!(ext(&mut opts), ENOTSUP);
    });
}

#[test]
fn commands_are_refused_where_no_nvme_takes_them() {
    let mut data = buffer(1);
    let (cmd, buf) = (spdk_nvme_cmd::default(), raw(&mut data));
    let cmd = &raw const cmd;
    refusing(|open, read_only, probe| {
        let by_reader = submit_to!(probe, spdk_bdev_nvme_admin_passthru, read_only, cmd, buf, 512);
        assert_eq!(by_reader, EBADF);
        let admin = submit_to!(probe, spdk_bdev_nvme_admin_passthru, open, cmd, buf, 512);
        assert_eq!(admin, ENOTSUP);
        assert_eq!(submit_to!(probe, spdk_bdev_nvme_io_passthru, open, cmd, buf, 512), ENOTSUP);
    });
}

#[test]
fn types_that_are_not_checked_fail_in_the_module() {
    let host = Host::new(1);
    let spec = DiskSpec { types: vec![SPDK_BDEV_IO_TYPE_READ], ..Default::default() };
    let disk = Disk::with(&host, spec);
    let open = disk.open(&host, 0, true);
    host.on(0, || {
        let mut data = buffer(1);
        let write = submit!(spdk_bdev_write_blocks, open, raw(&mut data), 0, 1);
        let unmap = submit!(spdk_bdev_unmap_blocks, open, 0, 1);
        host.settle();
        assert!(!write.succeeded() && !unmap.succeeded());
        assert_eq!(write.nvme.get(), (0, 0x06));
        let probe = Probe::new();
        let flush = submit_to!(&probe, spdk_bdev_flush_blocks, open, 0, 1);
        assert_eq!(flush, -libc::ENOTSUP);
        let zeroes = submit_to!(&probe, spdk_bdev_write_zeroes_blocks, open, 0, 1);
        assert_eq!(zeroes, -libc::ENOTSUP);
    });
    open.close(&host, 0);
}

#[test]
fn statuses_translate() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let cases = [
        (SPDK_BDEV_IO_STATUS_FAILED, (0, 0x06), (2, 0x0b), -libc::EIO),
        (SPDK_BDEV_IO_STATUS_ABORTED, (0, 0x07), (2, 0x0b), -libc::EIO),
        (SPDK_BDEV_IO_STATUS_MISCOMPARE, (2, 0x85), (2, 0x0e), -libc::EIO),
        (SPDK_BDEV_IO_STATUS_SUCCESS, (0, 0), (0, 0), 0),
    ];
    for (status, nvme, scsi, aio) in cases {
        disk.script.borrow_mut().push_back(status);
        let probe = Probe::keeping();
        host.on(0, || {
            let rc = submit_to!(&probe, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1);
            assert_eq!(rc, 0);
        });
        host.settle();
        assert_eq!(probe.success.get(), status == SPDK_BDEV_IO_STATUS_SUCCESS);
        assert_eq!(probe.nvme.get(), nvme);
        let io = probe.io.get().expect("the callback has run");
        // SAFETY: the probe kept the I/O, which is freed here.
        host.on(0, || unsafe {
            let (mut sc, mut sk, mut asc, mut ascq, mut result) = (0, 0, 0, 0, 0);
            spdk_bdev_io_get_scsi_status(io, &raw mut sc, &raw mut sk, &raw mut asc, &raw mut ascq);
            spdk_bdev_io_get_aio_status(io, &raw mut result);
            assert_eq!((sc, sk, result), (scsi.0, scsi.1, aio));
            assert_eq!(spdk_bdev_io_get_cb_arg(io), probe.arg());
            spdk_bdev_free_io(io);
        });
    }
    open.close(&host, 0);
}

#[test]
fn a_read_without_memory_gets_the_bdevs() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.data.borrow_mut()[512..1024].fill(7);
    let open = disk.open(&host, 0, false);
    let probe = Probe::keeping();
    host.on(0, || {
        let rc = submit_to!(&probe, spdk_bdev_read_blocks, open, ptr::null_mut(), 1, 1);
        assert_eq!(rc, 0);
    });
    host.settle();
    let io = probe.io.get().expect("the callback has run");
    // SAFETY: the probe kept the I/O, so its memory is valid until it is freed here.
    host.on(0, || unsafe {
        let (mut iovs, mut count) = (ptr::null_mut(), 0);
        spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut count);
        assert_eq!((count, (*iovs).iov_len), (1, 512));
        let data = std::slice::from_raw_parts((*iovs).iov_base.cast::<u8>(), 512);
        assert!(data.iter().all(|&byte| byte == 7));
        spdk_bdev_free_io(io);
    });
    open.close(&host, 0);
}

#[test]
fn unaligned_memory_is_bounced() {
    let host = Host::new(1);
    let tweak = |bdev: &mut spdk_bdev| bdev.required_alignment = 9;
    let disk = Disk::with(&host, DiskSpec { tweak, ..Default::default() });
    disk.data.borrow_mut()[..1024].fill(9);
    let open = disk.open(&host, 0, false);
    let mut memory = vec![0; 2048];
    let skip = memory.as_ptr().align_offset(512) + 1;
    let target = &mut memory[skip..skip + 1024];
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, raw(target), 0, 2));
    host.settle();
    assert!(probe.succeeded());
    assert!(target.iter().all(|&byte| byte == 9));
    open.close(&host, 0);
}

#[test]
fn no_blocks_are_fine_up_to_the_end() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, true);
    host.on(0, || {
        let read = submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 64, 0);
        let unmap = submit!(spdk_bdev_unmap_blocks, open, 0, 0);
        let copy = submit!(spdk_bdev_copy_blocks, open, 0, 5, 0);
        let same = submit!(spdk_bdev_copy_blocks, open, 5, 5, 3);
        assert!(!unmap.done() && !copy.done() && !same.done(), "by message");
        host.settle();
        assert!(read.succeeded() && unmap.succeeded() && copy.succeeded() && same.succeeded());
    });
    let types: Vec<_> = disk.take_seen().iter().map(|seen| seen.type_).collect();
    assert_eq!(types, [SPDK_BDEV_IO_TYPE_READ], "the others never reach the module");
    open.close(&host, 0);
}
