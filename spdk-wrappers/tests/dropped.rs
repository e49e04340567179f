//! Ends that find operations in flight: what is in flight stays with SPDK, and the application still
//! ends in order. (`cancel_points` drops each operation at each of its moments.)

#[path = "common/buffers.rs"]
mod buffers;
mod common;
#[path = "common/operations.rs"]
mod operations;

use std::rc::Rc;
use std::time::Duration;

use common::*;
use spdk_async::adapter::Pool;
use spdk_async::bdev::{Bdev, IoChannel, QosLimits};
use spdk_async::{Worker, sleep, spawn_local, timeout, yield_now};

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

/// The bdev still works, and a write still arrives.
async fn works(channel: &IoChannel) {
    let none = QosLimits { rw_ios_per_sec: Some(0), ..QosLimits::default() };
    while channel.descriptor().set_qos_limits(none).await.is_err() {
        yield_now().await;
    }
    // A reset that is still on its way aborts.
    timeout(Duration::from_secs(20), async {
        while channel.write_blocks(vec![9; BLOCK], 40).await.0.is_err() {
            yield_now().await;
        }
        let (result, read) = channel.read_blocks(vec![0; BLOCK], 40).await;
        let keeps = channel.descriptor().bdev().product_name() == "Malloc disk";
        assert!(result.is_err() || !keeps || read == vec![9; BLOCK]);
    })
    .await
    .expect("the bdev works on");
}

/// The app's end finds one operation in flight, with the last references to its parents.
#[test]
fn the_app_ends_with_each_operation_in_flight() {
    for case in operations::all() {
        with_app(malloc_and_null(), async move || {
            let mut op = (case.make)(open("Malloc0").await);
            let _ = poll_once(op.as_mut());
        });
    }
}

#[test]
fn the_app_ends_with_every_operation_in_flight_in_tasks() {
    with_app(malloc_and_null(), async || {
        for name in ["Malloc0", "Null0"] {
            let channel = open(name).await;
            for case in operations::all() {
                drop(spawn_local((case.make)(channel.clone())));
            }
        }
        yield_now().await;
    });
}

#[test]
fn a_worker_ends_with_every_operation_in_flight() {
    with_app(malloc_and_null(), async || {
        for _ in 0..3 {
            let worker = Worker::create("doomed", None).await.unwrap();
            let begun = worker.spawn(|| async {
                let channel = open("Malloc0").await;
                for case in operations::all() {
                    drop(spawn_local((case.make)(channel.clone())));
                }
                yield_now().await;
            });
            begun.unwrap().await.unwrap();
            worker.end();
            works(&open("Malloc0").await).await;
        }
    });
}

/// A buffer that tells when it is dropped.
struct Watched(Box<[u8]>, #[expect(dead_code, reason = "counts by being dropped")] Rc<()>);

impl spdk_async::buf::IoBuf for Watched {
    fn as_init(&self) -> &[u8] {
        &self.0
    }
}

#[test]
fn the_buffer_of_a_dropped_write_lives_until_the_completion() {
    with_app(config(&[null("Null0", 1 << 20)]), async || {
        let channel = open("Null0").await;
        let limits = QosLimits { write_bytes_per_sec: Some(1 << 20), ..QosLimits::default() };
        channel.descriptor().set_qos_limits(limits).await.unwrap();
        channel.write_blocks(vec![0; 2 << 20], 0).await.0.unwrap();
        let alive = Rc::new(());
        {
            let buf = Watched(vec![0; BLOCK].into(), Rc::clone(&alive));
            let mut write = Box::pin(channel.write_blocks(buf, 0));
            assert!(poll_once(write.as_mut()).is_pending());
        }
        sleep(Duration::from_millis(20)).await;
        // It takes about a second, unless this test was kept waiting for as long.
        let in_flight = Pool::entered().expect("a task runs").in_use() > 0;
        assert_eq!(Rc::strong_count(&alive) == 2, in_flight, "SPDK has it until then");
        timeout(Duration::from_secs(20), async {
            while Rc::strong_count(&alive) > 1 {
                yield_now().await;
            }
        })
        .await
        .expect("it is dropped when the write is done");
        // One that was never polled has not begun.
        drop(channel.write_blocks(Watched(vec![0; BLOCK].into(), Rc::clone(&alive)), 0));
        assert_eq!(Rc::strong_count(&alive), 1);
    });
}
