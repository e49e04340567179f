//! What reads and writes ask of the heap: nothing with one buffer or up to four, one array with more, a record
//! of its own with options; and the user's `Vec` comes back as it was.

mod common;

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

use common::*;
use spdk_async::Result;
use spdk_async::bdev::{Bdev, IoChannel, IoOptions};

/// Operations that are counted.
const COUNTED: u64 = 64;

type Bufs = Vec<Vec<u8>>;
type Reply = (Result<()>, Bufs);

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

/// Buffers of these lengths, in a `Vec` that has room for more.
fn zeroed(lens: &[usize]) -> Bufs {
    let mut bufs = Vec::with_capacity(lens.len() + 3);
    bufs.extend(lens.iter().map(|len| vec![0; *len]));
    bufs
}

/// Allocations of a further operation, once everything is warm.
async fn further(operation: impl AsyncFnMut(Bufs) -> Reply, lens: &[usize]) -> f64 {
    counted(operation, zeroed(lens)).await
}

/// The same with whatever `held` the operation takes and gives back.
async fn counted<H>(mut operation: impl AsyncFnMut(H) -> (Result<()>, H), mut held: H) -> f64 {
    let mut before = 0;
    for round in 0..=COUNTED {
        if round == 1 {
            before = allocations();
        }
        let (result, back) = operation(held).await;
        result.unwrap();
        held = back;
    }
    (allocations() - before) as f64 / COUNTED as f64
}

/// What each operation takes of the heap that has nothing but its buffers.
async fn assert_each(channel: &IoChannel, lens: &[usize], expected: f64) {
    let found = [
        further(async |bufs| channel.writev(bufs, 0).await, lens).await,
        further(async |bufs| channel.readv(bufs, 0).await, lens).await,
        further(async |bufs| channel.writev_blocks(bufs, 0).await, lens).await,
        further(async |bufs| channel.readv_blocks(bufs, 0).await, lens).await,
    ];
    let bdev = channel.descriptor().bdev().name().to_owned();
    assert_eq!(
        found, [expected; 4],
        "writev, readv, writev_blocks, readv_blocks of {lens:?}, {bdev}"
    );
}

#[test]
fn one_buffer_takes_nothing() {
    with_app(malloc_and_null(), async || {
        for (bdev, len) in [("Null0", BLOCK), ("Malloc0", BLOCK), ("Malloc0", 64 * BLOCK)] {
            let channel = open(bdev).await;
            let bytes = || vec![0; len];
            let found = [
                counted(async |buf| channel.write(buf, 0).await, bytes()).await,
                counted(async |buf| channel.read(buf, 0).await, bytes()).await,
                counted(async |buf| channel.write_blocks(buf, 0).await, bytes()).await,
                counted(async |buf| channel.read_blocks(buf, 0).await, bytes()).await,
            ];
            assert_eq!(found, [0.0; 4], "write, read, write_blocks, read_blocks, {bdev}, {len}");
        }
    });
}

#[test]
fn commands_take_nothing() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let found = [
            counted(async |()| (channel.flush(0, 1).await, ()), ()).await,
            counted(async |()| (channel.unmap(0, 1).await, ()), ()).await,
            counted(async |()| (channel.write_zeroes(0, 1).await, ()), ()).await,
        ];
        assert_eq!(found, [0.0; 3], "flush, unmap, write_zeroes");
    });
}

#[test]
fn up_to_four_buffers_take_nothing() {
    with_app(malloc_and_null(), async || {
        for bdev in ["Null0", "Malloc0"] {
            let channel = open(bdev).await;
            assert_each(&channel, &[BLOCK], 0.0).await;
            assert_each(&channel, &[BLOCK; 2], 0.0).await;
            assert_each(&channel, &[BLOCK; 3], 0.0).await;
            assert_each(&channel, &[BLOCK; 4], 0.0).await;
            assert_each(&channel, &[0, BLOCK, 0, BLOCK], 0.0).await;
        }
    });
}

#[test]
fn more_buffers_take_one_array() {
    with_app(malloc_and_null(), async || {
        let channel = open("Null0").await;
        assert_each(&channel, &[BLOCK; 5], 1.0).await;
        assert_each(&channel, &[BLOCK, 0, BLOCK, 0, BLOCK, 0], 1.0).await;
        assert_each(&channel, &[BLOCK; 64], 1.0).await;
    });
}

#[test]
fn options_take_a_record_of_their_own() {
    with_app(malloc_and_null(), async || {
        let (channel, options) = (open("Null0").await, IoOptions::default());
        let reads = async |bufs| channel.readv_blocks_with(bufs, 0, options).await;
        let writes = async |bufs| channel.writev_blocks_with(bufs, 0, options).await;
        assert_eq!(further(reads, &[BLOCK; 4]).await, 1.0);
        assert_eq!(further(writes, &[BLOCK; 4]).await, 1.0);
    });
}

/// Where a `Vec` and its buffers lie.
fn places(bufs: &Bufs) -> (*const Vec<u8>, usize, Vec<*const u8>) {
    (bufs.as_ptr(), bufs.capacity(), bufs.iter().map(|buf| buf.as_ptr()).collect())
}

#[test]
fn the_users_vec_comes_back() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        // Taken, refused by C, refused by this crate.
        for (offset, more, taken) in [(0, 0, true), (1 << 30, 0, false), (0, 1, false)] {
            for count in [1, 4, 5, 40] {
                let mut lens = vec![BLOCK; count];
                lens[0] += more;
                let bufs = zeroed(&lens);
                let before = places(&bufs);
                let (result, bufs) = channel.writev_blocks(bufs, offset).await;
                assert_eq!((result.is_ok(), places(&bufs)), (taken, before.clone()));
                let (result, bufs) = channel.readv_blocks(bufs, offset).await;
                assert_eq!((result.is_ok(), places(&bufs)), (taken, before));
            }
        }
    });
}

/// Counts the allocations of each thread.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has allocated.
fn allocations() -> u64 {
    ALLOCATIONS.get()
}

fn count() {
    // A thread that is ending has no place to count in; its allocations do not matter here.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(ptr, layout, new_size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}
