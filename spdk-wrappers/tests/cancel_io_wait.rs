//! I/O that is dropped while it waits for a free `spdk_bdev_io`, at each of its moments: in SPDK's
//! queue, whose entries cannot be taken back, and in the pause of a thread that has nothing in flight.

#[path = "common/buffers.rs"]
mod buffers;
#[path = "common/cancel.rs"]
mod cancel;
mod common;
#[path = "common/operations.rs"]
mod operations;

use core::cell::Cell;
use core::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use cancel::{Bench, each_cut};
use common::*;
use operations::IO;
use spdk_async::adapter::Pool;
use spdk_async::bdev::{Bdev, IoChannel};
use spdk_async::{sleep, spawn_local};

const IOS: u32 = 4;

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

fn tiny(main: impl AsyncFnOnce() + Send + 'static) {
    with_app(config(&[pool(IOS, 1), malloc("Malloc0", 2048), null("Null0", 2048)]), main);
}

/// Whether a call of this C function is in flight.
fn calls(function: &str) -> bool {
    let pool = Pool::entered().expect("a task runs within its runtime's pool");
    pool.any_in_flight(|call| call.function == function)
}

#[test]
fn in_the_queue() {
    tiny(async || {
        let bench = Bench::new().await;
        let busy = open("Null0").await;
        // That it comes to waits at all.
        let mut write = Box::pin(async { busy.write_blocks(vec![0; BLOCK], 0).await.0 });
        fill(&busy);
        assert!(poll_once(write.as_mut()).is_pending());
        assert!(calls("spdk_bdev_queue_io_wait"));
        write.await.unwrap();

        for name in ["Malloc0", "Null0"] {
            let channel = open(name).await;
            for case in IO {
                let what = format!("{} on {name}, waiting", case.name);
                let make = || (case.make)(channel.clone());
                each_cut(&bench, &what, async || fill(&busy), make, || ()).await;
            }
        }
    });
}

/// Takes each `spdk_bdev_io` for reads that are in flight, and that nobody waits for.
fn fill(channel: &IoChannel) {
    for block in 0..IOS {
        let mut read = pin!(channel.read_blocks(vec![0; BLOCK], block.into()));
        assert!(poll_once(read.as_mut()).is_pending());
    }
}

#[test]
fn in_the_pause() {
    tiny(async || {
        let bench = Bench::new().await;
        let zcopies = open("Malloc0").await;
        let channel = open("Null0").await;
        for case in IO {
            let held = Rc::new(Cell::new(false));
            let what = format!("{}, in the pause", case.name);
            let prepare = async || hold_for_a_while(&zcopies, &held).await;
            let make = || (case.make)(channel.clone());
            each_cut(&bench, &what, prepare, make, || ()).await;
            assert!(held.get(), "there was none left to take");
        }
    });
}

/// Takes each `spdk_bdev_io` for zero-copies, which end by themselves after a while.
async fn hold_for_a_while(channel: &IoChannel, held: &Rc<Cell<bool>>) {
    let mut all = Vec::new();
    for block in 0..IOS {
        all.push(channel.zcopy(block.into(), 1, false).await.unwrap());
    }
    held.set(true);
    drop(spawn_local(async move {
        sleep(Duration::from_micros(500)).await;
        drop(all);
    }));
}

/// Each is dropped inside of the callback that makes room for it, and the others still get theirs.
#[test]
fn many_at_once_and_every_other_one_dropped() {
    tiny(async || {
        let bench = Bench::new().await;
        let channel = open("Null0").await;
        for polls in 1..8 {
            let mut doomed = Vec::new();
            let mut kept = Vec::new();
            for block in 0..50 {
                let channel = channel.clone();
                let write = async move {
                    channel
                        .write_blocks(buffers::Counted::new(&[1; BLOCK]), block)
                        .await
                        .0
                        .unwrap();
                };
                match block % 2 {
                    0 => kept.push(spawn_local(write)),
                    _ => doomed.push(Box::pin(write)),
                }
            }
            for future in &mut doomed {
                poll_times(future.as_mut(), polls).await;
            }
            drop(doomed);
            join_all(kept).await;
            bench.check("many at once").await;
        }
    });
}
