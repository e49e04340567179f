//! Runs a future and drops it at a chosen moment, and looks at what is left of it.
//!
//! The moments of a future with `n` polls: before the first poll; after each poll; after each wake,
//! before the poll that would follow; and inside of each wake, which for an operation is inside of
//! SPDK's callback. [`each_cut`] goes through all of them: it counts up until the future is ready
//! before its moment comes.
#![allow(dead_code, reason = "each test file uses a part of this")]

use core::cell::RefCell;
use core::future::poll_fn;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use spdk_async::adapter::{Pool, boxed_in_flight, stray_callbacks};
use spdk_async::bdev::{Bdev, IoChannel, QosLimits};
use spdk_async::{timeout, yield_now};

use crate::buffers;
use crate::common::{BLOCK, turn};
use crate::operations::Op;

/// When a future is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// After this many polls, at once.
    AfterPoll(usize),
    /// After this many polls, when it has been woken.
    AfterWake(usize),
    /// After this many polls, inside of the wake. Each poll is made twice, as by a task that was woken
    /// for something else, and the waker of the second one counts.
    InWake(usize),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The future was ready at this poll, before its moment came.
    Ready(usize),
    Dropped,
}

thread_local! {
    /// The future of [`run`] while it waits: whoever wakes it may drop it.
    static WAITING: RefCell<Option<Op>> = const { RefCell::new(None) };
}

/// The waker of one poll.
struct Trap {
    woken: AtomicBool,
    drops: bool,
    thread: std::thread::ThreadId,
    task: Waker,
}

impl Wake for Trap {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if self.drops && std::thread::current().id() == self.thread {
            // Not there while it is polled; then it is dropped right after.
            let waiting = WAITING.take();
            drop(waiting);
        }
        self.task.wake_by_ref();
    }
}

/// Runs `op` until it is ready or its moment has come. One at a time on an OS thread.
pub(crate) async fn run(mut op: Op, cut: Cut) -> Ended {
    let task = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    if cut == Cut::AfterPoll(0) {
        drop(op);
        return Ended::Dropped;
    }
    for polls in 1.. {
        if matches!(cut, Cut::InWake(_))
            && op.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        {
            return Ended::Ready(polls);
        }
        // A new one each time: a future that keeps to the waker of an earlier poll hangs here.
        let trap = Arc::new(Trap {
            woken: AtomicBool::new(false),
            drops: cut == Cut::InWake(polls),
            thread: std::thread::current().id(),
            task: task.clone(),
        });
        let waker = Waker::from(Arc::clone(&trap));
        if op.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return Ended::Ready(polls);
        }
        if cut == Cut::AfterPoll(polls) {
            drop(op);
            return Ended::Dropped;
        }
        WAITING.set(Some(op));
        poll_fn(|_| match trap.woken.load(Ordering::SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        op = match WAITING.take() {
            Some(op) if cut != Cut::AfterWake(polls) && cut != Cut::InWake(polls) => op,
            left => {
                drop(left);
                return Ended::Dropped;
            }
        };
    }
    unreachable!("a future is polled less than usize::MAX times")
}

/// What shows that nothing is left of a future: the thread's records, the bdev layer's I/O, a bdev
/// that works.
pub(crate) struct Bench {
    channel: IoChannel,
    pool: Pool,
    strays: u64,
    ios: usize,
}

impl Bench {
    /// For the current thread, while it has nothing in flight. `Malloc0` is there to try things on.
    pub(crate) async fn new() -> Self {
        let channel = Bdev::open("Malloc0").await.unwrap().channel().unwrap();
        let pool = Pool::entered().expect("a task runs within its runtime's pool");
        let mut bench = Self { channel, pool, strays: stray_callbacks(), ios: 0 };
        bench.ios = bench.free_ios().await;
        assert!(bench.ios > 0);
        bench
    }

    /// Waits until what `what` has left in flight is through, and looks for anything that remains.
    pub(crate) async fn check(&self, what: &str) {
        let looked = timeout(Duration::from_secs(20), async {
            while self.pool.in_use() > 0 || !boxed_in_flight().is_empty() {
                turn().await;
            }
            self.works(what).await;
            // A thread that has just ended gives its share back a little later.
            while self.free_ios().await != self.ios {
                turn().await;
            }
            while buffers::live() > 0 {
                turn().await;
            }
        });
        if looked.await.is_err() {
            panic!("{what}: something is left: {}; {} bdev_io", self.left(), self.ios);
        }
        assert_eq!(stray_callbacks(), self.strays, "{what}: a callback nobody waited for");
    }

    /// What is in flight, in words.
    pub(crate) fn left(&self) -> String {
        let boxed: Vec<_> = boxed_in_flight().iter().map(|call| call.function).collect();
        let (pooled, buffers) = (self.pool.in_flight(), buffers::live());
        format!("calls {pooled:?} and {boxed:?}, {buffers} buffers")
    }

    /// The bdev still works, and a write still arrives.
    async fn works(&self, what: &str) {
        let none = QosLimits { rw_ios_per_sec: Some(0), ..QosLimits::default() };
        while self.channel.descriptor().set_qos_limits(none).await.is_err() {
            yield_now().await;
        }
        let sent = vec![what.len() as u8; BLOCK];
        let (result, sent) = self.channel.write_blocks(sent, 2040).await;
        result.unwrap_or_else(|error| panic!("{what}: the bdev does not work on: {error}"));
        let (result, read) = self.channel.read_blocks(vec![0; BLOCK], 2040).await;
        result.unwrap_or_else(|error| panic!("{what}: the bdev does not work on: {error}"));
        assert_eq!(read, sent, "{what}");
    }

    /// How many `spdk_bdev_io` this thread can have at once: each zero-copy holds one.
    async fn free_ios(&self) -> usize {
        let mut held = Vec::new();
        loop {
            let mut start = Box::pin(self.channel.zcopy(held.len() as u64, 1, false));
            // It waits for a free one, or for its completion, which comes in the next turns.
            let mut zcopy = None;
            for _ in 0..5 {
                if let Poll::Ready(started) = futures_util::poll!(start.as_mut()) {
                    zcopy = Some(started.unwrap());
                    break;
                }
                turn().await;
            }
            match zcopy {
                Some(zcopy) => held.push(zcopy),
                None => break,
            }
        }
        let count = held.len();
        for zcopy in held {
            zcopy.release().await.unwrap();
        }
        while self.pool.in_use() > 0 {
            turn().await;
        }
        count
    }
}

/// Drops a future that `make` makes at each of its moments, with `prepare` before it is polled and
/// `restore` after it has gone, and checks what is left. Answers how many moments there were.
pub(crate) async fn each_cut(
    bench: &Bench,
    name: &str,
    prepare: impl AsyncFn(),
    make: impl Fn() -> Op,
    restore: impl Fn(),
) -> usize {
    let mut moments = 0;
    for kind in [Cut::AfterPoll, Cut::AfterWake, Cut::InWake] {
        let first = usize::from(kind(1) != Cut::AfterPoll(1));
        for polls in first..500 {
            let cut = kind(polls);
            prepare().await;
            let ended = timeout(Duration::from_secs(20), run(make(), cut)).await;
            let ended = ended.unwrap_or_else(|_| panic!("{name}, {cut:?}: it is never woken"));
            restore();
            bench.check(&format!("{name}, {cut:?}")).await;
            moments += 1;
            if matches!(ended, Ended::Ready(_)) {
                break;
            }
        }
    }
    moments
}
