//! Histograms: refused while there are none or while they change, and summed over the channels.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

/// What a histogram callback got.
#[derive(Default)]
struct Histogram(Cell<Option<(c_int, bool)>>);

unsafe extern "C" fn on_histogram(
    arg: *mut c_void,
    status: c_int,
    histogram: *mut spdk_histogram_data,
) {
    // SAFETY: the test keeps the argument.
    unsafe { (*arg.cast::<Histogram>()).0.set(Some((status, histogram.is_null()))) };
}

unsafe extern "C" fn add_bucket(
    ctx: *mut c_void,
    _start: u64,
    _end: u64,
    count: u64,
    _total: u64,
    _so_far: u64,
) {
    // SAFETY: the test passes a counter.
    unsafe { *ctx.cast::<u64>() += count };
}

/// Asks for histograms to be switched on or off; `result` is told.
fn switch_histograms(host: &Host, disk: &Disk, result: &Rc<Statuses>, on: bool) {
    // SAFETY: the log outlives the call.
    host.on(0, || unsafe {
        spdk_bdev_histogram_enable(disk.bdev(), Some(on_status), result.arg(), on);
    });
}

/// How many I/Os the histograms of all channels have counted.
fn counted(host: &Host, disk: &Disk) -> u64 {
    let got = Histogram::default();
    // SAFETY: the histogram outlives its callback.
    let total = unsafe {
        let sum = spdk_histogram_data_alloc();
        host.on(0, || {
            let arg = (&raw const got).cast_mut().cast();
            spdk_bdev_histogram_get(disk.bdev(), sum, Some(on_histogram), arg);
        });
        host.settle();
        let mut total = 0_u64;
        spdk_histogram_data_iterate(sum, Some(add_bucket), (&raw mut total).cast());
        spdk_histogram_data_free(sum);
        total
    };
    assert_eq!(got.0.get(), Some((0, false)));
    total
}

#[test]
fn a_channel_without_a_histogram_says_so_inside_the_call() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    let own = Histogram::default();
    let own_arg: *mut c_void = (&raw const own).cast_mut().cast();
    // SAFETY: the channel is thread 0's.
    host.on(0, || unsafe {
        spdk_bdev_channel_get_histogram(open.ch, Some(on_histogram), own_arg);
    });
    assert_eq!(own.0.get(), Some((-libc::EFAULT, true)));
    open.close(&host, 0);
}

#[test]
fn histograms_are_not_switched_while_they_are_being_switched() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, false), disk.open(&host, 1, false));
    let result = Statuses::new();
    switch_histograms(&host, &disk, &result, true);
    switch_histograms(&host, &disk, &result, true);
    assert_eq!(result.seen(), [-libc::EAGAIN], "a change is in progress");
    host.settle();
    assert_eq!(result.seen(), [-libc::EAGAIN, 0]);
    switch_histograms(&host, &disk, &result, false);
    host.settle();
    assert_eq!(result.seen(), [-libc::EAGAIN, 0, 0]);
    open.close(&host, 0);
    other.close(&host, 1);
}

#[test]
fn histograms_count_the_io_of_all_channels() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, false), disk.open(&host, 1, false));
    let result = Statuses::new();
    switch_histograms(&host, &disk, &result, true);
    host.settle();
    for (thread, open) in [(0, &open), (0, &open), (0, &open), (1, &other)] {
        let probe = host.on(thread, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
        host.settle();
        assert!(probe.succeeded());
    }
    assert_eq!(counted(&host, &disk), 4);
    switch_histograms(&host, &disk, &result, false);
    host.settle();
    assert_eq!(result.seen(), [0, 0]);
    open.close(&host, 0);
    other.close(&host, 1);
}
