//! The null module.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::ptr::{self, null_mut};
use std::rc::Rc;

use app_common::host::{Host, end_thread};
use app_common::io::{Disk, Outcome};
use spdk_sys::*;

/// A null bdev "N" of 1 MiB with blocks of 512 bytes.
const CREATE: &str = r#"{"method": "bdev_null_create",
    "params": {"name": "N", "num_blocks": 2048, "block_size": 512}}"#;

#[test]
fn the_bdev_is_what_was_asked_for() {
    let host = Host::start(
        r#"{"method": "bdev_null_create", "params": {"name": "N", "num_blocks": 64,
            "block_size": 4096, "physical_block_size": 8192,
            "uuid": "2b1de8ae-1f0a-4c45-8a0e-5f3f6b0c9d11"}}"#,
    );
    let bdev = host.bdev(c"N");
    // SAFETY: the bdev stays until the host ends; the UUID is the alias of the bdev.
    unsafe {
        assert_eq!(std::ffi::CStr::from_ptr(spdk_bdev_get_product_name(bdev)), c"Null disk");
        assert_eq!(std::ffi::CStr::from_ptr(spdk_bdev_get_module_name(bdev)), c"null");
        assert_eq!(spdk_bdev_get_num_blocks(bdev), 64);
        assert_eq!(spdk_bdev_get_block_size(bdev), 4096);
        assert_eq!(spdk_bdev_get_physical_block_size(bdev), 8192);
        assert!(!spdk_bdev_has_write_cache(bdev));
        for (io_type, supported) in [
            (SPDK_BDEV_IO_TYPE_READ, true),
            (SPDK_BDEV_IO_TYPE_WRITE, true),
            (SPDK_BDEV_IO_TYPE_WRITE_ZEROES, true),
            (SPDK_BDEV_IO_TYPE_RESET, true),
            (SPDK_BDEV_IO_TYPE_ABORT, true),
            (SPDK_BDEV_IO_TYPE_UNMAP, false),
            (SPDK_BDEV_IO_TYPE_FLUSH, false),
        ] {
            assert_eq!(spdk_bdev_io_type_supported(bdev, io_type), supported, "{io_type}");
        }
    }
    assert_eq!(host.bdev(c"2b1de8ae-1f0a-4c45-8a0e-5f3f6b0c9d11"), bdev);
}

#[test]
fn a_read_leaves_the_buffer_and_a_write_succeeds() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"N", true);
    assert_eq!(disk.write(&host, &[1; 1024], 512), Outcome::Success);
    assert_eq!(disk.read(&host, 0, 4096), [0xEE; 4096]);
    // SAFETY: no buffer is involved.
    let zeroes = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_write_zeroes_blocks(desc, channel, 0, 2048, cb, ctx)
    });
    assert_eq!(zeroes, Outcome::Success);
    // SAFETY: no buffer is involved.
    let reset = disk
        .run(&host, |desc, channel, cb, ctx| unsafe { spdk_bdev_reset(desc, channel, cb, ctx) });
    assert_eq!(reset, Outcome::Success);
    // SAFETY: no buffer is involved.
    let flush = disk.run(&host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_flush_blocks(desc, channel, 0, 1, cb, ctx)
    });
    assert_eq!(flush, Outcome::Refused(-libc::ENOTSUP));
    disk.close();
}

/// Reads one after another that write down in which poll they ended.
struct Chain {
    desc: *mut spdk_bdev_desc,
    channel: *mut spdk_io_channel,
    buffer: RefCell<Vec<u8>>,
    poll: Cell<u32>,
    ended: RefCell<Vec<(usize, u32)>>,
    again: Cell<u32>,
}

impl Chain {
    fn submit(&self, number: usize) {
        let ctx = Box::into_raw(Box::new((&raw const *self, number))).cast();
        let buffer = self.buffer.borrow_mut().as_mut_ptr().cast();
        // SAFETY: the chain outlives its reads, and so does the buffer.
        let rc = unsafe {
            spdk_bdev_read(self.desc, self.channel, buffer, 0, 512, Some(Self::ended), ctx)
        };
        assert_eq!(rc, 0);
    }

    unsafe extern "C" fn ended(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
        assert!(success);
        // SAFETY: the callback owns the I/O; `ctx` is the box of this read; the chain is alive.
        let (this, number) = unsafe {
            spdk_bdev_free_io(io);
            let (this, number) = *Box::from_raw(ctx.cast::<(*const Self, usize)>());
            (&*this, number)
        };
        this.ended.borrow_mut().push((number, this.poll.get()));
        if this.again.get() > 0 {
            this.again.set(this.again.get() - 1);
            this.submit(number + 10);
        }
    }
}

#[test]
fn a_poll_completes_what_was_queued_before_it_first_in_first_out() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"N", false);
    let chain = Chain {
        desc: disk.desc,
        channel: disk.channel,
        buffer: RefCell::new(vec![0; 512]),
        poll: Cell::new(0),
        ended: RefCell::default(),
        again: Cell::new(2),
    };
    host.on_thread(|| (0..3).for_each(|number| chain.submit(number)));
    assert!(chain.ended.borrow().is_empty(), "nothing ends inside submit");
    for poll in 1..=3 {
        chain.poll.set(poll);
        host.poll();
    }
    // What the first two callbacks have submitted waits for the next poll.
    assert_eq!(*chain.ended.borrow(), [(0, 1), (1, 1), (2, 1), (10, 2), (11, 2)]);
    disk.close();
}

/// How a read ended: whether well, and its NVMe status code. The cb_arg names the target of an abort,
/// so these reads bring their own.
#[derive(Default)]
struct Read(Cell<Option<(bool, c_int)>>);

unsafe extern "C" fn read_ended(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
    // SAFETY: the callback owns the I/O; `ctx` is a Read of the test, which outlives it.
    unsafe {
        let (mut cdw0, mut sct, mut sc) = (0, 0, 0);
        spdk_bdev_io_get_nvme_status(io, &raw mut cdw0, &raw mut sct, &raw mut sc);
        spdk_bdev_free_io(io);
        (*ctx.cast::<Read>()).0.set(Some((success, sc)));
    }
}

impl Read {
    fn ctx(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }
}

/// How an abort of the I/O with this cb_arg ends.
fn abort(host: &Host, disk: &Disk, target: *mut c_void) -> Outcome {
    // SAFETY: the target's cb_arg is only compared.
    disk.run(host, |desc, channel, cb, ctx| unsafe {
        spdk_bdev_abort(desc, channel, target, cb, ctx)
    })
}

#[test]
fn an_abort_takes_its_target_out_of_the_queue() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"N", false);
    let reads: [Read; 3] = std::array::from_fn(|_| Read::default());
    let mut buffer = vec![0_u8; 512];
    let target = reads[1].ctx();
    host.on_thread(|| {
        for read in &reads {
            let (desc, channel, ctx) = (disk.desc, disk.channel, read.ctx());
            // SAFETY: the buffer and the reads outlive the I/O.
            let rc = unsafe {
                let buffer = buffer.as_mut_ptr().cast();
                spdk_bdev_read(desc, channel, buffer, 0, 512, Some(read_ended), ctx)
            };
            assert_eq!(rc, 0);
        }
    });
    assert_eq!(abort(&host, &disk, target), Outcome::Success);
    host.poll_until(|| reads.iter().all(|read| read.0.get().is_some()));
    let aborted_by_request = Some((false, 7));
    let ends = reads.each_ref().map(|read| read.0.get());
    assert_eq!(ends, [Some((true, 0)), aborted_by_request, Some((true, 0))]);
    assert_eq!(abort(&host, &disk, target), Outcome::Failed(-libc::EIO), "it is gone");
    disk.close();
}

#[test]
fn a_read_without_a_buffer_gets_zeroes_up_to_64_kib() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"N", false);
    type Seen = RefCell<Vec<Option<Vec<u8>>>>;
    let seen = Rc::new(Seen::default());
    unsafe extern "C" fn ended(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
        // SAFETY: the callback owns the I/O, whose buffer is valid until it is freed; `ctx` is the
        // count that was leaked for this one callback.
        unsafe {
            let seen = Rc::from_raw(ctx.cast::<Seen>());
            let (mut iovs, mut count) = (null_mut(), 0);
            spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut count);
            let bytes = success.then(|| {
                std::slice::from_raw_parts((*iovs).iov_base.cast::<u8>(), (*iovs).iov_len).to_vec()
            });
            seen.borrow_mut().push(bytes);
            spdk_bdev_free_io(io);
        }
    }
    for blocks in [128, 129] {
        let ctx = Rc::into_raw(Rc::clone(&seen)).cast_mut().cast();
        // SAFETY: a null buffer asks the bdev for one.
        let rc = host.on_thread(|| unsafe {
            spdk_bdev_read_blocks(disk.desc, disk.channel, null_mut(), 0, blocks, Some(ended), ctx)
        });
        assert_eq!(rc, 0);
    }
    host.poll_until(|| seen.borrow().len() == 2);
    // The one that fails inside submit is reported by message, before the poller runs.
    assert!(seen.borrow().contains(&None));
    assert!(seen.borrow().contains(&Some(vec![0; 64 * 1024])));
    disk.close();
}

#[test]
fn each_thread_has_its_own_queue() {
    let host = Host::start(CREATE);
    // SAFETY: the name is NUL-terminated; a null mask allows every core.
    let other = unsafe { spdk_thread_create(c"other".as_ptr(), null_mut()) };
    let here = Disk::open(&host, c"N", false);
    let there = Disk::open_on(other, c"N", false);
    assert_ne!(here.channel, there.channel);
    let (mut first, mut second) = (vec![0; 512], vec![0; 512]);
    let (first, second) = (here.submit_read(&mut first, 0), there.submit_read(&mut second, 0));
    host.poll();
    assert_eq!((first.outcome(), second.outcome()), (Outcome::Success, Outcome::Pending));
    // SAFETY: the thread is alive and not current.
    unsafe { spdk_thread_poll(other, 0, 0) };
    assert_eq!(second.outcome(), Outcome::Success);
    here.close();
    there.close();
    end_thread(other);
}

#[test]
fn it_grows_and_tells_who_has_it_open() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"N", false);
    assert_eq!(host.on_thread(|| null::resize(c"N", 3)), Ok(()));
    host.poll_until(|| disk.events.get() == (0, 1));
    // SAFETY: the descriptor is open.
    assert_eq!(unsafe { spdk_bdev_get_num_blocks(disk.bdev()) }, 3 * 2048);
    let smaller = host.on_thread(|| null::resize(c"N", 2)).expect_err("smaller");
    assert_eq!(smaller.code, -libc::EINVAL);
    let unknown = host.on_thread(|| null::resize(c"X", 2)).expect_err("unknown");
    assert_eq!(unknown.code, -libc::ENODEV);
    disk.close();
}

#[test]
fn deleting_waits_for_the_descriptor() {
    let host = Host::start(CREATE);
    let disk = Disk::open(&host, c"N", true);
    let code = Rc::new(Cell::new(None));
    let seen = Rc::clone(&code);
    host.on_thread(|| null::delete(c"N", move |code| seen.set(Some(code))));
    host.poll_until(|| disk.events.get() == (1, 0));
    assert_eq!(disk.write(&host, &[0; 512], 0), Outcome::Success);
    assert_eq!(code.get(), None);
    disk.close();
    host.poll_until(|| code.get().is_some());
    assert_eq!(code.get(), Some(0));
    assert!(host.bdev(c"N").is_null());
    let seen = Rc::clone(&code);
    host.on_thread(|| null::delete(c"N", move |code| seen.set(Some(code))));
    assert_eq!(code.get(), Some(-libc::ENODEV));
}

#[test]
fn what_is_not_valid_is_refused() {
    let host = Host::start(CREATE);
    let refused = |change: fn(&mut null::Options)| {
        let mut options = null::Options::new(c"M", 8, 512);
        change(&mut options);
        host.on_thread(|| null::create(&options)).expect_err("refused").code
    };
    assert_eq!(refused(|options| options.block_size = 513), -libc::EINVAL);
    assert_eq!(refused(|options| options.block_size = 0), -libc::EINVAL);
    assert_eq!(refused(|options| options.physical_block_size = 100), -libc::EINVAL);
    assert_eq!(refused(|options| options.num_blocks = 0), -libc::EINVAL);
    assert_eq!(refused(|options| options.name = c"N".to_owned()), -libc::EEXIST);
    assert!(host.bdev(c"M").is_null());
}
