//! Statistics of a bdev.

use core::time::Duration;

use paste::paste;
use spdk_sys::spdk_bdev_io_stat;

use super::descriptor::Descriptor;
use crate::env;
use crate::error::{Error, Result};
use crate::raw::bdev as raw;
use crate::thread::Runtime;

/// What a bdev has done since it was registered or its statistics were reset. Counts completed I/O
/// that succeeded; of an I/O that SPDK splits, the parts.
///
/// ```no_run
/// use spdk_async::bdev::StatReset;
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let descriptor = spdk_async::bdev::Bdev::open("Malloc0").await?;
/// let stat = descriptor.stat().await?;
/// eprintln!("{} reads of {} bytes in all", stat.read.operations, stat.read.bytes);
/// descriptor.reset_stat(StatReset::MinMax).await?;
/// # Ok(())
/// # }
/// ```
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

/// The share of one kind of operation in SPDK's flat struct.
macro_rules! op_stat {
    ($stat:ident, $op:ident, $bytes:ident) => {
        paste! {
            OpStat::read($stat.$bytes, $stat.[<num_ $op _ops>], [
                $stat.[<$op _latency_ticks>],
                $stat.[<min_ $op _latency_ticks>],
                $stat.[<max_ $op _latency_ticks>],
            ])
        }
    };
}

impl BdevStat {
    fn from_c(stat: &spdk_bdev_io_stat) -> Self {
        Self {
            read: op_stat!(stat, read, bytes_read),
            write: op_stat!(stat, write, bytes_written),
            unmap: op_stat!(stat, unmap, bytes_unmapped),
            copy: op_stat!(stat, copy, bytes_copied),
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
