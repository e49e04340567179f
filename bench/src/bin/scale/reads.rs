//! A round of reads through the safe API, all in flight at once, in each way to await them.

use core::future::{Future, poll_fn};
use core::ops::{Add, Div};
use core::pin::Pin;
use core::task::Poll;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use spdk_async::bdev::IoChannel;
use spdk_async::{DmaBuf, Result, spawn_local};

use crate::heap::Growth;
use crate::hold::Hold;
use crate::options::Way;

/// What one read took, in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Times {
    /// To make it and the call.
    pub(crate) submit: f64,
    /// From the moment that completions are let go to its result.
    pub(crate) complete: f64,
}

impl Times {
    /// Of `count` reads, of which the last has just completed.
    pub(crate) fn of(count: usize, start: Instant, submitted: Instant, freed: Instant) -> Self {
        let each = |from: Instant, to: Instant| (to - from).as_nanos() as f64 / count as f64;
        Self { submit: each(start, submitted), complete: each(freed, Instant::now()) }
    }
}

impl Times {
    pub(crate) const ZERO: Self = Self { submit: 0.0, complete: 0.0 };

    /// The least of each: what disturbs a round only makes it longer.
    pub(crate) fn least(times: &[Self]) -> Self {
        let least = |part: fn(&Self) -> f64| times.iter().map(part).fold(f64::INFINITY, f64::min);
        Self { submit: least(|times| times.submit), complete: least(|times| times.complete) }
    }

    /// From its making to its result.
    pub(crate) fn total(self) -> f64 {
        self.submit + self.complete
    }
}

impl Add for Times {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { submit: self.submit + other.submit, complete: self.complete + other.complete }
    }
}

impl Div<usize> for Times {
    type Output = Self;

    fn div(self, by: usize) -> Self {
        Self { submit: self.submit / by as f64, complete: self.complete / by as f64 }
    }
}

/// A round: what each read took, and the heap when all were in flight and at most.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) times: Times,
    /// Bytes of the heap while all are in flight.
    pub(crate) held: u64,
    /// The most bytes of the heap at any moment.
    pub(crate) peak: u64,
}

/// Reads into each buffer, all at once.
pub(crate) async fn round(way: Way, channel: &IoChannel, buffers: &mut Vec<DmaBuf>) -> Round {
    match way {
        Way::Ordered => ordered(channel, buffers).await,
        Way::Unordered => unordered(channel, buffers).await,
        Way::Tasks => tasks(channel, buffers).await,
    }
}

async fn ordered(channel: &IoChannel, buffers: &mut Vec<DmaBuf>) -> Round {
    let (growth, start) = (Growth::start(), Instant::now());
    let reads = buffers.drain(..).zip(0..).map(|(buf, block)| channel.read_blocks(buf, block));
    let mut reads: Vec<_> = reads.map(Some).collect();
    poll_fn(|cx| {
        for read in pinned(&mut reads) {
            assert!(read.poll(cx).is_pending(), "the poller that completes has not had its turn");
        }
        Poll::Ready(())
    })
    .await;
    let submitted = Instant::now();
    let held = growth.now();
    for place in 0..reads.len() {
        let reply = pinned(&mut reads[place..=place]).next().expect("each is awaited once").await;
        buffers.push(succeeded(reply));
    }
    let times = Times::of(buffers.len(), start, submitted, submitted);
    Round { times, held, peak: growth.peak() }
}

/// The futures of a slice that stays where it is as long as they are not ready.
fn pinned<F: Future>(futures: &mut [Option<F>]) -> impl Iterator<Item = Pin<&mut F>> {
    // SAFETY: the caller's vector neither grows nor shrinks, nor is an element taken out of it.
    futures.iter_mut().flatten().map(|future| unsafe { Pin::new_unchecked(future) })
}

async fn unordered(channel: &IoChannel, buffers: &mut Vec<DmaBuf>) -> Round {
    let (growth, start) = (Growth::start(), Instant::now());
    let reads = buffers.drain(..).zip(0..).map(|(buf, block)| channel.read_blocks(buf, block));
    let mut reads: FuturesUnordered<_> = reads.collect();
    // One poll of the set polls each of its futures once.
    poll_fn(|cx| {
        assert!(
            reads.poll_next_unpin(cx).is_pending(),
            "the poller that completes has not had its turn"
        );
        Poll::Ready(())
    })
    .await;
    let submitted = Instant::now();
    let held = growth.now();
    while let Some(reply) = reads.next().await {
        buffers.push(succeeded(reply));
    }
    let times = Times::of(buffers.len(), start, submitted, submitted);
    Round { times, held, peak: growth.peak() }
}

async fn tasks(channel: &IoChannel, buffers: &mut Vec<DmaBuf>) -> Round {
    let (growth, hold, start) = (Growth::start(), Hold::start(), Instant::now());
    let read = |(buf, block)| spawn_local(channel.read_blocks(buf, block));
    let reads: Vec<_> = buffers.drain(..).zip(0..).map(read).collect();
    // Tasks start in the order in which they were spawned.
    spawn_local(async {}).await.expect("it ends by itself");
    let submitted = Instant::now();
    let held = growth.now();
    drop(hold);
    let freed = Instant::now();
    for read in reads {
        buffers.push(succeeded(read.await.expect("a read's task ends by itself")));
    }
    let times = Times::of(buffers.len(), start, submitted, freed);
    Round { times, held, peak: growth.peak() }
}

fn succeeded((result, buf): (Result<()>, DmaBuf)) -> DmaBuf {
    result.expect("a read of the null bdev succeeds");
    buf
}
