//! Each public operation, lost by a task that polls it itself, after each of its polls. Its records keep the
//! task and not a waker: callbacks resume it on their own stack, and find that it waits for something else, or
//! is being cancelled, or has ended.

#[path = "common/buffers.rs"]
mod buffers;
#[path = "common/cancel.rs"]
mod cancel;
mod common;
#[path = "common/operations.rs"]
mod operations;

use core::cell::Cell;
use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::time::Duration;

use cancel::{Bench, Ended};
use common::*;
use operations::{BDEV, Case, IO, Op, TASKS};
use spdk_async::bdev::{Bdev, IoChannel};
use spdk_async::{JoinHandle, spawn_local, timeout};

/// How a task loses its operation, after this many polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// It drops it at once, and ends.
    AtOnce(usize),
    /// It drops it at once, and waits for another one instead, of which only the later callback may wake it.
    ForAnother(usize),
    /// It drops it where it would poll it again: as the loser of a select that a callback resumes.
    Resumed(usize),
    /// It is aborted, by itself.
    Aborted(usize),
    /// It is aborted by another task, which a callback has resumed.
    AbortedByAnother(usize),
}

const LOSSES: [fn(usize) -> Loss; 5] =
    [Loss::AtOnce, Loss::ForAnother, Loss::Resumed, Loss::Aborted, Loss::AbortedByAnother];

/// What a task shares with those who wait for its end, or abort it.
#[derive(Default)]
struct Shared {
    handle: Cell<Option<JoinHandle<()>>>,
    ended: Cell<Option<Ended>>,
}

impl Shared {
    fn abort(&self) {
        self.handle.take().expect("it is aborted once").abort();
    }
}

/// Polls `op` in a task until it is ready or lost.
async fn run(op: Op, loss: Loss, channel: IoChannel) -> Ended {
    let shared = Rc::new(Shared::default());
    shared.handle.set(Some(spawn_local(task(op, loss, channel, Rc::clone(&shared)))));
    // Whether or not there is a handle to await.
    while Rc::strong_count(&shared) > 1 {
        turn().await;
    }
    shared.ended.get().unwrap_or(Ended::Dropped)
}

async fn task(mut op: Op, loss: Loss, channel: IoChannel, shared: Rc<Shared>) {
    let mut polls = 0;
    let ready = poll_fn(|cx| {
        if loss == Loss::Resumed(polls) {
            return Poll::Ready(false);
        }
        polls += 1;
        if op.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        if loss == Loss::Aborted(polls) {
            shared.abort();
        }
        if loss == Loss::AbortedByAnother(polls) {
            drop(spawn_local(abort_after_a_read(channel.clone(), Rc::clone(&shared))));
        }
        match loss == Loss::AtOnce(polls) || loss == Loss::ForAnother(polls) {
            true => Poll::Ready(false),
            false => Poll::Pending,
        }
    })
    .await;
    if ready {
        return shared.ended.set(Some(Ended::Ready(polls)));
    }
    drop(op);
    if loss == Loss::ForAnother(polls) {
        read(&channel).await;
    }
}

async fn abort_after_a_read(channel: IoChannel, shared: Rc<Shared>) {
    read(&channel).await;
    shared.abort();
}

/// Loses each of the cases in each way after each of its polls; `prepare` comes before, `restore` after.
fn each(cases: &'static [Case], prepare: fn(), restore: fn()) {
    for name in ["Malloc0", "Null0"] {
        let config = config(&[pool(64, 8), malloc("Malloc0", 2048), null("Null0", 2048)]);
        with_app(config, async move || {
            let bench = Bench::new().await;
            let channel = Bdev::open(name).await.unwrap().channel().unwrap();
            let lost = Cell::new(0);
            for case in cases {
                for kind in LOSSES {
                    for polls in 1..500 {
                        let loss = kind(polls);
                        let what = format!("{} on {name}, {loss:?}", case.name);
                        prepare();
                        let op = (case.make)(channel.clone());
                        let ended = run(op, loss, channel.clone());
                        let ended = timeout(Duration::from_secs(20), ended).await;
                        let ended = ended.unwrap_or_else(|_| panic!("{what}: it is never woken"));
                        restore();
                        bench.check(&what).await;
                        if matches!(ended, Ended::Ready(_)) {
                            break;
                        }
                        lost.set(lost.get() + 1);
                    }
                }
            }
            assert!(lost.get() >= LOSSES.len() * cases.len() / 2, "only {} were lost", lost.get());
        });
    }
}

/// Takes note of when it is woken.
struct Note(Mutex<Vec<&'static str>>);

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.0.lock().unwrap().push("the waker of a later call");
    }
}

/// What the others rely on: a null bdev completes its reads one after another, and the task goes on before the
/// second of them.
#[test]
fn the_callback_itself_resumes_the_task() {
    with_app(config(&[pool(64, 8), null("Null0", 2048)]), async || {
        let channel = Bdev::open("Null0").await.unwrap().channel().unwrap();
        let note = Arc::new(Note(Mutex::default()));
        let (mut first, mut second) = (pin!(read(&channel)), pin!(read(&channel)));
        poll_fn(|cx| {
            if first.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let waker = Waker::from(Arc::clone(&note));
            assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            Poll::Pending
        })
        .await;
        note.0.lock().unwrap().push("the task");
        turn().await;
        second.await;
        assert_eq!(*note.0.lock().unwrap(), ["the task", "the waker of a later call"]);
    });
}

async fn read(channel: &IoChannel) {
    channel.read_blocks(vec![0; BLOCK], 9).await.0.unwrap();
}

fn as_it_is() {}

#[test]
fn io() {
    each(IO, as_it_is, as_it_is);
}

#[test]
fn bdev_layer() {
    each(BDEV, as_it_is, as_it_is);
}

#[test]
fn tasks_and_threads() {
    each(TASKS, as_it_is, as_it_is);
}

/// What SPDK's modules rarely do, by the switches of the embedded backend.
#[cfg(not(feature = "system"))]
mod rarely {
    use super::{BDEV, IO, each};
    use spdk_sys::faults::{self, Faults};

    fn set(faults: Faults) {
        for name in ["Malloc0", "Null0"] {
            faults::set(name, faults.clone());
        }
    }

    /// Several tasks are resumed one after another, and not in the order of their calls.
    #[test]
    fn completions_are_held_back_and_out_of_order() {
        let hold = || set(Faults::new().delay(5).shuffle(7));
        each(IO, hold, faults::clear_all);
        each(BDEV, hold, faults::clear_all);
    }
}
