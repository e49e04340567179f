//! Statistics, queue depth, timeouts, rate limits and walks over channels.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

/// A statistics request.
#[derive(Default)]
struct Stat {
    stat: RefCell<spdk_bdev_io_stat>,
    rc: Cell<Option<c_int>>,
}

unsafe extern "C" fn on_stat(
    _bdev: *mut spdk_bdev,
    _stat: *mut spdk_bdev_io_stat,
    arg: *mut c_void,
    rc: c_int,
) {
    // SAFETY: the test keeps the argument.
    unsafe { (*arg.cast::<Stat>()).rc.set(Some(rc)) };
}

fn device_stat(host: &Host, disk: &Disk, mode: spdk_bdev_reset_stat_mode) -> spdk_bdev_io_stat {
    let stat = Rc::new(Stat::default());
    let arg: *mut c_void = Rc::as_ptr(&stat).cast_mut().cast();
    // SAFETY: the request outlives its callback, which this function waits for.
    host.on(0, || unsafe {
        spdk_bdev_get_device_stat(disk.bdev(), stat.stat.as_ptr(), mode, Some(on_stat), arg);
    });
    assert!(stat.rc.get().is_none(), "later");
    host.settle();
    assert_eq!(stat.rc.get(), Some(0));
    *stat.stat.borrow()
}

#[test]
fn statistics_count_what_succeeded() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, true), disk.open(&host, 1, true));
    let mut data = vec![0; 2 * 512];
    let data: *mut c_void = data.as_mut_ptr().cast();
    let all: Vec<_> = [
        host.on(0, || submit!(spdk_bdev_read_blocks, open, data, 0, 2)),
        host.on(0, || submit!(spdk_bdev_read_blocks, open, data, 0, 1)),
        host.on(1, || submit!(spdk_bdev_write_blocks, other, data, 0, 2)),
        host.on(1, || submit!(spdk_bdev_unmap_blocks, other, 0, 4)),
    ]
    .into();
    host.settle();
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_FAILED);
    let failed = host.on(0, || submit!(spdk_bdev_read_blocks, open, data, 0, 1));
    host.settle();
    assert!(all.iter().all(|probe| probe.succeeded()) && !failed.succeeded());
    let stat = device_stat(&host, &disk, SPDK_BDEV_RESET_STAT_NONE);
    assert_eq!((stat.num_read_ops, stat.bytes_read), (2, 3 * 512));
    assert_eq!((stat.num_write_ops, stat.bytes_written), (1, 1024));
    assert_eq!((stat.num_unmap_ops, stat.bytes_unmapped), (1, 2048));
    assert!(stat.min_read_latency_ticks <= stat.max_read_latency_ticks);
    assert_eq!(stat.min_copy_latency_ticks, u64::MAX);

    other.close(&host, 1);
    let folded = device_stat(&host, &disk, SPDK_BDEV_RESET_STAT_MAXMIN);
    assert_eq!(folded.num_write_ops, 1, "a channel's counters outlive it");
    let reset = device_stat(&host, &disk, SPDK_BDEV_RESET_STAT_ALL);
    assert_eq!((reset.num_read_ops, reset.max_read_latency_ticks), (2, 0));
    assert_eq!(reset.min_write_latency_ticks, u64::MAX);
    assert_eq!(device_stat(&host, &disk, SPDK_BDEV_RESET_STAT_NONE).num_read_ops, 0);
    open.close(&host, 0);
}

#[test]
fn a_channel_has_statistics_of_its_own() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, false), disk.open(&host, 1, false));
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
    host.settle();
    assert!(probe.succeeded());
    let count = |thread, ch| {
        let mut stat = spdk_bdev_io_stat::default();
        // SAFETY: the channel is the thread's; the structure is local.
        host.on(thread, || unsafe {
            let mode = SPDK_BDEV_RESET_STAT_NONE;
            spdk_bdev_get_io_stat(disk.bdev(), ch, &raw mut stat, mode);
        });
        stat.num_read_ops
    };
    assert_eq!((count(0, open.ch), count(1, other.ch)), (1, 0));
    open.close(&host, 0);
    other.close(&host, 1);
}

#[test]
fn children_are_counted_instead_of_their_parent() {
    let host = Host::new(1);
    let tweak = |bdev: &mut spdk_bdev| bdev.max_rw_size = 1;
    let disk = Disk::with(&host, DiskSpec { tweak, ..Default::default() });
    let open = disk.open(&host, 0, false);
    let mut data = vec![0_u8; 3 * 512];
    let data = data.as_mut_ptr().cast();
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, data, 0, 3));
    host.settle();
    assert!(probe.succeeded());
    let stat = device_stat(&host, &disk, SPDK_BDEV_RESET_STAT_NONE);
    assert_eq!((stat.num_read_ops, stat.bytes_read), (3, 3 * 512));
    open.close(&host, 0);
}

#[test]
fn timeouts_repeat_for_old_io() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    struct Late(RefCell<Vec<*mut c_void>>);
    unsafe extern "C" fn on_timeout(arg: *mut c_void, io: *mut spdk_bdev_io) {
        // SAFETY: the test keeps the log; the I/O is in flight.
        unsafe { (*arg.cast::<Late>()).0.borrow_mut().push(spdk_bdev_io_get_cb_arg(io)) };
    }
    let late = Late(RefCell::default());
    let arg: *mut c_void = (&raw const late).cast_mut().cast();
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
    // SAFETY: the log outlives the scans, which end before the test does.
    host.on(0, || unsafe {
        assert_eq!(spdk_bdev_set_timeout(open.desc, 1, Some(on_timeout), arg), 0);
    });
    host.poll_until("two scans have found it", || late.0.borrow().len() == 2);
    assert!(late.0.borrow().iter().all(|&found| found == probe.arg()));
    // SAFETY: as above.
    host.on(0, || unsafe {
        assert_eq!(spdk_bdev_set_timeout(open.desc, 0, None, ptr::null_mut()), 0);
    });
    disk.complete_all(&host);
    assert!(probe.succeeded());
    open.close(&host, 0);
}

#[test]
fn queue_depth_is_sampled() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let probes: Vec<_> = host.on(0, || {
        (0..3).map(|_| submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1)).collect()
    });
    // SAFETY: the bdev is registered.
    unsafe {
        assert_eq!(spdk_bdev_get_qd(disk.bdev()), u64::MAX, "no sample yet");
        host.on(0, || spdk_bdev_set_qd_sampling_period(disk.bdev(), 1000));
        host.poll_until("a sample was taken", || spdk_bdev_get_qd(disk.bdev()) == 3);
        assert_eq!(spdk_bdev_get_qd_sampling_period(disk.bdev()), 1000);
        let io_time = spdk_bdev_get_io_time(disk.bdev());
        assert_eq!(spdk_bdev_get_weighted_io_time(disk.bdev()), 3 * io_time);
        host.on(0, || spdk_bdev_set_qd_sampling_period(disk.bdev(), 0));
    }
    disk.complete_all(&host);
    host.settle();
    assert!(probes.iter().all(|probe| probe.succeeded()));
    open.close(&host, 0);
}

fn set_limits(host: &Host, disk: &Disk, limits: &mut [u64; 4]) -> Rc<Statuses> {
    let result = Statuses::new();
    host.keep(result.clone());
    // SAFETY: the host keeps the log.
    host.on(0, || unsafe {
        let (cb, arg) = (Some(on_status as unsafe extern "C" fn(_, _)), result.arg());
        spdk_bdev_set_qos_rate_limits(disk.bdev(), limits.as_mut_ptr(), cb, arg);
    });
    result
}

fn get_limits(disk: &Disk) -> [u64; 4] {
    let mut limits = [9; 4];
    // SAFETY: the bdev is registered.
    unsafe { spdk_bdev_get_qos_rate_limits(disk.bdev(), limits.as_mut_ptr()) };
    limits
}

#[test]
fn rate_limits_are_rounded_and_lifted() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 1, true);
    let mut limits = [1001, 0, 3, u64::MAX];
    let first = set_limits(&host, &disk, &mut limits);
    assert_eq!(limits, [2000, 0, 3 << 20, u64::MAX], "rewritten in place");
    let busy = set_limits(&host, &disk, &mut [0, 0, 0, 5]);
    assert_eq!(busy.seen(), [-libc::EAGAIN]);
    host.settle();
    assert_eq!(first.seen(), [0]);
    assert_eq!(get_limits(&disk), [2000, 0, 3, 0]);
    let update = set_limits(&host, &disk, &mut [u64::MAX, u64::MAX, 0, 7]);
    host.settle();
    assert_eq!(update.seen(), [0]);
    assert_eq!(get_limits(&disk), [2000, 0, 0, 7]);
    let lifted = set_limits(&host, &disk, &mut [0; 4]);
    host.settle();
    assert_eq!(lifted.seen(), [0]);
    assert_eq!(get_limits(&disk), [0; 4]);
    let nothing = set_limits(&host, &disk, &mut [0; 4]);
    assert_eq!(nothing.seen(), [0], "inside the call");
    open.close(&host, 1);
}

#[test]
fn limited_io_waits_for_the_next_slice() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, true);
    let set = set_limits(&host, &disk, &mut [2000, 0, 0, 0]);
    host.settle();
    assert_eq!(set.seen(), [0]);
    let start = std::time::Instant::now();
    let probes: Vec<_> = host.on(0, || {
        (0..20).map(|_| submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1)).collect()
    });
    assert!(disk.take_seen().len() <= 4, "two for each slice of a millisecond");
    let flush = host.on(0, || submit!(spdk_bdev_unmap_blocks, open, 0, 1));
    host.poll_until("all have passed", || probes.iter().all(|probe| probe.done()));
    assert!(start.elapsed() >= std::time::Duration::from_millis(5));
    assert!(probes.iter().all(|probe| probe.succeeded()) && flush.succeeded());
    // SAFETY: on the thread of the channel.
    open.close(&host, 0);
    assert_eq!(get_limits(&disk), [2000, 0, 0, 0], "limits outlive the last descriptor");
    let open = disk.open(&host, 0, true);
    host.settle();
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
    host.poll_until("it has passed", || probe.done());
    open.close(&host, 0);
}

#[test]
fn a_reset_aborts_io_that_waits_for_its_rate() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, true);
    set_limits(&host, &disk, &mut [1000, 0, 0, 0]);
    host.settle();
    let (probes, reset) = host.on(0, || {
        let probes: Vec<_> =
            (0..50).map(|_| submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1)).collect();
        (probes, submit!(spdk_bdev_reset, open))
    });
    host.poll_until("the reset has ended", || reset.done());
    host.settle();
    assert!(reset.succeeded());
    assert!(probes.iter().all(|probe| probe.done()));
    assert!(probes.iter().any(|probe| !probe.succeeded() && probe.nvme.get() == (0, 0x07)));
    open.close(&host, 0);
}

/// A walk over channels.
#[derive(Default)]
struct ChannelWalk {
    threads: RefCell<Vec<*mut spdk_thread>>,
    status: Cell<Option<c_int>>,
    stop: Cell<c_int>,
}

unsafe extern "C" fn visit(
    i: *mut spdk_bdev_channel_iter,
    _bdev: *mut spdk_bdev,
    ch: *mut spdk_io_channel,
    ctx: *mut c_void,
) {
    // SAFETY: the test keeps the walk; the channel is this thread's.
    unsafe {
        let walk = &*ctx.cast::<ChannelWalk>();
        assert_eq!(spdk_io_channel_get_thread(ch), spdk_get_thread());
        walk.threads.borrow_mut().push(spdk_get_thread());
        spdk_bdev_for_each_channel_continue(i, walk.stop.get());
    }
}

unsafe extern "C" fn walked(_bdev: *mut spdk_bdev, ctx: *mut c_void, status: c_int) {
    // SAFETY: the test keeps the walk.
    unsafe { (*ctx.cast::<ChannelWalk>()).status.set(Some(status)) };
}

#[test]
fn walks_visit_each_channel_on_its_thread() {
    let host = Host::new(3);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, false), disk.open(&host, 2, false));
    let walk = ChannelWalk::default();
    let ctx: *mut c_void = (&raw const walk).cast_mut().cast();
    let start = || {
        // SAFETY: the walk outlives its end, which the test waits for.
        host.on(1, || unsafe {
            spdk_bdev_for_each_channel(disk.bdev(), Some(visit), ctx, Some(walked));
        });
        assert_eq!(walk.status.get(), None, "later");
        host.settle();
        walk.status.take()
    };
    assert_eq!(start(), Some(0));
    assert_eq!(walk.threads.take(), [host.thread(0), host.thread(2)]);
    walk.stop.set(-3);
    assert_eq!(start(), Some(-3));
    assert_eq!(walk.threads.take(), [host.thread(0)]);
    open.close(&host, 0);
    other.close(&host, 2);
}
