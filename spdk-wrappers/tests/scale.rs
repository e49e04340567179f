//! Operations, tasks and descriptors in numbers: a hundred thousand reads in flight at once on one
//! thread, ten thousand tasks, a thousand descriptors. All of them end, each keeps to its bytes of the
//! heap, and what one round has taken serves the next. `SPDK_ASYNC_SCALE_READS` asks for another number of
//! reads, and a tenth of it of tasks; a million reads take two gigabytes.
//!
//! On the embedded backend, for it can hold completions back, and its `spdk_bdev_io`s are not counted:
//! each thread has made them before its first channel opens.
#![cfg(not(feature = "system"))]

mod common;
#[path = "common/seeds.rs"]
mod seeds;

use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;
use std::alloc::{GlobalAlloc, Layout, System};
use std::rc::Rc;

use common::*;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use spdk_async::bdev::{AbortToken, Bdev, IoChannel};
use spdk_async::{DmaBuf, Result, Worker, spawn_local};
use spdk_sys::hold_completions;

const DESCRIPTORS: usize = 1_000;

/// What an operation may take of the heap beside its buffer, with its future, its record, and its task
/// if it has one.
const BYTES_OF_READ: usize = 256;
/// What a task may take that waits for something, beside what it waits for; with its handle.
const BYTES_OF_TASK: usize = 128;
/// What a descriptor with a channel may take, with what the backend has for it.
const BYTES_OF_DESCRIPTOR: usize = 1024;
/// What a record takes, which stays for the next operation.
const RECORD: usize = 128;

/// Reads in flight at once.
fn reads() -> usize {
    seeds::number("SPDK_ASYNC_SCALE_READS").map_or(100_000, |reads| reads.try_into().unwrap())
}

#[test]
fn reads_in_one_task() {
    alone_in_child(|| {
        with_app(backend(reads()), async || {
            let channel = Bdev::open("Null0").await.unwrap().channel().unwrap();
            let mut buffers = buffers(reads());
            rounds(reads(), async || in_one_task(&channel, &mut buffers).await).await;
        });
    });
}

#[test]
fn reads_in_tasks() {
    alone_in_child(|| in_tasks_of_one_thread(reads()));
}

/// Where a list that doubles would be half empty.
#[test]
fn reads_in_tasks_just_above_a_power_of_two() {
    alone_in_child(|| in_tasks_of_one_thread(1 + reads().next_power_of_two() / 2));
}

fn in_tasks_of_one_thread(reads: usize) {
    with_app(backend(reads), async move || {
        let channel = Bdev::open("Null0").await.unwrap().channel().unwrap();
        let mut buffers = buffers(reads);
        rounds(reads, async || in_tasks(&channel, &mut buffers).await).await;
    });
}

/// Were each looked for in the whole list, this would take minutes.
#[test]
fn reads_named_by_one_token() {
    with_app(backend(reads()), async || {
        let token = AbortToken::new();
        let channel = Bdev::open("Null0").await.unwrap().channel().unwrap().abortable(&token);
        let mut buffers = buffers(reads());
        in_one_task(&channel, &mut buffers).await;
        assert_eq!(channel.abort(&token).await.unwrap(), 0, "an operation is still named");
    });
}

/// Two threads, which share nothing of this.
#[test]
fn half_of_the_reads_on_each_of_two_workers() {
    alone_in_child(|| {
        let app = app().json(backend(reads() / 2)).cores("0x3");
        let done = run(app, async || {
            let mut workers = Vec::new();
            for cores in ["0x1", "0x2"] {
                let worker = Worker::create("reader", Some(cores)).await.unwrap();
                let reads = worker.spawn(|| async {
                    let channel = Bdev::open("Null0").await.unwrap().channel().unwrap();
                    let mut buffers = buffers(reads() / 2);
                    rounds(reads() / 2, async || in_one_task(&channel, &mut buffers).await).await;
                });
                workers.push((worker, reads.unwrap()));
            }
            // None ends before all are done, for the others would take its records over.
            let (workers, reads): (Vec<_>, Vec<_>) = workers.into_iter().unzip();
            join_all(reads).await;
            workers.iter().for_each(Worker::end);
        });
        done.unwrap();
    });
}

#[test]
fn tasks_wait_at_once() {
    with_app(malloc_and_null(), async || {
        let count = reads() / 10;
        let (gate, waiting) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let wait = |_| {
            let (gate, waiting) = (Rc::clone(&gate), Rc::clone(&waiting));
            spawn_local(async move {
                waiting.set(waiting.get() + 1);
                while !gate.get() {
                    spdk_async::yield_now().await;
                }
            })
        };
        let before = live();
        let tasks: Vec<_> = (0..count).map(wait).collect();
        while waiting.get() < count {
            turn().await;
        }
        let each = (live() - before) / count;
        assert!(each <= BYTES_OF_TASK, "a task takes {each} bytes");
        gate.set(true);
        assert_eq!(join_all(tasks).await.len(), count);
    });
}

#[test]
fn a_thousand_descriptors_are_open_at_once() {
    with_app(backend(DESCRIPTORS), async || {
        let mut buffers = buffers(DESCRIPTORS);
        // The first one makes the thread's `spdk_bdev_io`s.
        let _first = Bdev::open("Null0").await.unwrap().channel().unwrap();
        let mut after = Vec::new();
        for _ in 0..3 {
            let mut channels = Vec::with_capacity(DESCRIPTORS);
            let before = live();
            for _ in 0..DESCRIPTORS {
                channels.push(Bdev::open("Null0").await.unwrap().channel().unwrap());
            }
            let each = (live() - before) / DESCRIPTORS;
            assert!(each <= BYTES_OF_DESCRIPTOR, "a descriptor takes {each} bytes");
            let reads: FuturesUnordered<_> = (channels.iter().zip(buffers.drain(..)))
                .map(|(channel, buf)| channel.read_blocks(buf, 0))
                .collect();
            buffers = reads.map(succeeded).collect().await;
            drop(channels);
            // Channels go by message.
            turn().await;
            after.push(live());
        }
        assert_eq!(buffers.len(), DESCRIPTORS);
        assert_eq!(after[1], after[2], "what was closed is still there");
    });
}

/// A null bdev, and as many `spdk_bdev_io` for each of three threads.
fn backend(reads: usize) -> String {
    let reads = u32::try_from(reads).unwrap();
    config(&[pool(4 * reads, reads), null("Null0", 1 << 21)])
}

fn buffers(count: usize) -> Vec<DmaBuf> {
    (0..count).map(|_| DmaBuf::zeroed(BLOCK, 0).unwrap()).collect()
}

fn succeeded((result, buf): (Result<()>, DmaBuf)) -> DmaBuf {
    result.unwrap();
    buf
}

/// Three rounds of so many reads at once. A round answers the bytes that were live at its height.
async fn rounds(count: usize, mut round: impl AsyncFnMut() -> usize) {
    let before = live();
    let first = round().await - before;
    assert!(first <= count * BYTES_OF_READ, "a read takes {} bytes", first / count);
    let between = live();
    let second = round().await - between;
    assert!(second + count * RECORD <= first, "records were not used again: {second} of {first}");
    round().await;
    assert_eq!(live(), between, "what a round has taken is still there");
    let records = between - before;
    // Beside the pages, the room of the executor's list of tasks.
    assert!(records <= count * (RECORD + 16), "{records} bytes stay for {count} records");
}

/// Reads into each buffer, all at once; the bytes that are live while they are in flight.
async fn in_one_task(channel: &IoChannel, buffers: &mut Vec<DmaBuf>) -> usize {
    let count = buffers.len();
    let reads = buffers.drain(..).zip(0..).map(|(buf, block)| channel.read_blocks(buf, block));
    let mut reads: FuturesUnordered<_> = reads.collect();
    // One poll of the set polls each of its futures, and no poller has a turn in between.
    poll_fn(|cx| {
        assert!(reads.poll_next_unpin(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(reads.len(), count);
    let live = live();
    while let Some(reply) = reads.next().await {
        buffers.push(succeeded(reply));
    }
    assert_eq!(buffers.len(), count);
    live
}

/// The same, with a task for each.
async fn in_tasks(channel: &IoChannel, buffers: &mut Vec<DmaBuf>) -> usize {
    hold_completions(true);
    let count = buffers.len();
    let reads: Vec<_> = (buffers.drain(..).zip(0..))
        .map(|(buf, block)| spawn_local(channel.read_blocks(buf, block)))
        .collect();
    // Tasks start in the order in which they were spawned.
    spawn_local(async {}).await.unwrap();
    assert!(!reads.iter().any(spdk_async::JoinHandle::is_finished));
    let live = live();
    hold_completions(false);
    buffers.extend(join_all(reads).await.into_iter().map(succeeded));
    assert_eq!(buffers.len(), count);
    live
}

/// Counts the bytes that are live, by the thread that allocates and frees.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that this thread has allocated and not freed. What others free is theirs, so only differences
/// mean anything.
fn live() -> usize {
    LIVE.get()
}

fn count(by: usize) {
    // A thread that is ending has no place to count in; its allocations do not matter here.
    let _ = LIVE.try_with(|live| live.set(live.get().wrapping_add(by)));
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(layout.size().wrapping_neg());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}
