//! Rate limits, and I/O that takes too long because of them.

mod common;

use std::time::{Duration, Instant};

use common::*;
use spdk_async::bdev::{Bdev, Descriptor, IoChannel, IoType, QosLimits};
use spdk_async::{Worker, sleep, spawn_local, timeout, yield_now};

const MIB: u64 = 1 << 20;

async fn open() -> (Descriptor, IoChannel) {
    let descriptor = Bdev::open("Null0").await.unwrap();
    let channel = descriptor.channel().unwrap();
    (descriptor, channel)
}

fn null_only() -> String {
    config(&[null("Null0", 1 << 20)])
}

const NONE: QosLimits = QosLimits {
    rw_ios_per_sec: Some(0),
    rw_bytes_per_sec: Some(0),
    read_bytes_per_sec: Some(0),
    write_bytes_per_sec: Some(0),
};

/// Lets writes of this channel wait for seconds: one large write uses their share up.
async fn stall(channel: &IoChannel) {
    let limits = QosLimits { write_bytes_per_sec: Some(MIB), ..QosLimits::default() };
    channel.descriptor().set_qos_limits(limits).await.unwrap();
    channel.write_blocks(vec![0; 16 << 20], 0).await.0.unwrap();
}

#[test]
fn limits_are_rounded_and_answered() {
    with_app(null_only(), async || {
        let (descriptor, _channel) = open().await;
        assert_eq!(descriptor.qos_limits().unwrap(), NONE);
        let limits = QosLimits {
            rw_ios_per_sec: Some(1500),
            rw_bytes_per_sec: Some(10 * MIB),
            read_bytes_per_sec: Some(1),
            write_bytes_per_sec: None,
        };
        descriptor.set_qos_limits(limits).await.unwrap();
        let set = QosLimits {
            rw_ios_per_sec: Some(2000),
            rw_bytes_per_sec: Some(10 * MIB),
            read_bytes_per_sec: Some(MIB),
            write_bytes_per_sec: Some(0),
        };
        assert_eq!(descriptor.qos_limits().unwrap(), set);
        // `None` leaves a limit, zero lifts it.
        let change = QosLimits { rw_ios_per_sec: Some(0), ..QosLimits::default() };
        descriptor.set_qos_limits(change).await.unwrap();
        assert_eq!(descriptor.qos_limits().unwrap(), QosLimits { rw_ios_per_sec: Some(0), ..set });
        descriptor.set_qos_limits(NONE).await.unwrap();
        assert_eq!(descriptor.qos_limits().unwrap(), NONE);
    });
}

#[test]
fn a_limit_slows_io_down() {
    with_app(null_only(), async || {
        let (descriptor, channel) = open().await;
        let limits = QosLimits { rw_ios_per_sec: Some(1000), ..QosLimits::default() };
        descriptor.set_qos_limits(limits).await.unwrap();
        let start = Instant::now();
        for _ in 0..300 {
            channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
        }
        let limited = start.elapsed();
        assert!(limited >= Duration::from_millis(200), "300 reads took {limited:?}");
        descriptor.set_qos_limits(NONE).await.unwrap();
        let start = Instant::now();
        for _ in 0..300 {
            channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
        }
        assert!(start.elapsed() < limited);
    });
}

#[test]
fn limits_hold_for_channels_on_several_threads() {
    with_app(null_only(), async || {
        let (descriptor, channel) = open().await;
        let worker = Worker::create("limiter", None).await.unwrap();
        let far = descriptor.clone();
        let set = worker.spawn(move || async move {
            let _channel = far.channel().unwrap();
            let limits = QosLimits { rw_ios_per_sec: Some(5000), ..QosLimits::default() };
            far.set_qos_limits(limits).await.unwrap();
            far.qos_limits().unwrap().rw_ios_per_sec
        });
        assert_eq!(set.unwrap().await.unwrap(), Some(5000));
        channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
        assert_eq!(descriptor.qos_limits().unwrap().rw_ios_per_sec, Some(5000));
        descriptor.set_qos_limits(NONE).await.unwrap();
    });
}

#[test]
fn timeouts_report_io_that_is_stuck_and_it_can_be_aborted() {
    with_app(null_only(), async || {
        let (descriptor, channel) = open().await;
        let mut timeouts = descriptor.timeouts(Duration::from_secs(1)).unwrap();
        stall(&channel).await;
        let stuck = {
            let channel = channel.clone();
            spawn_local(async move { channel.write_blocks(vec![4; BLOCK], 5).await })
        };
        let report = timeout(Duration::from_secs(10), next(&mut timeouts)).await.unwrap().unwrap();
        assert_eq!(report.io_type(), Some(IoType::Write));
        assert!(report.age() >= Duration::from_secs(1), "{report:?}");
        assert!(report.age() < Duration::from_secs(30), "{report:?}");
        assert!(channel.abort_timed_out(&report).await.unwrap());
        let (result, buf) = stuck.await.unwrap();
        assert!(result.unwrap_err().io_status().unwrap().is_aborted());
        assert_eq!(buf, vec![4; BLOCK]);
        // It is gone now.
        assert!(!channel.abort_timed_out(&report).await.unwrap());
        assert!(format!("{timeouts:?}").contains("Timeouts"));
        descriptor.set_qos_limits(NONE).await.unwrap();
    });
}

/// Dropping the stream of an earlier call must not stop the reports of a later one.
#[test]
fn a_later_timeouts_stream_survives_the_earlier_one() {
    with_app(null_only(), async || {
        let (descriptor, channel) = open().await;
        let first = descriptor.timeouts(Duration::from_secs(1)).unwrap();
        let mut second = descriptor.timeouts(Duration::from_secs(1)).unwrap();
        drop(first);
        stall(&channel).await;
        let stuck = {
            let channel = channel.clone();
            spawn_local(async move { channel.write_blocks(vec![4; BLOCK], 5).await.0 })
        };
        let report = timeout(Duration::from_secs(8), next(&mut second)).await;
        let report = report.expect("the later stream goes on").unwrap();
        assert!(channel.abort_timed_out(&report).await.unwrap());
        stuck.await.unwrap().unwrap_err();
        descriptor.set_qos_limits(NONE).await.unwrap();
    });
}

/// When this thread's next timed poller is due; 0 if it has none. Those of a stream of timeouts are
/// the only ones of the thread below.
fn next_scan() -> u64 {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    // SAFETY: the thread is current.
    unsafe { spdk_sys::spdk_thread_next_poller_expiration(thread) }
}

/// An installed SPDK takes a poller out when it is due, which is within a second.
async fn scans_end() {
    let start = Instant::now();
    while next_scan() != 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "SPDK still looks for stuck I/O");
        // Not a sleep, which is a timed poller too.
        yield_now().await;
    }
}

/// Not only that its reports are ignored: SPDK is told to look no more.
#[test]
fn spdk_looks_for_stuck_io_no_longer_than_the_timeouts_stream_lives() {
    const LIMIT: Duration = Duration::from_secs(1);
    with_app(null_only(), async || {
        let worker = Worker::create("watcher", None).await.unwrap();
        let watched = worker.spawn(async || {
            let descriptor = Bdev::open("Null0").await.unwrap();
            assert_eq!(next_scan(), 0);
            let only = descriptor.timeouts(LIMIT).unwrap();
            assert_ne!(next_scan(), 0);
            drop(only);
            scans_end().await;
            let earlier = descriptor.timeouts(LIMIT).unwrap();
            let later = descriptor.timeouts(LIMIT).unwrap();
            drop(later);
            scans_end().await;
            drop(earlier);
            // Another limit is as good as the first.
            let again = descriptor.timeouts(2 * LIMIT).unwrap();
            assert_ne!(next_scan(), 0);
            drop(again);
            scans_end().await;
        });
        watched.unwrap().await.unwrap();
    });
}

#[test]
fn io_that_is_fast_enough_is_not_reported() {
    with_app(null_only(), async || {
        let (descriptor, channel) = open().await;
        let mut timeouts = descriptor.timeouts(Duration::from_secs(1)).unwrap();
        let until = Instant::now() + Duration::from_millis(2200);
        while Instant::now() < until {
            channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
        }
        timeout(Duration::from_millis(1), next(&mut timeouts)).await.unwrap_err();
        drop(timeouts);
        descriptor.timeouts(Duration::from_secs(3)).map(drop).unwrap();
    });
}

/// A limit between two seconds is not reported before its time.
#[test]
fn a_limit_is_never_shortened() {
    with_app(null_only(), async || {
        let (descriptor, channel) = open().await;
        let limit = Duration::from_millis(1900);
        let mut timeouts = descriptor.timeouts(limit).unwrap();
        stall(&channel).await;
        let stuck = {
            let channel = channel.clone();
            spawn_local(async move { channel.write_blocks(vec![4; BLOCK], 5).await.0 })
        };
        let report = next(&mut timeouts).await.unwrap();
        assert!(report.age() >= limit, "{report:?}");
        assert!(channel.abort_timed_out(&report).await.unwrap());
        stuck.await.unwrap().unwrap_err();
        descriptor.set_qos_limits(NONE).await.unwrap();
    });
}

#[test]
fn timeouts_belong_to_the_opening_thread_and_take_a_second_at_least() {
    with_app(null_only(), async || {
        let (descriptor, _channel) = open().await;
        assert_invalid(descriptor.timeouts(Duration::ZERO).map(drop), "at least one second");
        assert_invalid(descriptor.timeouts(Duration::from_millis(999)).map(drop), "one second");
        let worker = Worker::create("other", None).await.unwrap();
        let far = descriptor.clone();
        let refused = worker
            .spawn(move || async move { far.timeouts(Duration::from_secs(1)).map(drop) })
            .unwrap();
        assert_invalid(refused.await.unwrap(), "the thread that opened the descriptor");
    });
}

#[test]
fn the_app_ends_with_a_timeouts_stream_and_io_that_is_stuck() {
    with_app(null_only(), async || {
        let (descriptor, channel) = open().await;
        let mut timeouts = descriptor.timeouts(Duration::from_secs(1)).unwrap();
        let limits = QosLimits { write_bytes_per_sec: Some(MIB), ..QosLimits::default() };
        descriptor.set_qos_limits(limits).await.unwrap();
        channel.write_blocks(vec![0; 3 << 20], 0).await.0.unwrap();
        drop(spawn_local(async move {
            let _ = channel.write_blocks(vec![4; BLOCK], 5).await;
        }));
        drop(spawn_local(async move { while next(&mut timeouts).await.is_some() {} }));
        sleep(Duration::from_millis(10)).await;
    });
}
