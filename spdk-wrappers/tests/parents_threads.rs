//! Threads that go before what belongs to them, and an application that is stopped from elsewhere.
//! Two cores, in every test of this file: an installed SPDK keeps those of its first start.

#[path = "common/buffers.rs"]
mod buffers;
mod common;

use core::future::{pending, poll_fn};
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Poll, Waker};
use std::sync::Arc;
use std::time::Duration;

use buffers::Counted;
use common::*;
use spdk_async::bdev::{Bdev, BlockDevice};
use spdk_async::{
    App, ErrorKind, JoinError, Shutdown, Worker, shutdown_requested, sleep, spawn_local, timeout,
    yield_now,
};

fn two_cores(config: String) -> App {
    app().cores("0x3").json(config)
}

fn on_two_cores<T: Send + 'static>(main: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    run(two_cores(malloc_and_null()), main).expect("the application starts and ends in order")
}

fn thread_id() -> u64 {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    assert!(!thread.is_null());
    // SAFETY: the thread is current, so it is alive.
    unsafe { spdk_sys::spdk_thread_get_id(thread) }
}

/// How many `spdk_thread`s there are.
fn threads() -> u32 {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_thread_get_count() }
}

async fn until(condition: impl Fn() -> bool) {
    let until = async {
        while !condition() {
            turn().await;
        }
    };
    timeout(Duration::from_secs(20), until).await.expect("it comes soon");
}

/// A worker on the other core.
async fn far() -> Worker {
    Worker::create("far", Some("0x2")).await.unwrap()
}

/// Counts its drops, on its own thread.
struct Home(Arc<AtomicUsize>, u64);

impl Drop for Home {
    fn drop(&mut self) {
        assert_eq!(thread_id(), self.1, "it is dropped on its own thread");
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_last_descriptor_is_dropped_on_another_thread_with_io_in_flight() {
    on_two_cores(async || {
        for _ in 0..50 {
            let descriptor = Bdev::open("Malloc0").await.unwrap();
            let mut events = descriptor.events();
            let worker = far().await;
            let task = worker.spawn(move || async move {
                let channel = descriptor.channel().unwrap();
                drop(descriptor);
                for block in 0..8 {
                    let write = channel.write_blocks(Counted::new(&[1; BLOCK]), block);
                    assert!(poll_once(pin!(write)).is_pending());
                }
                // The operations have the last references, and complete here.
            });
            task.unwrap().await.unwrap();
            let closed = timeout(Duration::from_secs(20), next(&mut events)).await;
            assert_eq!(closed, Ok(None), "it is closed by the thread that opened it");
            // The last operation lets go of its channel, which closes the descriptor here, before its buffer.
            until(|| buffers::live() == 0).await;
            worker.end();
        }
    });
}

#[test]
fn a_thread_exits_with_tasks_alive() {
    on_two_cores(async || {
        for round in 0..20 {
            let before = threads();
            let dropped = Arc::<AtomicUsize>::default();
            let device = BlockDevice::open("Malloc0").await.unwrap();
            let worker = far().await;
            let mut tasks = Vec::new();
            for kind in 0..4_u64 {
                let (dropped, device) = (Arc::clone(&dropped), device.clone());
                let task = worker.spawn(move || async move {
                    let _home = Home(dropped, thread_id());
                    match kind {
                        0 => pending::<()>().await,
                        1 => loop {
                            yield_now().await;
                        },
                        2 => sleep(Duration::from_secs(1000)).await,
                        _ => loop {
                            let buf = Counted::new(&[1; BLOCK]);
                            device.write_at(buf, kind * 512).await.0.unwrap();
                        },
                    }
                });
                tasks.push(task.unwrap());
            }
            for _ in 0..round {
                turn().await;
            }
            worker.end();
            for task in tasks {
                let ended = timeout(Duration::from_secs(20), task).await.expect("it is told");
                assert!(matches!(ended, Err(JoinError::Cancelled)));
            }
            drop(device);
            until(|| threads() < before + 1).await;
            // One that has never been polled has dropped nothing, but for its generator.
            assert!(dropped.load(Ordering::SeqCst) <= 4);
            assert_eq!(buffers::live(), 0);
            assert!(worker.spawn(|| async {}).is_err());
        }
    });
}

/// SPDK keeps an unregistered timed poller until its time has come, and the thread with it.
#[test]
fn a_thread_exits_before_the_time_of_its_dropped_sleeps() {
    on_two_cores(async || {
        let before = threads();
        let worker = far().await;
        let task = worker.spawn(|| async {
            let long = Duration::from_secs(1000);
            assert_eq!(timeout(long, yield_now()).await, Ok(()));
            assert!(timeout(Duration::from_micros(1), sleep(long)).await.is_err());
            assert!(poll_once(pin!(sleep(long))).is_pending());
        });
        task.unwrap().await.unwrap();
        worker.end();
        until(|| threads() == before).await;
    });
}

/// The waker of a task, given to whoever asks.
async fn give_waker(to: std::sync::mpsc::Sender<Waker>) {
    poll_fn(|cx| {
        to.send(cx.waker().clone()).expect("the test waits");
        Poll::<()>::Pending
    })
    .await;
}

#[test]
fn a_waker_is_used_after_its_thread_is_gone() {
    let wakers = on_two_cores(async || {
        let before = threads();
        let (sender, receiver) = std::sync::mpsc::channel();
        let worker = far().await;
        let remote = sender.clone();
        let task = worker.spawn(move || async move {
            drop(spawn_local(give_waker(remote)));
            pending::<()>().await;
        });
        drop(spawn_local(give_waker(sender)));
        let mut wakers = Vec::new();
        while wakers.len() < 2 {
            wakers.extend(receiver.try_iter());
            turn().await;
        }
        worker.end();
        assert!(matches!(task.unwrap().await, Err(JoinError::Cancelled)));
        until(|| threads() == before).await;
        // Here, on the other core, and on a thread that is no spdk_thread.
        wake_all(&wakers);
        let sent = wakers.clone();
        let again = far().await;
        again.spawn(move || async move { wake_all(&sent) }).unwrap().await.unwrap();
        let sent = wakers.clone();
        let plain = std::thread::spawn(move || wake_all(&sent));
        until(|| plain.is_finished()).await;
        wakers
    });
    // And after the end of the application; the last one frees what is left of the task.
    wake_all(&wakers);
    let woken = on_two_cores(async move || {
        wake_all(&wakers);
        drop(wakers);
        turn().await;
        1
    });
    assert_eq!(woken, 1);
}

fn wake_all(wakers: &[Waker]) {
    wakers.iter().for_each(Waker::wake_by_ref);
    wakers.iter().cloned().for_each(Waker::wake);
}

/// Asks the application to stop: a thread of its own, without an `spdk_thread`.
fn stop_from_elsewhere() -> std::thread::JoinHandle<()> {
    // SAFETY: an application runs, and any thread may ask.
    std::thread::spawn(|| unsafe { spdk_sys::spdk_app_start_shutdown() })
}

#[test]
fn the_app_is_stopped_from_another_thread() {
    let error = run(two_cores(malloc_and_null()).shutdown(Shutdown::Cancel), async || {
        let device = BlockDevice::open("Malloc0").await.unwrap();
        for core in ["0x1", "0x2"] {
            let device = device.clone();
            let worker = Worker::create("busy", Some(core)).await.unwrap();
            drop(worker.spawn(move || async move {
                loop {
                    device.write_at(Counted::new(&[1; BLOCK]), 0).await.0.unwrap();
                }
            }));
        }
        let _stopping = stop_from_elsewhere();
        loop {
            device.read_at(Counted::new(&[1; BLOCK]), 0).await.0.unwrap();
        }
    });
    assert_eq!(*error.unwrap_err().kind(), ErrorKind::ShutDown);
    assert_eq!(buffers::live(), 0);
    // The next one of this process is not stopped by it.
    assert_eq!(on_two_cores(async || 5), 5);
}

#[test]
fn the_app_is_asked_to_stop_from_a_worker() {
    for shutdown in [Shutdown::Notify, Shutdown::Ignore] {
        asked_from_a_worker(shutdown);
    }
}

fn asked_from_a_worker(shutdown: Shutdown) {
    let output = run(two_cores(malloc_and_null()).shutdown(shutdown), async || {
        let worker = far().await;
        let asked = worker.spawn(|| async {
            // SAFETY: an application runs, and any thread may ask.
            unsafe { spdk_sys::spdk_app_start_shutdown() };
        });
        asked.unwrap().await.unwrap();
        shutdown_requested().await;
        // Main goes on until it has finished.
        let device = BlockDevice::open("Malloc0").await.unwrap();
        device.write_at(vec![1; BLOCK], 0).await.0.unwrap();
        "finished"
    });
    assert_eq!(output.unwrap(), "finished");
}

/// What one application leaves behind is of no use in the next, and does no harm there.
#[test]
fn a_second_app_in_the_process_meets_what_the_first_left() {
    let (worker, task) = on_two_cores(async || {
        let worker = far().await;
        let task = worker.spawn(pending::<()>).unwrap();
        yield_now().await;
        (worker, task)
    });
    on_two_cores(async move || {
        assert!(worker.has_ended());
        assert!(worker.spawn(|| async {}).is_err());
        worker.end();
        assert!(matches!(task.await, Err(JoinError::Cancelled)));
        let device = BlockDevice::open("Malloc0").await.unwrap();
        let (result, read) = device.read_at(vec![9; BLOCK], 0).await;
        result.unwrap();
        assert_eq!(read, vec![0; BLOCK], "its bdevs are new");
    });
}
