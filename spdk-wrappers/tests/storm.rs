//! A storm: 256 operations at once for a long time, a tenth of which are dropped at some poll, with
//! buffers that are used again at once. `SPDK_ASYNC_STORM_OPS` says how many operations there are,
//! `SPDK_ASYNC_TEST_SEED` which.

#[path = "common/buffers.rs"]
mod buffers;
#[path = "common/cancel.rs"]
mod cancel;
mod common;
#[path = "common/operations.rs"]
mod operations;
#[path = "common/seeds.rs"]
mod seeds;
#[path = "common/shelf.rs"]
mod shelf;

use core::cell::Cell;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use std::rc::Rc;

use cancel::Bench;
use common::*;
use shelf::{Borrowed, Shelf};
use spdk_async::bdev::{Bdev, IoChannel};
use spdk_async::{Result, spawn_local};

/// How many operations are in flight at once.
const DEPTH: usize = 256;
/// The blocks that they work on; those behind are for `Bench`.
const BLOCKS: u64 = 1024;
/// The most blocks of one operation.
const MOST: usize = 4;

struct Storm {
    channels: Vec<IoChannel>,
    shelf: Rc<Shelf>,
    left: Cell<u64>,
    version: Cell<u32>,
    lost: Cell<u64>,
    failed: Cell<u64>,
}

#[test]
fn a_storm_leaves_nothing_behind() {
    let count = seeds::number("SPDK_ASYNC_STORM_OPS").unwrap_or(1_000_000);
    let seed = seeds::first();
    eprintln!("seed {seed}; repeat it with {}={seed}", seeds::VARIABLE);
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.as_file().set_len(BLOCKS * BLOCK as u64).unwrap();
    let bdevs = [
        // Fewer than there are operations, so that some wait.
        pool(200, 32),
        malloc("Malloc0", 2048),
        aio("Aio0", file.path()),
    ];
    // A part at a time, so that the watchdog sees that it goes on.
    let parts = count.div_ceil(100_000).max(1);
    for part in 0..parts {
        let config = config(&bdevs);
        let count = count / parts;
        with_app(config, async move || storm(count, seed.wrapping_add(part)).await);
    }
}

async fn storm(count: u64, seed: u64) {
    let bench = Bench::new().await;
    let malloc = Bdev::open("Malloc0").await.unwrap().channel().unwrap();
    let aio = Bdev::open("Aio0").await.unwrap().channel().unwrap();
    let storm = Rc::new(Storm {
        // Mostly the fast one; the other one's bytes move while nobody looks.
        channels: vec![malloc.clone(), malloc.clone(), malloc, aio],
        shelf: Rc::default(),
        left: Cell::new(count),
        version: Cell::new(1),
        lost: Cell::new(0),
        failed: Cell::new(0),
    });
    let mut random = Random(seed);
    let tasks: Vec<_> =
        (0..DEPTH).map(|_| spawn_local(Rc::clone(&storm).operate(Random(random.next())))).collect();
    join_all(tasks).await;
    bench.check("the storm").await;
    let shelf = &storm.shelf;
    assert_eq!(shelf.violation(), None);
    assert_eq!(shelf.out(), 0, "buffers have not come back");
    assert_eq!(storm.failed.get(), 0, "operations have failed");
    let lost = storm.lost.get();
    assert!(lost > count / 20 && lost < count / 5, "{lost} of {count} were dropped");
    assert!(shelf.reused() > count / 2, "only {} buffers were used again", shelf.reused());
}

impl Storm {
    async fn operate(self: Rc<Self>, mut random: Random) {
        while self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            let channel = &self.channels[random.below(self.channels.len())];
            let blocks = 1 + random.below(MOST);
            let first = random.next() % (BLOCKS - MOST as u64);
            let polls = match random.below(10) {
                0 => Some((random.below(3), random.below(2) == 0)),
                _ => None,
            };
            match random.below(4) {
                0 | 1 => self.write(channel, blocks, first, polls).await,
                2 => self.read(channel, blocks, first, polls).await,
                _ => self.read_vectored(channel, blocks, first, polls).await,
            }
        }
    }

    async fn write(&self, channel: &IoChannel, blocks: usize, first: u64, polls: Polls) {
        let version = self.version.get();
        self.version.set(version.wrapping_add(1));
        let buf = self.shelf.to_write(blocks, first, version);
        if let Some((result, _)) = self.lose(channel.write_blocks(buf, first), polls).await {
            self.count(&result);
        }
    }

    async fn read(&self, channel: &IoChannel, blocks: usize, first: u64, polls: Polls) {
        let buf = self.shelf.to_read(blocks);
        if let Some((result, buf)) = self.lose(channel.read_blocks(buf, first), polls).await {
            self.count(&result);
            buf.check_read(first);
        }
    }

    async fn read_vectored(&self, channel: &IoChannel, blocks: usize, first: u64, polls: Polls) {
        let bufs: Vec<Borrowed> = (0..blocks).map(|_| self.shelf.to_read(1)).collect();
        if let Some((result, bufs)) = self.lose(channel.readv_blocks(bufs, first), polls).await {
            self.count(&result);
            (first..).zip(&bufs).for_each(|(block, buf)| buf.check_read(block));
        }
    }

    fn count(&self, result: &Result<()>) {
        self.failed.set(self.failed.get() + u64::from(result.is_err()));
    }

    /// Awaits a future, or polls it so many times and drops it: at once, or when it is woken.
    async fn lose<T>(&self, op: impl Future<Output = T>, polls: Polls) -> Option<T> {
        let Some((mut polls, at_wake)) = polls else { return Some(op.await) };
        let mut op = pin!(op);
        let output = poll_fn(|cx| {
            if polls == 0 {
                return Poll::Ready(None);
            }
            polls -= 1;
            match op.as_mut().poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if polls == 0 && !at_wake => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let output = output.await;
        self.lost.set(self.lost.get() + u64::from(output.is_none()));
        output
    }
}

/// After how many polls a future is dropped, and whether only when it is woken then.
type Polls = Option<(usize, bool)>;
