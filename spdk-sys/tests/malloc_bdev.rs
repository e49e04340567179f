//! The malloc module.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_void};
use std::ptr::null_mut;
use std::rc::Rc;

use app_common::host::{Host, end_thread};
use app_common::io::{Disk, Outcome};
use spdk_sys::*;

/// A malloc bdev "M" of 1 MiB with blocks of 512 bytes.
const CREATE: &str = r#"{"method": "bdev_malloc_create",
    "params": {"name": "M", "num_blocks": 2048, "block_size": 512}}"#;

/// Bytes that are different everywhere and for every seed.
fn pattern(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| seed ^ (at as u8) ^ ((at >> 8) as u8)).collect()
}

#[test]
fn the_bdev_is_what_was_asked_for() {
    let host = Host::start(CREATE);
    let bdev = host.bdev(c"M");
    // SAFETY: the bdev stays until the host ends.
    unsafe {
        assert_eq!(CStr::from_ptr(spdk_bdev_get_product_name(bdev)), c"Malloc disk");
        assert_eq!(CStr::from_ptr(spdk_bdev_get_module_name(bdev)), c"malloc");
        assert_eq!(spdk_bdev_get_num_blocks(bdev), 2048);
        assert_eq!(spdk_bdev_get_block_size(bdev), 512);
        assert!(spdk_bdev_has_write_cache(bdev));
        for io_type in [
            SPDK_BDEV_IO_TYPE_READ,
            SPDK_BDEV_IO_TYPE_WRITE,
            SPDK_BDEV_IO_TYPE_FLUSH,
            SPDK_BDEV_IO_TYPE_RESET,
            SPDK_BDEV_IO_TYPE_UNMAP,
            SPDK_BDEV_IO_TYPE_WRITE_ZEROES,
            SPDK_BDEV_IO_TYPE_ZCOPY,
            SPDK_BDEV_IO_TYPE_ABORT,
            SPDK_BDEV_IO_TYPE_COMPARE,
            SPDK_BDEV_IO_TYPE_COPY,
        ] {
            assert!(spdk_bdev_io_type_supported(bdev, io_type), "{io_type}");
        }
        assert!(!spdk_bdev_io_type_supported(bdev, SPDK_BDEV_IO_TYPE_NVME_IO));
    }
}

#[test]
fn it_starts_zeroed_and_keeps_what_is_written() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    assert_eq!(disk.read(&host, 0, 1 << 20), vec![0; 1 << 20]);
    let data = pattern(1, 3 * 512);
    assert_eq!(disk.write(&host, &data, 512), Outcome::Success);
    assert_eq!(disk.read(&host, 512, 3 * 512), data);
    assert_eq!(disk.read(&host, 0, 512), [0; 512]);
    disk.close();
}

#[test]
fn nothing_ends_inside_submit_and_one_queue_is_first_in_first_out() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let data = pattern(2, 512);
    let mut back = vec![0; 512];
    let write = disk.submit_write(&data, 0);
    let read = disk.submit_read(&mut back, 0);
    assert_eq!((write.outcome(), read.outcome()), (Outcome::Pending, Outcome::Pending));
    host.poll();
    assert_eq!((write.outcome(), read.outcome()), (Outcome::Success, Outcome::Success));
    assert_eq!(back, data);
    disk.close();
}

#[test]
fn vectors_are_scattered_and_gathered_and_too_short_ones_fail() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let mut data = pattern(3, 1024);
    let (head, tail) = data.split_at_mut(100);
    let iov = |part: &mut [u8]| iovec { iov_base: part.as_mut_ptr().cast(), iov_len: part.len() };
    let mut iovs = [iov(head), iov(tail)];
    // SAFETY: the iovecs and their memory outlive the I/O.
    let written = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_writev_blocks(desc, channel, iovs.as_mut_ptr(), 2, 4, 2, cb, ctx)
    });
    assert_eq!(written, Outcome::Success);
    assert_eq!(disk.read(&host, 4 * 512, 1024), pattern(3, 1024));
    // SAFETY: as above.
    let short = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_writev_blocks(desc, channel, iovs.as_mut_ptr(), 2, 8, 3, cb, ctx)
    });
    assert_eq!(short, Outcome::Failed(-libc::EIO));
    assert_eq!(disk.read(&host, 8 * 512, 512), [0; 512], "nothing has moved");
    disk.close();
}

#[test]
fn unmap_and_write_zeroes_zero_and_flush_and_reset_succeed() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let data = pattern(4, 4 * 512);
    assert_eq!(disk.write(&host, &data, 0), Outcome::Success);
    // SAFETY: no buffer is involved, here and below.
    let unmapped = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_unmap_blocks(desc, channel, 1, 1, cb, ctx)
    });
    // SAFETY: as above.
    let zeroed = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_write_zeroes_blocks(desc, channel, 3, 1, cb, ctx)
    });
    // SAFETY: as above.
    let flushed = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_flush_blocks(desc, channel, 0, 4, cb, ctx)
    });
    // SAFETY: as above.
    let reset = disk
        .run(&host, |desc, channel, cb, ctx| unsafe { spdk_bdev_reset(desc, channel, cb, ctx) });
    assert_eq!([unmapped, zeroed, flushed, reset], [Outcome::Success; 4]);
    let expected = [&data[..512], &[0; 512], &data[1024..1536], &[0; 512]].concat();
    assert_eq!(disk.read(&host, 0, 4 * 512), expected);
    disk.close();
}

#[test]
fn compare_finds_a_difference() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let mut data = pattern(5, 1024);
    assert_eq!(disk.write(&host, &data, 0), Outcome::Success);
    let compare = |data: &mut [u8]| {
        let buffer = data.as_mut_ptr().cast();
        // SAFETY: the buffer outlives the I/O.
        disk.run(&host, |desc, channel, cb, ctx| unsafe {
            spdk_bdev_compare_blocks(desc, channel, buffer, 0, 2, cb, ctx)
        })
    };
    assert_eq!(compare(&mut data), Outcome::Success);
    data[1023] ^= 1;
    assert_eq!(compare(&mut data), Outcome::Failed(-libc::EIO));
    disk.close();
}

#[test]
fn copy_moves_blocks_also_when_they_overlap() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let data = pattern(6, 4 * 512);
    assert_eq!(disk.write(&host, &data, 0), Outcome::Success);
    // SAFETY: no buffer is involved.
    let copied = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_copy_blocks(desc, channel, 2, 0, 4, cb, ctx)
    });
    assert_eq!(copied, Outcome::Success);
    assert_eq!(disk.read(&host, 2 * 512, 4 * 512), data);
    disk.close();
}

/// What a callback has seen of the buffers of its I/O.
type Seen = Rc<RefCell<Vec<(*mut u8, Vec<u8>)>>>;

/// Notes the first buffer of an I/O; `keep` receives the I/O, or it is freed.
unsafe fn note(io: *mut spdk_bdev_io, seen: &Seen) {
    let (mut iovs, mut count) = (null_mut(), 0);
    // SAFETY: the I/O belongs to the callback that calls this; its buffers are valid until freed.
    unsafe {
        spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut count);
        assert_eq!(count, 1);
        let bytes = std::slice::from_raw_parts((*iovs).iov_base.cast::<u8>(), (*iovs).iov_len);
        seen.borrow_mut().push(((*iovs).iov_base.cast(), bytes.to_vec()));
    }
}

#[test]
fn a_read_without_a_buffer_looks_into_the_store() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let data = pattern(7, 1024);
    assert_eq!(disk.write(&host, &data, 512), Outcome::Success);
    unsafe extern "C" fn ended(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
        assert!(success);
        // SAFETY: the callback owns the I/O; `ctx` is the count leaked for this one callback.
        unsafe {
            note(io, &Rc::from_raw(ctx.cast()));
            spdk_bdev_free_io(io);
        }
    }
    let seen = Seen::default();
    for _ in 0..2 {
        let ctx = Rc::into_raw(Rc::clone(&seen)).cast_mut().cast();
        // SAFETY: a null buffer asks the bdev for one.
        let rc = host.on_thread(|| unsafe {
            spdk_bdev_read_blocks(disk.desc, disk.channel, null_mut(), 1, 2, Some(ended), ctx)
        });
        assert_eq!(rc, 0);
    }
    host.poll_until(|| seen.borrow().len() == 2);
    let seen = seen.borrow();
    assert_eq!(seen[0].1, data);
    assert_eq!(seen[0], seen[1], "both point to the same place in the store");
    disk.close();
}

/// A zero-copy: what it has lent, and its I/O from its start to its end.
#[derive(Default)]
struct Lent {
    seen: Seen,
    io: Cell<*mut spdk_bdev_io>,
}

unsafe extern "C" fn lent(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
    assert!(success);
    // SAFETY: `ctx` is the Lent of the test; the I/O is kept until its end.
    unsafe {
        let lent = &*ctx.cast::<Lent>();
        note(io, &lent.seen);
        lent.io.set(io);
    }
}

unsafe extern "C" fn given_back(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
    assert!(success);
    // SAFETY: the callback owns the I/O; `ctx` is the Lent of the test.
    unsafe {
        spdk_bdev_free_io(io);
        (*ctx.cast::<Lent>()).io.set(null_mut());
    }
}

#[test]
fn zero_copy_lends_the_store_itself() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let data = pattern(8, 512);
    assert_eq!(disk.write(&host, &data, 0), Outcome::Success);
    let loan = Lent::default();
    let ctx = (&raw const loan).cast_mut().cast();
    // SAFETY: `loan` outlives the I/O.
    host.on_thread(|| unsafe {
        let (desc, channel) = (disk.desc, disk.channel);
        let rc = spdk_bdev_zcopy_start(desc, channel, null_mut(), 0, 0, 1, true, Some(lent), ctx);
        assert_eq!(rc, 0);
    });
    host.poll_until(|| !loan.io.get().is_null());
    let (memory, bytes) = loan.seen.borrow()[0].clone();
    assert_eq!(bytes, data);
    // SAFETY: the lent buffer has 512 bytes and is ours until the end below; `loan` outlives it.
    host.on_thread(|| unsafe {
        memory.write_bytes(9, 512);
        assert_eq!(spdk_bdev_zcopy_end(loan.io.get(), true, Some(given_back), ctx), 0);
    });
    host.poll_until(|| loan.io.get().is_null());
    assert_eq!(disk.read(&host, 0, 512), [9; 512]);
    disk.close();
}

#[test]
fn an_abort_never_stops_its_target() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"M", true);
    let data = pattern(10, 512);
    let ended = Cell::new(None::<bool>);
    unsafe extern "C" fn note_success(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
        // SAFETY: the callback owns the I/O; `ctx` is the cell of the test.
        unsafe {
            spdk_bdev_free_io(io);
            (*ctx.cast::<Cell<Option<bool>>>()).set(Some(success));
        }
    }
    let target = (&raw const ended).cast_mut().cast::<c_void>();
    // SAFETY: the data and the cell outlive the I/O.
    host.on_thread(|| unsafe {
        let (desc, channel) = (disk.desc, disk.channel);
        let data = data.as_ptr().cast_mut().cast();
        assert_eq!(spdk_bdev_write(desc, channel, data, 0, 512, Some(note_success), target), 0);
    });
    // SAFETY: the target's cb_arg is only compared.
    let aborted = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_abort(desc, channel, target, cb, ctx)
    });
    // The module refuses, but by then the target has ended, which is as good for the bdev layer.
    assert_eq!(aborted, Outcome::Success);
    assert_eq!(ended.get(), Some(true));
    disk.close();
}

#[test]
fn threads_share_the_store() {
    let host = Host::start(CREATE);
    // SAFETY: the name is NUL-terminated; a null mask allows every core.
    let other = unsafe { spdk_thread_create(c"other".as_ptr(), null_mut()) };
    let (here, there) = (Disk::open(&host, c"M", true), Disk::open_on(other, c"M", false));
    let data = pattern(11, 512);
    assert_eq!(here.write(&host, &data, 0), Outcome::Success);
    let mut back = vec![0; 512];
    let read = there.submit_read(&mut back, 0);
    // SAFETY: the thread is alive and not current.
    unsafe { spdk_thread_poll(other, 0, 0) };
    assert_eq!(read.outcome(), Outcome::Success);
    assert_eq!(back, data);
    here.close();
    there.close();
    end_thread(other);
}

#[test]
fn names_are_counted_and_sizes_are_checked() {
    let host = Host::start("");
    let create = |change: fn(&mut malloc::Options)| {
        let mut options = malloc::Options::new(c"M", 8, 512);
        change(&mut options);
        host.on_thread(|| malloc::create(&options)).map_err(|refusal| refusal.code)
    };
    assert_eq!(create(|options| options.name = None), Ok(c"Malloc0".to_owned()));
    assert_eq!(create(|options| options.name = None), Ok(c"Malloc1".to_owned()));
    assert_eq!(create(|_| {}), Ok(c"M".to_owned()));
    assert_eq!(create(|_| {}), Err(-libc::EEXIST));
    assert_eq!(create(|options| options.num_blocks = 0), Err(-libc::EINVAL));
    assert_eq!(create(|options| options.block_size = 500), Err(-libc::EINVAL));
    assert_eq!(create(|options| options.physical_block_size = 1), Err(-libc::EINVAL));
    assert_eq!(create(|options| options.numa_id = Some(5)), Err(-libc::EINVAL));
    assert_eq!(create(|options| options.num_blocks = u64::MAX / 2), Err(-libc::ENOMEM));
}

#[test]
fn deleting_frees_the_name() {
    let host = Host::start(CREATE);
    let code = Rc::new(Cell::new(None));
    let seen = Rc::clone(&code);
    host.on_thread(|| malloc::delete(c"M", move |code| seen.set(Some(code))));
    host.poll_until(|| code.get().is_some());
    assert_eq!(code.get(), Some(0));
    assert!(host.bdev(c"M").is_null());
    assert_eq!(host.run_methods(CREATE), 0, "{:?}", last_config_error());
}
