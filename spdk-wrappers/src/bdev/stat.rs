//! Statistics of a bdev.

use core::time::Duration;

use spdk_sys::spdk_bdev_io_stat;

use super::descriptor::Descriptor;
use crate::env;
use crate::error::{Error, Result};
use crate::raw::bdev as raw;
use crate::thread::Runtime;

/// What a bdev has done since it was registered or its statistics were reset. Counts completed I/O
/// that succeeded; of an I/O that SPDK splits, the parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BdevStat {
    /// Reads.
    pub read: OpStat,
    /// Writes, also those that stand for other operations.
    pub write: OpStat,
    /// Unmaps.
    pub unmap: OpStat,
    /// Copies.
    pub copy: OpStat,
}

/// The share of one kind of operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpStat {
    /// Bytes moved.
    pub bytes: u64,
    /// Operations completed.
    pub operations: u64,
    /// The sum of the operations' latencies.
    pub total_latency: Duration,
    /// The shortest latency; `None` before the first operation.
    pub min_latency: Option<Duration>,
    /// The longest latency; zero before the first operation.
    pub max_latency: Duration,
}

/// Which statistics [`Descriptor::reset_stat`] resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatReset {
    /// Everything.
    All,
    /// The shortest and longest latencies.
    MinMax,
}

impl OpStat {
    fn read(bytes: u64, operations: u64, [total, min, max]: [u64; 3]) -> Self {
        Self {
            bytes,
            operations,
            total_latency: env::ticks_to_duration(total),
            // SPDK starts the minimum at the largest number.
            min_latency: (min != u64::MAX && operations > 0).then(|| env::ticks_to_duration(min)),
            max_latency: env::ticks_to_duration(max),
        }
    }
}

impl BdevStat {
    fn from_c(stat: &spdk_bdev_io_stat) -> Self {
        let read =
            [stat.read_latency_ticks, stat.min_read_latency_ticks, stat.max_read_latency_ticks];
        let write =
            [stat.write_latency_ticks, stat.min_write_latency_ticks, stat.max_write_latency_ticks];
        let unmap =
            [stat.unmap_latency_ticks, stat.min_unmap_latency_ticks, stat.max_unmap_latency_ticks];
        let copy =
            [stat.copy_latency_ticks, stat.min_copy_latency_ticks, stat.max_copy_latency_ticks];
        Self {
            read: OpStat::read(stat.bytes_read, stat.num_read_ops, read),
            write: OpStat::read(stat.bytes_written, stat.num_write_ops, write),
            unmap: OpStat::read(stat.bytes_unmapped, stat.num_unmap_ops, unmap),
            copy: OpStat::read(stat.bytes_copied, stat.num_copy_ops, copy),
        }
    }
}

impl Descriptor {
    /// The bdev's statistics over all channels (`spdk_bdev_get_device_stat`).
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and if no `spdk_thread` with a runtime is current.
    pub async fn stat(&self) -> Result<BdevStat> {
        self.device_stat(spdk_sys::SPDK_BDEV_RESET_STAT_NONE).await
    }

    /// Resets statistics, and answers what they were.
    ///
    /// # Errors
    ///
    /// As [`stat`](Self::stat).
    pub async fn reset_stat(&self, what: StatReset) -> Result<BdevStat> {
        self.device_stat(match what {
            StatReset::All => spdk_sys::SPDK_BDEV_RESET_STAT_ALL,
            StatReset::MinMax => spdk_sys::SPDK_BDEV_RESET_STAT_MAXMIN,
        })
        .await
    }

    async fn device_stat(&self, mode: spdk_sys::spdk_bdev_reset_stat_mode) -> Result<BdevStat> {
        const OPERATION: &str = "spdk_bdev_get_device_stat";
        let runtime = Runtime::current(OPERATION)?;
        // SAFETY: the record keeps the bdev open, and the statistics, whose zeroed error pointer SPDK
        // leaves alone; an spdk_thread is current.
        let call = unsafe { raw::spdk_bdev_get_device_stat(self.keep(), mode) };
        let (result, _) = call.on(runtime.pool()).await;
        let ((), (stat,)) = result.map_err(Error::of(OPERATION))?;
        Ok(BdevStat::from_c(&stat))
    }
}
