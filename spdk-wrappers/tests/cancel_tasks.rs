//! Each public operation, lost in the ways in which programs lose futures: in a `select!`, to a
//! timeout, with its task or its handle, with its thread, with the application, or forgotten.

#[path = "common/buffers.rs"]
mod buffers;
#[path = "common/cancel.rs"]
mod cancel;
mod common;
#[path = "common/operations.rs"]
mod operations;

use core::cell::RefCell;
use core::mem::ManuallyDrop;
use std::rc::Rc;
use std::time::Duration;

use cancel::Bench;
use common::*;
use futures_util::{FutureExt, select, select_biased};
use operations::{Case, Op, all};
use spdk_async::adapter::Pool;
use spdk_async::bdev::{Bdev, BlockDevice, IoChannel};
use spdk_async::{BACKEND, JoinError, JoinHandle, Worker, sleep, spawn_local, timeout, yield_now};

const BDEVS: [&str; 2] = ["Malloc0", "Null0"];

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

fn bdevs() -> String {
    config(&[pool(64, 8), malloc("Malloc0", 2048), null("Null0", 2048)])
}

/// Runs `lose` with each operation of each bdev and looks at what is left.
fn each<F>(lose: impl Fn(Case, IoChannel) -> F + Copy + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    for name in BDEVS {
        with_app(bdevs(), async move || {
            let bench = Bench::new().await;
            let channel = open(name).await;
            for case in all() {
                lose(*case, channel.clone()).await;
                bench.check(&format!("{} on {name}", case.name)).await;
            }
        });
    }
}

/// Waits until only one is left of what was shared.
async fn alone(shared: &Rc<()>) {
    let left = async {
        while Rc::strong_count(shared) > 1 {
            turn().await;
        }
    };
    timeout(Duration::from_secs(20), left).await.expect("the others go soon");
}

/// An operation that shows, by its share, that it lives.
fn watched(op: Op, shared: &Rc<()>) -> Op {
    let share = Rc::clone(shared);
    Box::pin(async move {
        op.await;
        drop(share);
    })
}

#[test]
fn the_loser_of_a_select() {
    each(async |case, channel| {
        for other in all() {
            let mut first = (case.make)(channel.clone()).fuse();
            let mut second = (other.make)(channel.clone()).fuse();
            select! {
                () = first => {}
                () = second => {}
            }
        }
    });
}

/// Polls of one branch only, in a loop, as a program with a busy branch would.
#[test]
fn the_starved_branch_of_a_select() {
    each(async |case, channel| {
        let mut starved = (case.make)(channel.clone()).fuse();
        for _ in 0..4 {
            let mut busy = Box::pin(channel.read_blocks(vec![0; BLOCK], 9).fuse());
            select_biased! {
                _ = busy => {}
                () = starved => break,
            }
        }
    });
}

#[test]
fn the_future_of_a_timeout() {
    each(async |case, channel| {
        for micros in [0, 1, 5, 20, 100, 400] {
            let op = (case.make)(channel.clone());
            let _ = timeout(Duration::from_micros(micros), op).await;
        }
    });
}

#[test]
fn the_task_of_a_dropped_handle_runs_on() {
    each(async |case, channel| {
        let shared = Rc::new(());
        drop(spawn_local(watched((case.make)(channel), &shared)));
        alone(&shared).await;
    });
}

#[test]
fn an_aborted_task() {
    each(async |case, channel| {
        for turns in 0..6 {
            let shared = Rc::new(());
            let task = spawn_local(watched((case.make)(channel.clone()), &shared));
            for _ in 0..turns {
                yield_now().await;
            }
            task.abort();
            alone(&shared).await;
        }
    });
}

/// The handle is in the task, which gives itself up while it is polled.
#[test]
fn a_task_that_aborts_itself() {
    each(async |case, channel| {
        let shared = Rc::new(());
        let own: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
        let task = spawn_local({
            let (own, shared) = (Rc::clone(&own), Rc::clone(&shared));
            let mut op = (case.make)(channel);
            async move {
                let _ = futures_util::poll!(op.as_mut());
                own.take().expect("it was put there").abort();
                op.await;
                yield_now().await;
                drop(shared);
                unreachable!("it has been aborted");
            }
        });
        own.replace(Some(task));
        alone(&shared).await;
    });
}

/// A task awaits another one, and both are dropped from the outside in.
#[test]
fn a_chain_of_join_handles() {
    each(async |case, channel| {
        let shared = Rc::new(());
        let mut task = spawn_local(watched((case.make)(channel), &shared));
        for _ in 0..10 {
            let share = Rc::clone(&shared);
            task = spawn_local(async move {
                let _share = share;
                task.await.expect("nobody aborts it");
            });
        }
        yield_now().await;
        task.abort();
        // The innermost was not aborted, for a dropped handle lets its task run on.
        alone(&shared).await;
    });
}

/// Its records keep what SPDK has, whether or not anybody finds the futures again.
#[test]
fn a_forgotten_future() {
    each(async |case, channel| {
        for polls in 1..4 {
            let mut forgotten = ManuallyDrop::new((case.make)(channel.clone()));
            poll_times(forgotten.as_mut(), polls).await;
            let pool = Pool::entered().expect("a task runs within its runtime's pool");
            let through = async {
                while pool.any_in_flight(|call| !call.completed) {
                    turn().await;
                }
            };
            timeout(Duration::from_secs(20), through).await.expect("SPDK completes each call");
            channel.write_blocks(vec![3; BLOCK], 100).await.0.unwrap();
            // Only so that the application can end; see `held_up` for what would happen.
            drop(ManuallyDrop::into_inner(forgotten));
        }
    });
}

/// Dropping the executor: the worker ends with the operation in one of its tasks.
#[test]
fn a_worker_ends_with_each_operation_in_a_task() {
    with_app(bdevs(), async || {
        let bench = Bench::new().await;
        let device = BlockDevice::open("Malloc0").await.unwrap();
        for case in all() {
            for turns in 0..3 {
                let worker = Worker::create("doomed", None).await.unwrap();
                let device = device.clone();
                let begun = worker.spawn(move || async move {
                    let channel = device.channel().unwrap();
                    drop(spawn_local((case.make)(channel)));
                    for _ in 0..turns {
                        yield_now().await;
                    }
                });
                begun.unwrap().await.unwrap();
                worker.end();
                until_ended(&worker).await;
                bench.check(&format!("{} after {turns} turns", case.name)).await;
            }
        }
    });
}

async fn until_ended(worker: &Worker) {
    let ended = async {
        while !worker.has_ended() {
            turn().await;
        }
    };
    timeout(Duration::from_secs(20), ended).await.expect("the worker ends soon");
}

#[test]
fn the_application_ends_with_each_operation_in_a_task() {
    // Each is a start of SPDK, which takes an installed one longer.
    let turns = if BACKEND == "embedded" { 0..3 } else { 1..2 };
    for case in all() {
        for turns in turns.clone() {
            with_app(bdevs(), async move || {
                let channel = open("Malloc0").await;
                drop(spawn_local((case.make)(channel)));
                for _ in 0..turns {
                    yield_now().await;
                }
            });
            // Its memory is gone with it, or the next application would not start.
            assert_eq!(buffers::live(), 0, "{}", case.name);
        }
    }
}

/// Handles of tasks that are gone with their application.
#[test]
fn a_join_handle_outlives_its_application() {
    hosted(|| {
        let kept: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
        let keep = Rc::clone(&kept);
        let work = async move || {
            let channel = open("Malloc0").await;
            keep.replace(Some(spawn_local(async move {
                loop {
                    channel.write_blocks(vec![0; BLOCK], 0).await.0.unwrap();
                }
            })));
            sleep(Duration::from_millis(1)).await;
        };
        app().json(bdevs()).run(work).unwrap();
        let handle = kept.take().expect("it was put there");
        assert!(handle.is_finished());
        let outcome = poll_once(core::pin::pin!(handle));
        assert!(matches!(outcome, core::task::Poll::Ready(Err(JoinError::Cancelled))));
    });
}
