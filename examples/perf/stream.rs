//! The operations of one worker: a task for each that is in flight, with one buffer.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU64, Ordering};
use std::rc::Rc;
use std::sync::Arc;

use fastrand::Rng;
use spdk_async::bdev::{BlockDevice, IoChannel};
use spdk_async::{DmaBuf, JoinHandle, spawn_local, ticks};

use crate::Failure;
use crate::latency::Latencies;
use crate::verify;
use crate::window::Window;
use crate::workload::{Cursor, Mix, Op, Picks, Places, Workload};

/// What a worker is sent: a bdev, and what to do with it.
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) device: BlockDevice,
    /// One for each operation in flight, with what it writes.
    pub(crate) buffers: Vec<DmaBuf>,
    pub(crate) mix: Mix,
    pub(crate) places: Places,
    /// Which of the workers on this bdev it is for, and how many there are.
    pub(crate) part: usize,
    pub(crate) parts: usize,
    pub(crate) rng: Rng,
    pub(crate) done: Arc<Done>,
}

/// How many operations have completed, the warm-up included: for the progress bar. On cache lines of
/// its own, for another core reads it.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Done(AtomicU64);

impl Done {
    /// Only the worker counts, so it needs no atomic addition.
    #[inline]
    fn count(&self) {
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a worker has measured.
#[derive(Clone)]
pub(crate) struct Tally {
    pub(crate) reads: Latencies,
    pub(crate) writes: Latencies,
}

impl Tally {
    /// Of times in ticks, of which there are so many in a second.
    pub(crate) fn new(hz: u64) -> Self {
        Self { reads: Latencies::new(hz), writes: Latencies::new(hz) }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.reads.merge(&other.reads);
        self.writes.merge(&other.writes);
    }
}

/// What the tasks of a worker share.
pub(crate) struct Shared {
    name: String,
    pub(crate) channel: IoChannel,
    window: Arc<Window>,
    done: Arc<Done>,
    tally: RefCell<Tally>,
}

/// Runs a job on the current worker until the window closes.
pub(crate) async fn run(job: Job, window: Arc<Window>) -> Result<Tally, Failure> {
    let Job { name, device, buffers, mix, places, part, parts, mut rng, done } = job;
    let (channel, tally) = (device.channel()?, RefCell::new(Tally::new(window.hz())));
    let shared = Rc::new(Shared { name, channel, window, done, tally });
    let cursor = Cursor::new(places, part, parts);
    let depth = buffers.len();
    let mut tasks = Vec::with_capacity(depth);
    for (place, buf) in buffers.into_iter().enumerate() {
        let (shared, cursor) = (Rc::clone(&shared), Rc::clone(&cursor));
        tasks.push(if mix.workload() == Workload::Verify {
            // What one task has written no other may overwrite.
            let places = places.part(part * depth + place, parts * depth);
            let picks = Picks::new(mix, places, rng.fork(), cursor);
            spawn_local(verify::verify(shared, buf, picks, rng.fork()))
        } else {
            spawn_local(stream(shared, buf, Picks::new(mix, places, rng.fork(), cursor)))
        });
    }
    for task in tasks {
        output(task).await?;
    }
    let tally = shared.tally.borrow().clone();
    Ok(tally)
}

/// What a task answers.
pub(crate) async fn output<T, E>(task: JoinHandle<Result<T, E>>) -> Result<T, Failure>
where
    Failure: From<E>,
{
    // What a task panics with need not be shareable; its message is on standard error.
    Ok(task.await.map_err(|error| error.to_string())??)
}

/// One operation after another.
async fn stream(shared: Rc<Shared>, mut buf: DmaBuf, mut picks: Picks) -> Result<(), Failure> {
    let mut began = ticks();
    loop {
        let (op, offset) = picks.next();
        // Not in a function of its own: an operation's future is fastest where it is awaited first.
        let (result, back) = match op {
            Op::Read => shared.channel.read(buf, offset).await,
            Op::Write => shared.channel.write(buf, offset).await,
        };
        buf = shared.succeeded(op, offset, result, back)?;
        match shared.completed(op, began) {
            Some(now) => began = now,
            None => return Ok(()),
        }
    }
}

impl Shared {
    /// The buffer of an operation that succeeded.
    #[inline]
    pub(crate) fn succeeded(
        &self,
        op: Op,
        offset: u64,
        result: spdk_async::Result<()>,
        buf: DmaBuf,
    ) -> Result<DmaBuf, Failure> {
        match result {
            Ok(()) => Ok(buf),
            Err(error) => Err(self.failed(op, buf.len(), offset, &error)),
        }
    }

    /// Counts an operation that has just completed. Answers when that was, or `None` if the run is
    /// over.
    #[inline]
    pub(crate) fn completed(&self, op: Op, began: u64) -> Option<u64> {
        let now = ticks();
        self.done.count();
        if self.window.counts(now)? {
            let mut tally = self.tally.borrow_mut();
            match op {
                Op::Read => tally.reads.record(now - began),
                Op::Write => tally.writes.record(now - began),
            }
        }
        Some(now)
    }

    #[cold]
    fn failed(&self, op: Op, len: usize, offset: u64, error: &spdk_async::Error) -> Failure {
        let hint = match op {
            Op::Write => " (can the bdev be written to?)",
            Op::Read => "",
        };
        format!("the bdev `{}`, {len} bytes at {offset}: {error}{hint}", self.name).into()
    }

    /// What was written is not what is read.
    #[cold]
    pub(crate) fn differs(&self, len: usize, offset: u64) -> Failure {
        format!(
            "the bdev `{}`: the {len} bytes at {offset} are not those that were written; does it keep \
             what is written (a null bdev does not), and does nobody else write to it?",
            self.name
        )
        .into()
    }
}
