//! Tasks that only wait, and descriptors that are only open.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use spdk_async::bdev::Bdev;
use spdk_async::{DmaBuf, spawn_local};

use crate::Failure;
use crate::heap::Growth;
use crate::target::{CACHED, SIZE, app};

/// What one of many costs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Each {
    /// To make it, in nanoseconds.
    pub(crate) make: f64,
    /// To use it once and take it down.
    pub(crate) end: f64,
    /// Bytes of the heap while all are there.
    pub(crate) bytes: f64,
}

impl Each {
    fn of(count: usize, start: Instant, made: Instant, bytes: u64) -> Self {
        let each = |took: Duration| took.as_nanos() as f64 / count as f64;
        let (make, end) = (each(made - start), each(made.elapsed()));
        Self { make, end, bytes: bytes as f64 / count as f64 }
    }
}

/// What the tasks wait for.
struct Gate {
    open: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Gate {
    async fn pass(self: Rc<Self>) {
        poll_fn(|cx| {
            if self.open.get() {
                return Poll::Ready(());
            }
            self.wakers.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// So many tasks at once that wait, and are then woken and awaited.
pub(crate) fn tasks(count: usize) -> Result<Each, Failure> {
    let measured = app(0, CACHED).run(async move || {
        let gate = Gate { open: Cell::new(false), wakers: Vec::with_capacity(count).into() };
        let gate = Rc::new(gate);
        let (growth, start) = (Growth::start(), Instant::now());
        let tasks: Vec<_> = (0..count).map(|_| spawn_local(Rc::clone(&gate).pass())).collect();
        // Tasks start in the order in which they were spawned.
        spawn_local(async {}).await.expect("it ends by itself");
        let (made, bytes) = (Instant::now(), growth.now());
        gate.open.set(true);
        gate.wakers.take().into_iter().for_each(Waker::wake);
        for task in tasks {
            task.await.expect("a task ends by itself");
        }
        Each::of(count, start, made, bytes)
    })?;
    Ok(measured)
}

/// So many descriptors of one bdev at once, each with a channel that is read through once.
pub(crate) fn descriptors(count: usize) -> Result<Each, Failure> {
    let measured = app(0, CACHED).run(async move || -> spdk_async::Result<_> {
        let mut buf = DmaBuf::zeroed(SIZE, 0)?;
        let mut open = Vec::with_capacity(count);
        let (growth, start) = (Growth::start(), Instant::now());
        for _ in 0..count {
            open.push(Bdev::open("Null0").await?.channel()?);
        }
        let (made, bytes) = (Instant::now(), growth.now());
        for channel in open {
            let (result, back) = channel.read_blocks(buf, 0).await;
            result?;
            buf = back;
        }
        Ok(Each::of(count, start, made, bytes))
    })??;
    Ok(measured)
}
