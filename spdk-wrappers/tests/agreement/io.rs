//! I/O at its edges: ranges, sizes, the order of the checks, and what each kind answers.

use core::ffi::c_void;
use core::ptr;

use spdk_sys::*;

use crate::common::*;
use crate::fixture::*;

#[test]
fn ranges_that_overflow_or_leave_the_bdev() {
    with_app(usual(), async || {
        let mut block = [0_u8; BLOCK];
        let buf: *mut c_void = block.as_mut_ptr().cast();
        for name in [c"Malloc0", c"Null0"] {
            let disk = open(name, true).unwrap();
            let max = u64::MAX;
            for (at, count) in [(END, 1), (END - 1, 2), (END + 1, 0), (0, END + 1)] {
                assert_eq!(refused!(spdk_bdev_read_blocks, disk, buf, at, count), EINVAL);
                assert_eq!(refused!(spdk_bdev_write_blocks, disk, buf, at, count), EINVAL);
                assert_eq!(refused!(spdk_bdev_unmap_blocks, disk, at, count), EINVAL);
            }
            // Sums that wrap round to a place inside.
            for (at, count) in [(max, 1), (max, 2), (max - 1, 4), (1, max), (max, max), (END, max)]
            {
                assert_eq!(refused!(spdk_bdev_read_blocks, disk, buf, at, count), EINVAL);
                assert_eq!(refused!(spdk_bdev_compare_blocks, disk, buf, at, count), EINVAL);
                assert_eq!(refused!(spdk_bdev_write_zeroes_blocks, disk, at, count), EINVAL);
                assert_eq!(refused!(spdk_bdev_copy_blocks, disk, 0, at, count), EINVAL);
                assert_eq!(refused!(spdk_bdev_copy_blocks, disk, at, 0, count), EINVAL);
            }
            let last = u64::MAX - 511;
            assert_eq!(refused!(spdk_bdev_read, disk, buf, last, 512), EINVAL);
            assert_eq!(refused!(spdk_bdev_write, disk, buf, last, 512), EINVAL);
            assert!(taken!(spdk_bdev_read_blocks, disk, buf, END - 1, 1).success.get());
        }
    });
}

#[test]
fn no_blocks_at_all() {
    with_app(usual(), async || {
        let disk = open(c"Malloc0", true).unwrap();
        let mut block = [0_u8; BLOCK];
        let buf: *mut c_void = block.as_mut_ptr().cast();
        // Not past the end, and at the end nothing has to fit.
        for at in [0, END] {
            assert!(taken!(spdk_bdev_read_blocks, disk, buf, at, 0).success.get());
            assert!(taken!(spdk_bdev_write_blocks, disk, buf, at, 0).success.get());
            assert!(taken!(spdk_bdev_unmap_blocks, disk, at, 0).success.get());
            assert!(taken!(spdk_bdev_copy_blocks, disk, at, 0, 0).success.get());
        }
        assert!(taken!(spdk_bdev_copy_blocks, disk, 5, 5, 3).success.get(), "onto itself");
        let null = open(c"Null0", true).unwrap();
        assert!(taken!(spdk_bdev_unmap_blocks, null, 0, 0).success.get(), "it asks no module");
    });
}

#[test]
fn bytes_that_are_no_blocks_are_refused_before_all_else() {
    with_app(usual(), async || {
        let mut block = [0_u8; BLOCK];
        let buf: *mut c_void = block.as_mut_ptr().cast();
        let mut iov = iovec { iov_base: buf, iov_len: BLOCK };
        let iov = &raw mut iov;
        for write in [true, false] {
            let disk = open(c"Null0", write).unwrap();
            for (at, len) in [(1, 512), (511, 512), (0, 511), (0, 513), (512, 1), (u64::MAX, 1)] {
                assert_eq!(refused!(spdk_bdev_read, disk, buf, at, len), EINVAL);
                assert_eq!(refused!(spdk_bdev_readv, disk, iov, 1, at, len), EINVAL);
                assert_eq!(refused!(spdk_bdev_write, disk, buf, at, len), EINVAL);
                assert_eq!(refused!(spdk_bdev_writev, disk, iov, 1, at, len), EINVAL);
                assert_eq!(refused!(spdk_bdev_write_zeroes, disk, at, len), EINVAL);
                assert_eq!(refused!(spdk_bdev_unmap, disk, at, len), EINVAL);
                assert_eq!(refused!(spdk_bdev_flush, disk, at, len), EINVAL);
            }
        }
    });
}

#[test]
fn the_order_of_the_checks() {
    with_app(usual(), async || {
        let mut block = [0_u8; BLOCK];
        let buf: *mut c_void = block.as_mut_ptr().cast();
        let (none, cmd) = (ptr::null_mut(), spdk_nvme_cmd::default());
        let cmd = &raw const cmd;
        let reader = open(c"Null0", false).unwrap();
        // The descriptor comes before the range, and before what the bdev can.
        assert_eq!(refused!(spdk_bdev_write_blocks, reader, buf, END, 1), EBADF);
        assert_eq!(refused!(spdk_bdev_unmap_blocks, reader, END, 1), EBADF);
        assert_eq!(refused!(spdk_bdev_write_zeroes_blocks, reader, END, 1), EBADF);
        assert_eq!(refused!(spdk_bdev_copy_blocks, reader, END, END, 1), EBADF);
        assert_eq!(refused!(spdk_bdev_flush_blocks, reader, END, 1), EBADF);
        assert_eq!(refused!(spdk_bdev_zcopy_start, reader, none, 0, END, 1, true), EBADF);
        assert_eq!(refused!(spdk_bdev_write_uncorrectable_blocks, reader, END, 1), EBADF);
        assert_eq!(refused!(spdk_bdev_nvme_admin_passthru, reader, cmd, buf, 512), EBADF);
        assert_eq!(refused!(spdk_bdev_nvme_io_passthru, reader, cmd, buf, 512), EBADF);
        assert_eq!(refused!(spdk_bdev_nvme_nssr, reader), ENOTSUP);
        // A flush asks what the bdev can before the range, a zero-copy after it.
        let writer = open(c"Null0", true).unwrap();
        assert_eq!(refused!(spdk_bdev_flush_blocks, writer, END, 1), ENOTSUP);
        assert_eq!(refused!(spdk_bdev_zcopy_start, writer, none, 0, END, 1, true), EINVAL);
        assert_eq!(refused!(spdk_bdev_zcopy_start, writer, none, 0, 0, 1, true), ENOTSUP);
        assert_eq!(refused!(spdk_bdev_write_uncorrectable_blocks, writer, END, 1), EINVAL);
        assert_eq!(refused!(spdk_bdev_write_uncorrectable_blocks, writer, 0, 1), ENOTSUP);
        assert_eq!(refused!(spdk_bdev_nvme_admin_passthru, writer, cmd, buf, 512), ENOTSUP);
        assert_eq!(refused!(spdk_bdev_nvme_io_passthru, writer, cmd, buf, 512), ENOTSUP);
        // An unmap asks nobody: the module fails it. A reset needs no right to write.
        assert_eq!(taken!(spdk_bdev_unmap_blocks, writer, 0, 1).nvme.get(), FAILED);
        assert!(taken!(spdk_bdev_reset, reader).success.get());
    });
}

#[test]
fn buffers_of_another_size_than_the_blocks() {
    with_app(usual(), async || {
        let disk = open(c"Malloc0", true).unwrap();
        let mut bytes = vec![9_u8; 3 * BLOCK];
        let base = bytes.as_mut_ptr();
        // SAFETY: the offsets lie inside of the bytes.
        let iov = |from, iov_len| iovec { iov_base: unsafe { base.add(from) }.cast(), iov_len };
        // One byte too few: the bdev layer takes it, the module fails it.
        let mut short = [iov(0, BLOCK), iov(BLOCK, BLOCK - 1)];
        let short = short.as_mut_ptr();
        assert_eq!(taken!(spdk_bdev_writev_blocks, disk, short, 2, 0, 2).nvme.get(), FAILED);
        assert_eq!(taken!(spdk_bdev_readv_blocks, disk, short, 2, 0, 2).nvme.get(), FAILED);
        // More than enough: what is too much stays as it was.
        let mut long = [iov(0, 100), iov(100, 3 * BLOCK - 100)];
        let long = long.as_mut_ptr();
        assert!(taken!(spdk_bdev_readv_blocks, disk, long, 2, 0, 2).success.get());
        assert_eq!(bytes[..2 * BLOCK], [0; 2 * BLOCK], "the failed write wrote nothing");
        assert_eq!(bytes[2 * BLOCK..], [9; BLOCK]);
        // A null bdev looks at neither.
        let null = open(c"Null0", true).unwrap();
        assert!(taken!(spdk_bdev_writev_blocks, null, short, 2, 0, 2).success.get());
    });
}

#[test]
fn compare_and_write_has_a_limit_and_a_status_of_its_own() {
    with_app(usual(), async || {
        let disk = open(c"Malloc0", true).unwrap();
        let mut bytes = [1_u8; 2 * BLOCK];
        let mut iov = iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: BLOCK };
        let mut both = iovec { iov_len: 2 * BLOCK, ..iov };
        let (iov, both) = (&raw mut iov, &raw mut both);
        // SAFETY: the bdev is open.
        let most = u64::from(unsafe { spdk_bdev_get_acwu(disk.bdev()) });
        assert_eq!(most, 1);
        let f = spdk_bdev_comparev_and_writev_blocks;
        assert_eq!(refused!(f, disk, both, 1, both, 1, 0, most + 1), EINVAL);
        assert_eq!(refused!(f, disk, iov, 1, iov, 1, END, most), EINVAL);
        let reader = open(c"Malloc0", false).unwrap();
        assert_eq!(refused!(f, reader, both, 1, both, 1, END, most + 1), EBADF);
        let differs = taken!(f, disk, iov, 1, iov, 1, 0, most);
        assert_eq!((differs.success.get(), differs.nvme.get()), (false, (2, 0x85)));
        // To compare needs no right to write.
        let buf = bytes.as_mut_ptr().cast();
        let differs = taken!(spdk_bdev_compare_blocks, reader, buf, 0, 1);
        assert_eq!((differs.success.get(), differs.nvme.get()), (false, (2, 0x85)));
        assert_eq!(refused!(spdk_bdev_compare_blocks, reader, buf, END, 1), EINVAL);
    });
}

#[test]
fn an_abort_that_finds_nothing_fails_inside_the_call() {
    with_app(usual(), async || {
        let stranger = Ended::default();
        for name in [c"Malloc0", c"Null0"] {
            // No right to write is needed.
            let disk = open(name, false).unwrap();
            assert_eq!(refused!(spdk_bdev_abort, disk, ptr::null_mut()), EINVAL);
            let abort = Ended::default();
            assert_eq!(submit!(abort, spdk_bdev_abort, disk, stranger.arg()), 0);
            assert_eq!(abort.calls.get(), 1, "inside the call");
            assert_eq!((abort.success.get(), abort.cdw0.get()), (false, 1));
            turn().await;
            assert_eq!(abort.calls.get(), 1);
        }
        assert_eq!(stranger.calls.get(), 0);
    });
}

#[test]
fn a_zero_copy_lends_as_many_bytes_as_asked_for() {
    with_app(usual(), async || {
        let disk = open(c"Malloc0", true).unwrap();
        let none = ptr::null_mut();
        for (at, count) in [(0, 1), (END - 1, 1), (7, 100), (0, END)] {
            let kind = Kind::ZeroCopy;
            let lent = taken!(kind = kind, spdk_bdev_zcopy_start, disk, none, 0, at, count, true);
            assert!(lent.success.get());
            let io = lent.io.get().unwrap();
            let (mut iovs, mut iovcnt) = (ptr::null_mut(), 0);
            // SAFETY: the I/O was left to us.
            unsafe { spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut iovcnt) };
            // SAFETY: the array has that many entries until the zero-copy ends.
            let iovs = unsafe { core::slice::from_raw_parts(iovs, iovcnt as usize) };
            let bytes: usize = iovs.iter().map(|iov| iov.iov_len).sum();
            assert_eq!(bytes as u64, count * BLOCK as u64);
            let end = Ended::default();
            // SAFETY: it has started, and is ended once; the record stays.
            assert_eq!(unsafe { spdk_bdev_zcopy_end(io, false, Some(ended), end.arg()) }, 0);
            assert!(end.success().await);
        }
        for (at, count) in [(0, END + 1), (END, 1), (1, u64::MAX)] {
            assert_eq!(refused!(spdk_bdev_zcopy_start, disk, none, 0, at, count, true), EINVAL);
        }
    });
}

#[test]
fn seeks_up_to_the_last_block() {
    with_app(usual(), async || {
        for name in [c"Malloc0", c"Null0"] {
            let disk = open(name, false).unwrap();
            for at in [0, END - 1] {
                assert_eq!(
                    taken!(kind = Kind::Seek, spdk_bdev_seek_data, disk, at).found.get(),
                    at
                );
                let hole = taken!(kind = Kind::Seek, spdk_bdev_seek_hole, disk, at);
                assert_eq!((hole.success.get(), hole.found.get()), (true, u64::MAX));
            }
            for at in [END, END + 1, u64::MAX] {
                assert_eq!(refused!(spdk_bdev_seek_data, disk, at), EINVAL);
                assert_eq!(refused!(spdk_bdev_seek_hole, disk, at), EINVAL);
            }
        }
    });
}
