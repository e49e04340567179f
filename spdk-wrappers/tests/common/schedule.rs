//! Random programs: a seed makes a few tasks, each of a few steps, that lose their futures in every
//! way there is.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::rc::Rc;
use std::time::Duration;

use spdk_async::bdev::{Bdev, IoChannel, QosLimits};
use spdk_async::{JoinError, spawn_local, timeout, yield_now};

use crate::buffers::Counted;
use crate::common::{BLOCK, Random, next, poll_once, turn};
use crate::model::{BLOCKS, Range};
use crate::operations::{self, Case, Op};

/// How many tasks a program has at most.
pub(crate) const TASKS: usize = 6;

/// What the programs of one application have in common.
pub(crate) struct Stage {
    channels: [IoChannel; 2],
    cases: Vec<Case>,
    /// The task's own blocks, by its number.
    pub(crate) ranges: Vec<Range>,
    /// Bdevs that can be removed, once each.
    removable: RefCell<Vec<String>>,
    /// Futures that nobody will poll again, until the program is over.
    forgotten: RefCell<Vec<Op>>,
    /// Whether it matters that what is forgotten may hold an `spdk_bdev_io`.
    scarce: bool,
    pub(crate) steps: Cell<u64>,
    pub(crate) lost: Cell<u64>,
}

impl Stage {
    pub(crate) async fn new(removable: Vec<String>, scarce: bool) -> Self {
        let channels = [open("Malloc0").await, open("Null0").await];
        // With no `spdk_bdev_io` left for the steps of this one, SPDK waits for ever.
        let fits = |case: &&Case| !(scarce && case.name.contains("compare_and_write"));
        Self {
            channels,
            cases: operations::all().filter(fits).copied().collect(),
            ranges: (0..TASKS as u64).map(|task| Range::new(100 + task * BLOCKS)).collect(),
            removable: RefCell::new(removable),
            forgotten: RefCell::default(),
            scarce,
            steps: Cell::new(0),
            lost: Cell::new(0),
        }
    }

    /// Runs the program that `seed` makes, up to the end of its tasks.
    pub(crate) async fn run(self: &Rc<Self>, seed: u64) {
        let mut random = Random(seed);
        let mut tasks = Vec::new();
        for number in 0..=random.below(TASKS) {
            let number = number.min(TASKS - 1);
            let task = self.clone().task(number, Random(random.next()));
            tasks.push(spawn_local(task));
            if random.below(3) == 0 {
                yield_now().await;
            }
        }
        for task in tasks {
            match random.below(6) {
                0 => {
                    for _ in 0..random.below(8) {
                        yield_now().await;
                    }
                    task.abort();
                }
                _ => match task.await {
                    Ok(()) => {}
                    Err(JoinError::Panicked(panic)) => std::panic::resume_unwind(panic),
                    Err(JoinError::Cancelled) => unreachable!("nobody aborts it"),
                },
            }
        }
        // What those tasks have spawned, and what was aborted, may still be there: by its share.
        while Rc::strong_count(self) > 1 {
            turn().await;
        }
        let forgotten = self.forgotten.take();
        drop(forgotten);
    }

    async fn task(self: Rc<Self>, number: usize, mut random: Random) {
        for _ in 0..=random.below(6) {
            self.steps.set(self.steps.get() + 1);
            self.step(number, &mut random).await;
        }
    }

    async fn step(self: &Rc<Self>, number: usize, random: &mut Random) {
        let malloc = self.channels[0].clone();
        let (range, at) = (self.ranges[number].clone(), random.next() % BLOCKS);
        match random.below(16) {
            0..4 => {
                // Not zero, which is what the blocks hold at first.
                let value = random.next() | 1;
                self.lose(Box::pin(async move { range.write(&malloc, at, value).await }), random)
                    .await;
            }
            4..6 => {
                self.lose(Box::pin(async move { range.read(&malloc, at).await }), random).await;
            }
            6 => yield_now().await,
            7 => turn().await,
            8 => drop(malloc.reset().await),
            9 => self.remove(random).await,
            10 => {
                // In a task of its own, which may outlive this one.
                let (op, mut random) = (self.any(random).make, Random(random.next()));
                let stage = Rc::clone(self);
                let lose = async move {
                    stage.lose(op(stage.channels[1].clone()), &mut random).await;
                };
                drop(spawn_local(lose));
            }
            _ => {
                let op = (self.any(random).make)(self.channels[random.below(2)].clone());
                self.lose(op, random).await;
            }
        }
    }

    /// Takes the limits off both bdevs: SPDK keeps those of a bdev by a poller on one of its threads,
    /// which a worker that is told to end waits for.
    pub(crate) async fn unlimited(&self) {
        let none = QosLimits { rw_ios_per_sec: Some(0), ..QosLimits::default() };
        for channel in &self.channels {
            // Busy while a change that was given up is under way.
            while channel.descriptor().set_qos_limits(none).await.is_err() {
                yield_now().await;
            }
        }
    }

    fn any(&self, random: &mut Random) -> Case {
        self.cases[random.below(self.cases.len())]
    }

    /// Awaits a future, or loses it after a few polls.
    async fn lose(&self, op: Op, random: &mut Random) {
        let polls = random.below(4);
        match random.below(8) {
            0..4 => return op.await,
            4 => drop(at_most(op, polls).await),
            5 => {
                // When it is woken the next time.
                if let Some(op) = at_most(op, polls).await {
                    yield_now().await;
                    drop(op);
                }
            }
            6 => {
                let micros = random.below(50) as u64;
                let _ = timeout(Duration::from_micros(micros), op).await;
            }
            _ => {
                if let Some(op) = at_most(op, polls).await
                    && !self.scarce
                {
                    self.forgotten.borrow_mut().push(op);
                }
            }
        }
        self.lost.set(self.lost.get() + 1);
    }

    /// Removes a bdev with I/O in flight.
    async fn remove(&self, random: &mut Random) {
        let Some(name) = self.removable.borrow_mut().pop() else { return };
        let descriptor = Bdev::open(&name).await.unwrap();
        let mut events = descriptor.events();
        let channel = descriptor.channel().unwrap();
        for block in 0..random.below(4) as u64 {
            let write = channel.write_blocks(Counted::new(&[5; BLOCK]), block);
            assert!(poll_once(pin!(write)).is_pending());
        }
        unregister(&name);
        if random.below(2) == 0 {
            assert!(next(&mut events).await.is_some());
        }
        let read = channel.read_blocks(Counted::new(&[0; BLOCK]), 0);
        match random.below(3) {
            0 => drop((read.await, descriptor)),
            1 => drop((descriptor, read)),
            _ => {
                let mut read = pin!(read);
                drop(descriptor);
                let _ = poll_once(read.as_mut());
            }
        }
    }
}

/// Polls a future so many times, each when it was woken; `None` if it was ready.
async fn at_most(mut op: Op, mut polls: usize) -> Option<Op> {
    let ready = poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(false);
        }
        polls -= 1;
        let mut op: Pin<&mut Op> = Pin::new(&mut op);
        match op.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending if polls == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    });
    (!ready.await).then_some(op)
}

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

fn unregister(name: &str) {
    let name = CString::new(name).unwrap();
    let bdev = operations::bdev(&name);
    // SAFETY: the bdev is registered, and this is the app thread.
    unsafe { spdk_sys::spdk_bdev_unregister(bdev, None, core::ptr::null_mut()) };
}
