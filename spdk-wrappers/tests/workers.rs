//! Further `spdk_thread`s.

mod common;

use core::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use spdk_async::bdev::BlockDevice;
use spdk_async::{App, Error, ErrorKind, JoinError, Worker, WorkerEnded, spawn_local, yield_now};

/// Two cores, in every test of this file: an installed SPDK keeps those of its first start.
fn two_cores<T: Send + 'static>(main: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    let app: App = app().cores("0x3").json(malloc_and_null());
    run(app, main).expect("the application starts and ends in order")
}

fn core() -> u32 {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_env_get_current_core() }
}

fn thread_id() -> u64 {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    assert!(!thread.is_null());
    // SAFETY: the thread is current, so it is alive.
    unsafe { spdk_sys::spdk_thread_get_id(thread) }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

#[test]
fn a_worker_is_a_thread_of_its_own() {
    two_cores(async || {
        let worker = Worker::create("first", None).await.unwrap();
        let id = worker.spawn(|| async { thread_id() }).unwrap().await.unwrap();
        assert_ne!(id, thread_id());
        let again = worker.clone().spawn(|| async { thread_id() }).unwrap().await.unwrap();
        assert_eq!(id, again);
        assert!(!worker.has_ended());
        assert!(format!("{worker:?}").contains(&id.to_string()));
    });
}

#[test]
fn a_worker_runs_on_the_cores_of_its_mask() {
    two_cores(async || {
        for (mask, expected) in [("0x1", 0), ("0x2", 1), ("[1]", 1), ("[0]", 0)] {
            let worker = Worker::create("pinned", Some(mask)).await.unwrap();
            let on = worker.spawn(|| async { core() }).unwrap().await.unwrap();
            assert_eq!(on, expected, "{mask}");
            worker.end();
        }
        let worker = Worker::create("anywhere", Some("[0,1]")).await.unwrap();
        assert!(worker.spawn(|| async { core() }).unwrap().await.unwrap() < 2);
    });
}

#[test]
fn what_no_worker_is_created_from() {
    two_cores(async || {
        for mask in ["", "zebra", "0xg", "[0", "[1-"] {
            let words = format!("`{mask}` is no core mask");
            assert_invalid(Worker::create("bad", Some(mask)).await, &words);
        }
        assert_invalid(Worker::create("bad", Some("0x1\0")).await, "NUL");
        assert_invalid(Worker::create("b\0d", None).await, "the name holds a NUL");
        // A core that the application does not have.
        if let Ok(worker) = Worker::create("far", Some("[77]")).await {
            assert!(worker.spawn(|| async { core() }).unwrap().await.unwrap() < 2);
        }
        Worker::create("good", None).await.unwrap();
    });
    let error = poll_once(pin!(Worker::create("outside", None)));
    let core::task::Poll::Ready(Err(error)) = error else { panic!("it fails at once") };
    assert_eq!(*Error::kind(&error), ErrorKind::NoThread);
}

#[test]
fn an_ended_worker_takes_no_tasks() {
    two_cores(async || {
        let worker = Worker::create("short", None).await.unwrap();
        let clone = worker.clone();
        worker.end();
        until(|| clone.spawn(|| async {}).is_err()).await;
        assert!(worker.has_ended());
        let refused: Result<_, WorkerEnded> = worker.spawn(|| async {});
        assert!(!refused.map(drop).unwrap_err().to_string().is_empty());
        // Again is no fault.
        clone.end();
        worker.end();
    });
}

#[test]
fn an_end_cancels_tasks_where_they_are() {
    two_cores(async || {
        struct Count(Arc<AtomicUsize>, u64);
        impl Drop for Count {
            fn drop(&mut self) {
                assert_eq!(thread_id(), self.1, "a future is dropped on its own thread");
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let worker = Worker::create("cancelled", None).await.unwrap();
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let dropped = Arc::clone(&dropped);
                worker.spawn(move || async move {
                    let _count = Count(dropped, thread_id());
                    core::future::pending::<()>().await;
                })
            })
            .collect();
        worker.spawn(|| async {}).unwrap().await.unwrap();
        worker.end();
        for task in tasks {
            assert!(matches!(task.unwrap().await, Err(JoinError::Cancelled)));
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 10);
    });
}

#[test]
fn a_worker_may_end_itself_and_spawn_workers() {
    two_cores(async || {
        let worker = Worker::create("parent", None).await.unwrap();
        let me = worker.clone();
        let child = worker.spawn(move || async move {
            let child = Worker::create("child", None).await.unwrap();
            let answer = child.spawn(|| async { 6 * 7 }).unwrap().await.unwrap();
            me.end();
            answer
        });
        assert_eq!(child.unwrap().await.unwrap(), 42);
        until(|| worker.has_ended()).await;
    });
}

#[test]
fn a_panic_in_a_worker_is_the_task_s_own() {
    two_cores(async || {
        let worker = Worker::create("clumsy", None).await.unwrap();
        let panicked = worker.spawn(|| async { std::panic::panic_any("on purpose") }).unwrap();
        let error = panicked.await.unwrap_err();
        assert!(matches!(&error, JoinError::Panicked(_)));
        assert!(format!("{error:?}").contains("on purpose"));
        assert_eq!(error.to_string(), "the task panicked");
        assert_eq!(worker.spawn(|| async { 1 }).unwrap().await.unwrap(), 1);
    });
}

#[test]
fn many_workers_do_io_at_once() {
    two_cores(async || {
        let device = BlockDevice::open("Malloc0").await.unwrap();
        let mut tasks = Vec::new();
        for id in 0..12_u64 {
            let worker = Worker::create(&format!("w{id}"), None).await.unwrap();
            let device = device.clone();
            let task = worker.spawn(move || async move {
                let inner = (0..16_u64).map(|block| {
                    let device = device.clone();
                    spawn_local(async move {
                        let at = (id * 16 + block) * BLOCK as u64;
                        let bytes = pattern(id * 16 + block, BLOCK);
                        device.write_at(bytes.clone(), at).await.0.unwrap();
                        let (result, read) = device.read_at(vec![0; BLOCK], at).await;
                        result.unwrap();
                        assert_eq!(read, bytes);
                    })
                });
                join_all(inner.collect::<Vec<_>>()).await;
                core()
            });
            tasks.push((worker, task.unwrap()));
        }
        let mut cores = Vec::new();
        for (worker, task) in tasks {
            cores.push(task.await.unwrap());
            worker.end();
        }
        cores.sort_unstable();
        cores.dedup();
        assert_eq!(cores, [0, 1], "SPDK spreads its threads");
        let (result, all) = device.read_at(vec![0; 192 * BLOCK], 0).await;
        result.unwrap();
        for (block, bytes) in all.chunks(BLOCK).enumerate() {
            assert_eq!(bytes, pattern(block as u64, BLOCK));
        }
    });
}

#[test]
fn messages_between_workers_wake_tasks() {
    two_cores(async || {
        let left = Worker::create("left", Some("0x1")).await.unwrap();
        let right = Worker::create("right", Some("0x2")).await.unwrap();
        let (mut to_right, mut at_right) = futures_channel::mpsc::channel::<u32>(0);
        let (mut to_left, mut at_left) = futures_channel::mpsc::channel::<u32>(0);
        let echo = right.spawn(move || async move {
            while let Some(number) = next(&mut at_right).await {
                core::future::poll_fn(|cx| to_left.poll_ready(cx)).await.unwrap();
                to_left.start_send(number + 1).unwrap();
            }
        });
        let count = left.spawn(move || async move {
            let mut number = 0;
            while number < 2000 {
                core::future::poll_fn(|cx| to_right.poll_ready(cx)).await.unwrap();
                to_right.start_send(number).unwrap();
                number = next(&mut at_left).await.unwrap();
            }
            number
        });
        assert_eq!(count.unwrap().await.unwrap(), 2000);
        echo.unwrap().await.unwrap();
    });
}

#[test]
fn the_app_ends_workers_that_are_left() {
    two_cores(async || {
        for id in 0..8 {
            let worker = Worker::create(&format!("left{id}"), None).await.unwrap();
            let device = BlockDevice::open("Malloc0").await.unwrap();
            drop(worker.spawn(move || async move {
                loop {
                    device.write_at(vec![1; BLOCK], 0).await.0.unwrap();
                }
            }));
        }
    });
}

/// A worker that is on its way up when the application ends.
#[test]
fn the_app_ends_while_a_worker_comes_up() {
    for polls in 0..20 {
        two_cores(async move || {
            drop(spawn_local(async {
                let worker = Worker::create("late", Some("0x2")).await;
                core::future::pending::<()>().await;
                drop(worker);
            }));
            let mut mine = Box::pin(async { drop(Worker::create("dropped", None).await) });
            poll_times(mine.as_mut(), polls).await;
        });
    }
}
