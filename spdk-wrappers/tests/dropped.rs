//! Every operation, dropped at any moment: what is in flight stays with SPDK, and the application
//! still ends in order.

mod common;

use core::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use common::*;
use spdk_async::bdev::{
    AbortToken, Bdev, BlockDevice, IoChannel, IoOptions, IoType, QosLimits, StatReset,
    wait_for_examine, with_bdev,
};
use spdk_async::{DmaBuf, Worker, sleep, spawn_local, timeout, yield_now};

type Op = Pin<Box<dyn Future<Output = ()>>>;

/// Every operation there is, by name. The results do not matter here: an operation may meet the
/// remains of an earlier one.
fn operations(channel: &IoChannel) -> Vec<(&'static str, Op)> {
    let mut ops: Vec<(&'static str, Op)> = Vec::new();
    macro_rules! op {
        ($name:literal, $ch:ident => $call:expr) => {{
            let $ch = channel.clone();
            let op = async move {
                let _ = $call.await;
            };
            ops.push(($name, Box::pin(op)));
        }};
    }
    let buf = || vec![1_u8; BLOCK];
    let bufs = || vec![vec![1_u8; BLOCK]; 2];
    op!("read", ch => ch.read(buf(), 0));
    op!("write", ch => ch.write(buf(), 0));
    op!("read_blocks", ch => ch.read_blocks(buf(), 1));
    op!("write_blocks", ch => ch.write_blocks(buf(), 1));
    op!("write_blocks of an array", ch => ch.write_blocks([1_u8; BLOCK], 1));
    op!("read_blocks into DMA memory", ch => {
        let buf = DmaBuf::zeroed(BLOCK, 0).unwrap();
        async move { ch.read_blocks(buf, 1).await }
    });
    op!("readv", ch => ch.readv(bufs(), 0));
    op!("writev", ch => ch.writev(bufs(), 0));
    op!("readv_blocks", ch => ch.readv_blocks(bufs(), 2));
    op!("writev_blocks", ch => ch.writev_blocks(bufs(), 2));
    op!("readv_blocks_with", ch => ch.readv_blocks_with(bufs(), 2, IoOptions::default()));
    op!("writev_blocks_with", ch => ch.writev_blocks_with(bufs(), 2, IoOptions::default()));
    op!("compare", ch => ch.compare(buf(), 0));
    op!("comparev", ch => ch.comparev(bufs(), 0));
    op!("compare_and_write", ch => ch.compare_and_write(buf(), buf(), 5));
    op!("write_zeroes", ch => ch.write_zeroes(0, 8));
    op!("unmap", ch => ch.unmap(0, 8));
    op!("flush", ch => ch.flush(0, 8));
    op!("copy", ch => ch.copy(16, 0, 8));
    op!("seek_data", ch => ch.seek_data(0));
    op!("seek_hole", ch => ch.seek_hole(0));
    op!("reset", ch => ch.reset());
    op!("zcopy", ch => ch.zcopy(0, 4, true));
    op!("zcopy and commit", ch => async move { ch.zcopy(0, 4, true).await?.commit().await });
    op!("zcopy and release", ch => async move { ch.zcopy(0, 4, false).await?.release().await });
    op!("abort", ch => async move {
        let token = AbortToken::new();
        let named = ch.abortable(&token);
        let read = spawn_local(async move { named.read_blocks(vec![0; BLOCK], 0).await.0 });
        yield_now().await;
        let aborted = ch.abort(&token).await;
        drop(read.await);
        aborted
    });
    op!("stat", ch => ch.descriptor().stat());
    op!("reset_stat", ch => ch.descriptor().reset_stat(StatReset::All));
    op!("histogram", ch => async move {
        ch.descriptor().enable_histogram_of(IoType::Read).await?;
        ch.descriptor().histogram().await?;
        ch.descriptor().disable_histogram().await
    });
    op!("set_qos_limits", ch => {
        let limits = QosLimits { rw_ios_per_sec: Some(1_000_000), ..QosLimits::default() };
        async move { ch.descriptor().set_qos_limits(limits).await }
    });
    op!("wait_for_examine", _ch => wait_for_examine());
    op!("device", ch => async move {
        let device = BlockDevice::new(ch.descriptor().clone());
        device.write_at(vec![1; BLOCK], 0).await.0?;
        device.close().await;
        Ok::<_, spdk_async::Error>(())
    });
    op!("with_bdev", _ch => with_bdev("Malloc0", async |device| {
        device.read_at(vec![1; BLOCK], 0).await.0
    }));
    op!("timeout", ch => timeout(Duration::from_micros(1), async move {
        ch.read_blocks(vec![1; BLOCK], 0).await.0
    }));
    op!("sleep", _ch => sleep(Duration::from_micros(100)));
    ops
}

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

/// How many operations there are.
const COUNT: usize = 35;

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

#[test]
fn every_operation_is_listed_here() {
    with_app(malloc_and_null(), async || {
        let ops = operations(&open("Malloc0").await);
        assert_eq!(ops.len(), COUNT);
        for (name, op) in ops {
            timeout(Duration::from_secs(20), op).await.unwrap_or_else(|_| panic!("{name} hangs"));
        }
    });
}

#[test]
fn each_operation_dropped_after_some_polls() {
    for polls in [0, 1, 2, 3, 7] {
        with_app(malloc_and_null(), async move || {
            for name in ["Malloc0", "Null0"] {
                let channel = open(name).await;
                for (_, mut op) in operations(&channel) {
                    poll_times(op.as_mut(), polls).await;
                }
                works(&channel).await;
            }
        });
    }
}

/// The app's end finds one operation in flight, with the last references to its parents.
#[test]
fn the_app_ends_with_each_operation_in_flight() {
    for index in 0..COUNT {
        with_app(malloc_and_null(), async move || {
            let channel = open("Malloc0").await;
            let (_, mut op) = operations(&channel).swap_remove(index);
            drop(channel);
            let _ = poll_once(op.as_mut());
        });
    }
}

#[test]
fn the_app_ends_with_every_operation_in_flight_in_tasks() {
    with_app(malloc_and_null(), async || {
        for name in ["Malloc0", "Null0"] {
            let channel = open(name).await;
            for (_, op) in operations(&channel) {
                drop(spawn_local(op));
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
                for (_, op) in operations(&channel) {
                    drop(spawn_local(op));
                }
                yield_now().await;
            });
            begun.unwrap().await.unwrap();
            worker.end();
            works(&open("Malloc0").await).await;
        }
    });
}

/// Operations polled and dropped in random order, with buffers that are checked for being freed once.
#[test]
fn random_schedules() {
    let fixed = std::env::var("SPDK_ASYNC_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let start = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seeds = fixed.map_or([start, start ^ 1, 1, 2], |seed: u64| [seed; 4]);
    for seed in seeds {
        eprintln!("seed {seed}; repeat it with SPDK_ASYNC_TEST_SEED={seed}");
        let bdevs = [pool(64, 8), malloc("Malloc0", 2048), null("Null0", 2048)];
        with_app(config(&bdevs), async move || {
            let mut random = Random(seed);
            let channels = [open("Malloc0").await, open("Null0").await];
            let mut flying: Vec<(usize, Op)> = Vec::new();
            for _ in 0..400 {
                let channel = &channels[random.below(2)];
                let (_, op) = operations(channel).swap_remove(random.below(COUNT));
                flying.push((random.below(6), op));
                // Some are polled, in any order; those whose time is over are dropped.
                for _ in 0..random.below(4) {
                    let chosen = random.below(flying.len());
                    let (left, op) = &mut flying[chosen];
                    let ready = poll_once(op.as_mut()).is_ready();
                    if ready || *left == 0 {
                        drop(flying.swap_remove(chosen));
                        if flying.is_empty() {
                            break;
                        }
                    } else {
                        *left -= 1;
                    }
                }
                if random.below(3) == 0 {
                    turn().await;
                }
            }
            drop(flying);
            for channel in &channels {
                works(channel).await;
            }
        });
    }
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
        assert_eq!(Rc::strong_count(&alive), 2, "SPDK still has it");
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
