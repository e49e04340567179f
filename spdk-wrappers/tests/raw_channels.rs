//! The raw calls about a bdev's channels: a walk over all of them, and the histogram of one.

mod common;

use core::ffi::c_void;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use common::elsewhere::thread_id;
use common::raw::*;
use common::*;
use spdk_async::adapter::{CallError, Errno};
use spdk_async::bdev::{Bdev, wait_for_examine};
use spdk_async::raw::bdev as raw;
use spdk_async::{JoinHandle, Worker};
use spdk_sys::{spdk_bdev, spdk_histogram_data};

/// A worker that has a channel of `Malloc0` until it ends; its thread's id.
async fn worker_with_channel(name: &str) -> (Worker, JoinHandle<()>, u64) {
    let worker = Worker::create(name, None).await.unwrap();
    let descriptor = Bdev::open("Malloc0").await.unwrap();
    let (has_channel, has) = futures_channel::oneshot::channel();
    let holds = worker.spawn(move || async move {
        let _channel = descriptor.channel().unwrap();
        has_channel.send(thread_id()).unwrap();
        core::future::pending::<()>().await;
    });
    let id = has.await.unwrap();
    (worker, holds.unwrap(), id)
}

/// Walks over the channels of `Malloc0`, answering `answer` for each; the threads on which they were
/// visited, and the outcome.
async fn walk(opened: &Rc<Opened>, answer: i32) -> (Vec<u64>, Result<(), CallError<Errno>>) {
    let visits = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&visits);
    let bdev = opened.bdev().addr();
    let visitor = move |(visited, ch): (*mut spdk_bdev, *mut spdk_sys::spdk_io_channel)| {
        assert_eq!(visited.addr(), bdev);
        // SAFETY: the channel is alive during the visit.
        let thread = unsafe { spdk_sys::spdk_io_channel_get_thread(ch) };
        // SAFETY: a thread with a channel is alive.
        let id = unsafe { spdk_sys::spdk_thread_get_id(thread) };
        assert_eq!(id, thread_id(), "a channel is visited on its own thread");
        noted.lock().unwrap().push(id);
        answer
    };
    // SAFETY: the bdev is open until the callback, which is awaited here.
    let result = unsafe { raw::spdk_bdev_for_each_channel(opened.bdev(), visitor) }.await;
    (core::mem::take(&mut *visits.lock().unwrap()), result)
}

#[test]
fn a_walk_visits_each_channel_on_its_own_thread() {
    with_app(malloc_and_null(), async || {
        let opened = Opened::writable(c"Malloc0");
        let (visits, result) = walk(&opened, 0).await;
        assert_eq!((visits, result), (vec![thread_id()], Ok(())));

        let (one, _held, one_id) = worker_with_channel("one").await;
        let (two, _held, two_id) = worker_with_channel("two").await;
        let (visits, result) = walk(&opened, 0).await;
        assert_eq!((visits.len(), result), (3, Ok(())));
        assert_eq!(BTreeSet::from_iter(visits), BTreeSet::from([thread_id(), one_id, two_id]));
        one.end();
        two.end();
    });
}

#[test]
fn a_visit_that_answers_a_status_ends_the_walk_with_it() {
    with_app(malloc_and_null(), async || {
        let opened = Opened::writable(c"Malloc0");
        let (worker, _held, _) = worker_with_channel("other").await;
        let (visits, result) = walk(&opened, -libc::EXDEV).await;
        assert_eq!(visits.len(), 1);
        assert_eq!(result, Err(CallError::Failed(Errno::from_status(-libc::EXDEV))));
        worker.end();
    });
}

/// What a channel's histogram has counted, or the status without one. It is shown once.
fn histogram(opened: &Opened) -> Result<u64, i32> {
    let mut shown = Vec::new();
    let visitor = |(status, histogram): (i32, *mut spdk_histogram_data)| {
        shown.push(if histogram.is_null() { Err(status) } else { Ok(total(histogram)) });
    };
    let ch = spdk_async::adapter::Parent::as_arg(opened);
    // SAFETY: the channel is of this thread.
    unsafe { raw::spdk_bdev_channel_get_histogram(ch, visitor) };
    assert_eq!(shown.len(), 1);
    shown.remove(0)
}

/// How many latencies a histogram has counted.
fn total(histogram: *mut spdk_histogram_data) -> u64 {
    unsafe extern "C" fn add(
        ctx: *mut c_void,
        _start: u64,
        _end: u64,
        count: u64,
        _total: u64,
        _so_far: u64,
    ) {
        // SAFETY: the sum below, which nobody else uses meanwhile.
        unsafe { *ctx.cast::<u64>() += count };
    }
    let mut sum = 0_u64;
    // SAFETY: the histogram is shown during the visit; `add` is given the sum.
    unsafe {
        spdk_sys::spdk_histogram_data_iterate(histogram, Some(add), (&raw mut sum).cast());
    }
    sum
}

#[test]
fn a_channel_shows_its_histogram_while_there_is_one() {
    with_app(malloc_and_null(), async || {
        wait_for_examine().await.unwrap();
        let opened = Opened::writable(c"Malloc0");
        assert_eq!(histogram(&opened), Err(-libc::EFAULT));
        // SAFETY: the bdev is open until the callback, which is awaited here.
        let enable = unsafe { raw::spdk_bdev_histogram_enable(opened.bdev(), true) };
        enable.await.0.unwrap();
        assert_eq!(histogram(&opened), Ok(0));
        for reads in 1..=3 {
            let (ch, buf) = (opened.clone(), Bytes::zeroed(BLOCK));
            // SAFETY: the record keeps the channel of this thread, through it the descriptor, and
            // the buffer of one block.
            let read = unsafe { raw::spdk_bdev_read_blocks(opened.desc(), ch, buf, 0, 1) };
            read.await.0.unwrap();
            assert_eq!(histogram(&opened), Ok(reads));
        }
        // SAFETY: as above.
        let disable = unsafe { raw::spdk_bdev_histogram_enable(opened.bdev(), false) };
        disable.await.0.unwrap();
        assert_eq!(histogram(&opened), Err(-libc::EFAULT));
    });
}
