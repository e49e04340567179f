//! Statistics and histograms.

mod common;

use std::time::Duration;

use common::*;
use spdk_async::Worker;
use spdk_async::bdev::{Bdev, BdevStat, BlockDevice, Histogram, IoType, StatReset};

#[test]
fn statistics_count_operations_and_bytes() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Malloc0").await.unwrap();
        let channel = descriptor.channel().unwrap();
        let before = descriptor.stat().await.unwrap();
        assert_eq!((before.write.operations, before.write.bytes), (0, 0));
        assert_eq!(before.unmap.min_latency, None);

        for _ in 0..3 {
            channel.write_blocks(vec![1; 2 * BLOCK], 0).await.0.unwrap();
        }
        channel.read_blocks(vec![1; BLOCK], 0).await.0.unwrap();
        channel.unmap(0, 8).await.unwrap();
        // Failures are not counted.
        channel.read_blocks(vec![1; BLOCK], 4096).await.0.unwrap_err();

        let stat = descriptor.stat().await.unwrap();
        assert_eq!((stat.write.operations, stat.write.bytes), (3, 6 * BLOCK as u64));
        assert_eq!(stat.read.operations - before.read.operations, 1);
        assert_eq!(stat.read.bytes - before.read.bytes, BLOCK as u64);
        assert_eq!((stat.unmap.operations, stat.unmap.bytes), (1, 8 * BLOCK as u64));
        assert_eq!((stat.copy.operations, stat.copy.min_latency), (0, None));
        let (min, max) = (stat.write.min_latency.unwrap(), stat.write.max_latency);
        assert!(min <= max && max <= stat.write.total_latency);
        assert!(stat.write.total_latency < Duration::from_secs(30));
        assert!(stat.write.total_latency >= min * 3);
    });
}

#[test]
fn statistics_span_channels_that_are_gone_and_other_threads() {
    with_app(malloc_and_null(), async || {
        let device = BlockDevice::open("Null0").await.unwrap();
        let before = device.stat().await.unwrap().write.operations;
        let worker = Worker::create("writer", None).await.unwrap();
        let far = device.clone();
        let written = worker.spawn(move || async move {
            for _ in 0..10 {
                far.write_at(vec![0; BLOCK], 0).await.0.unwrap();
            }
        });
        written.unwrap().await.unwrap();
        device.write_at(vec![0; BLOCK], 0).await.0.unwrap();
        assert_eq!(device.stat().await.unwrap().write.operations - before, 11);
        worker.end();
        // While the channel goes, its share may be counted at neither place.
        let counted = spdk_async::timeout(Duration::from_secs(10), async {
            while !worker.has_ended()
                || device.stat().await.unwrap().write.operations - before != 11
            {
                turn().await;
            }
        });
        assert_eq!(counted.await, Ok(()));
    });
}

#[test]
fn a_reset_answers_what_was_and_starts_over() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let channel = descriptor.channel().unwrap();
        for _ in 0..5 {
            channel.write_blocks(vec![1; BLOCK], 0).await.0.unwrap();
        }
        let was = descriptor.reset_stat(StatReset::MinMax).await.unwrap();
        assert_eq!(was.write.operations, 5);
        assert!(was.write.min_latency.is_some());
        let now = descriptor.stat().await.unwrap();
        assert_eq!(now.write.operations, 5, "only the extremes were reset");
        assert_eq!((now.write.min_latency, now.write.max_latency), (None, Duration::ZERO));

        let was = descriptor.reset_stat(StatReset::All).await.unwrap();
        assert_eq!(was.write.operations, 5);
        let now: BdevStat = descriptor.stat().await.unwrap();
        assert_eq!(now.write, spdk_async::bdev::OpStat::default());
    });
}

#[test]
fn a_histogram_counts_between_enable_and_disable() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Malloc0").await.unwrap();
        let channel = descriptor.channel().unwrap();
        assert_eq!(errno_of(descriptor.histogram().await), Some(libc::EFAULT));
        channel.write_blocks(vec![1; BLOCK], 0).await.0.unwrap();

        descriptor.enable_histogram().await.unwrap();
        assert_eq!(descriptor.histogram().await.unwrap(), Histogram::default());
        for _ in 0..20 {
            channel.write_blocks(vec![1; BLOCK], 0).await.0.unwrap();
        }
        channel.read_blocks(vec![1; BLOCK], 0).await.0.unwrap();
        let histogram = descriptor.histogram().await.unwrap();
        assert_eq!(histogram.total(), 21);
        assert_eq!(histogram.buckets().iter().map(|bucket| bucket.count).sum::<u64>(), 21);
        for pair in histogram.buckets().windows(2) {
            assert!(pair[0].to <= pair[1].from);
        }
        assert!(histogram.buckets().iter().all(|bucket| bucket.from <= bucket.to));
        let (low, high) =
            (histogram.percentile(0.0).unwrap(), histogram.percentile(100.0).unwrap());
        assert_eq!(low, histogram.buckets()[0].to);
        assert_eq!(high, histogram.buckets().last().unwrap().to);
        assert!(histogram.percentile(50.0).unwrap() <= high);
        for out_of_range in [-1.0, 100.1, f64::NAN] {
            assert_eq!(histogram.percentile(out_of_range), None);
        }
        assert_eq!(Histogram::default().percentile(50.0), None);

        descriptor.disable_histogram().await.unwrap();
        assert_eq!(errno_of(descriptor.histogram().await), Some(libc::EFAULT));
    });
}

#[test]
fn a_histogram_of_one_kind() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let channel = descriptor.channel().unwrap();
        descriptor.enable_histogram_of(IoType::Write).await.unwrap();
        for _ in 0..4 {
            channel.write_blocks(vec![1; BLOCK], 0).await.0.unwrap();
            channel.read_blocks(vec![1; BLOCK], 0).await.0.unwrap();
        }
        assert_eq!(descriptor.histogram().await.unwrap().total(), 4);
        descriptor.disable_histogram().await.unwrap();
    });
}

#[test]
fn a_second_change_of_the_histogram_meanwhile_is_refused() {
    with_app(malloc_and_null(), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let _channel = descriptor.channel().unwrap();
        let mut first = core::pin::pin!(descriptor.enable_histogram());
        assert!(poll_once(first.as_mut()).is_pending());
        let error = descriptor.enable_histogram().await.unwrap_err();
        assert_eq!(error.errno().map(spdk_async::Errno::get), Some(libc::EAGAIN));
        assert!(error.is_retryable());
        first.await.unwrap();
        descriptor.disable_histogram().await.unwrap();
    });
}
