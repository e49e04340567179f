//! What keeps what alive: an I/O that is not freed, a channel without its descriptor, a reset.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

fn read_kept(host: &Host, open: &Open) -> Result<Rc<Probe>, i32> {
    let probe = Probe::keeping();
    let rc = host.on(0, || submit_to!(&probe, spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
    host.settle();
    if rc == 0 { Ok(probe) } else { Err(rc) }
}

fn free(host: &Host, probe: &Probe) {
    let io = probe.io.get().expect("the callback has run");
    // SAFETY: the probe kept the I/O, which is freed here.
    host.on(0, || unsafe { spdk_bdev_free_io(io) });
}

#[test]
fn an_io_that_is_not_freed_keeps_its_place_in_the_pool_and_nothing_else() {
    let host = Host::with_pool(1, 2, 1);
    let disk = Disk::new(&host);
    let (open, other) = (disk.open(&host, 0, false), disk.open(&host, 0, false));
    let kept = [0, 1].map(|_| read_kept(&host, &open).expect("the pool holds two"));
    assert_eq!(read_kept(&host, &open).err(), Some(-libc::ENOMEM), "two are not freed");

    // The descriptor does not wait for them.
    // SAFETY: open on thread 0, and nothing of it is in flight.
    host.on(0, || unsafe { spdk_bdev_close(open.desc) });
    for probe in &kept {
        assert!(probe.succeeded());
        free(&host, probe);
    }
    let again = read_kept(&host, &other).expect("a freed one is there again");
    free(&host, &again);
    // SAFETY: the channel is thread 0's.
    host.on(0, || unsafe { spdk_put_io_channel(open.ch) });
    other.close(&host, 0);
}

#[test]
fn a_channel_works_on_when_the_descriptor_it_came_from_is_closed() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let (first, mut second) = (disk.open(&host, 0, false), disk.open(&host, 0, false));
    // SAFETY: both are of thread 0; the first one's channel stays.
    host.on(0, || unsafe {
        spdk_put_io_channel(second.ch);
        spdk_bdev_close(first.desc);
    });
    host.settle();
    second.ch = first.ch;
    let probe = read_kept(&host, &second).expect("the channel is alive");
    assert!(probe.succeeded());
    free(&host, &probe);
    second.close(&host, 0);
}

#[test]
fn a_reset_keeps_its_channel() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let open = disk.open(&host, 0, false);
    let reset = host.on(0, || submit!(spdk_bdev_reset, open));
    host.settle();
    // SAFETY: the channel is thread 0's; the reset has a reference of its own.
    host.on(0, || unsafe { spdk_put_io_channel(open.ch) });
    host.settle();
    assert!(!reset.done());
    disk.complete_all(&host);
    host.settle();
    assert!(reset.succeeded());
    // SAFETY: open on thread 0, and nothing of it is in flight.
    host.on(0, || unsafe { spdk_bdev_close(open.desc) });
}
