//! Rate limits of a bdev.

use super::descriptor::Descriptor;
use crate::adapter::Keep;
use crate::error::{Error, Result};
use crate::raw::bdev as raw;
use crate::thread::Runtime;

/// Rate limits. `None` leaves a limit as it is, zero lifts it.
///
/// ```no_run
/// use spdk_async::bdev::QosLimits;
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let descriptor = spdk_async::bdev::Bdev::open("Malloc0").await?;
/// let limits = QosLimits { rw_ios_per_sec: Some(10_000), ..QosLimits::default() };
/// descriptor.set_qos_limits(limits).await?;
/// assert_eq!(descriptor.qos_limits()?.rw_ios_per_sec, Some(10_000));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QosLimits {
    /// Reads and writes per second; rounded up to a multiple of 1000.
    pub rw_ios_per_sec: Option<u64>,
    /// Bytes read and written per second; rounded up to a multiple of 1 MiB.
    pub rw_bytes_per_sec: Option<u64>,
    /// Bytes read per second; rounded up to a multiple of 1 MiB.
    pub read_bytes_per_sec: Option<u64>,
    /// Bytes written per second; rounded up to a multiple of 1 MiB.
    pub write_bytes_per_sec: Option<u64>,
}

const LIMITS: usize = spdk_sys::SPDK_BDEV_QOS_NUM_RATE_LIMIT_TYPES as usize;

/// The array that SPDK reads, and rewrites to what it set.
struct Limits(Box<[u64; LIMITS]>);

// SAFETY: the array is on the heap until the drop, and nobody else uses it.
unsafe impl Keep<*mut u64> for Limits {
    fn arg(&mut self) -> *mut u64 {
        self.0.as_mut_ptr()
    }
}

impl QosLimits {
    fn to_c(self) -> [u64; LIMITS] {
        const MIB: u64 = 1 << 20;
        // SPDK takes bandwidths in MiB and the largest number for "unchanged".
        let mib = |limit: Option<u64>| limit.map(|bytes| bytes.div_ceil(MIB));
        let mut limits = [u64::MAX; LIMITS];
        for (index, limit) in [
            (spdk_sys::SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT, self.rw_ios_per_sec),
            (spdk_sys::SPDK_BDEV_QOS_RW_BPS_RATE_LIMIT, mib(self.rw_bytes_per_sec)),
            (spdk_sys::SPDK_BDEV_QOS_R_BPS_RATE_LIMIT, mib(self.read_bytes_per_sec)),
            (spdk_sys::SPDK_BDEV_QOS_W_BPS_RATE_LIMIT, mib(self.write_bytes_per_sec)),
        ] {
            limits[index as usize] = limit.unwrap_or(u64::MAX);
        }
        limits
    }

    fn from_c(limits: &[u64; LIMITS]) -> Self {
        let limit = |index: spdk_sys::spdk_bdev_qos_rate_limit_type| Some(limits[index as usize]);
        Self {
            rw_ios_per_sec: limit(spdk_sys::SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT),
            rw_bytes_per_sec: limit(spdk_sys::SPDK_BDEV_QOS_RW_BPS_RATE_LIMIT),
            read_bytes_per_sec: limit(spdk_sys::SPDK_BDEV_QOS_R_BPS_RATE_LIMIT),
            write_bytes_per_sec: limit(spdk_sys::SPDK_BDEV_QOS_W_BPS_RATE_LIMIT),
        }
    }
}

impl Descriptor {
    /// Sets rate limits of the bdev, for all who have it open (`spdk_bdev_set_qos_rate_limits`).
    /// Only reads, writes, zero-copy and NVMe I/O are limited.
    ///
    /// # Errors
    ///
    /// `EAGAIN` while another change is in progress, `ENOMEM`, and if no `spdk_thread` with a
    /// runtime is current.
    pub async fn set_qos_limits(&self, limits: QosLimits) -> Result<()> {
        const OPERATION: &str = "spdk_bdev_set_qos_rate_limits";
        Runtime::current(OPERATION)?;
        let limits = Limits(Box::new(limits.to_c()));
        // SAFETY: the record keeps the bdev open, and the array; an spdk_thread is current.
        let call = unsafe { raw::spdk_bdev_set_qos_rate_limits(self.keep(), limits) };
        // The callback may come on the thread of the QoS channel.
        let (result, _) = call.submit().await;
        result.map_err(Error::of(OPERATION))
    }

    /// The rate limits in force; zero is none. IOPS and bytes per second
    /// (`spdk_bdev_get_qos_rate_limits`).
    ///
    /// # Errors
    ///
    /// If no `spdk_thread` with a runtime is current.
    pub fn qos_limits(&self) -> Result<QosLimits> {
        Runtime::current("spdk_bdev_get_qos_rate_limits")?;
        let mut limits = [0; LIMITS];
        // SAFETY: the bdev is open, and the array has room for each limit.
        unsafe {
            spdk_sys::spdk_bdev_get_qos_rate_limits(self.bdev_ptr(), limits.as_mut_ptr());
        }
        const MIB: u64 = 1 << 20;
        for (index, limit) in limits.iter_mut().enumerate() {
            if index != spdk_sys::SPDK_BDEV_QOS_RW_IOPS_RATE_LIMIT as usize {
                *limit *= MIB;
            }
        }
        Ok(QosLimits::from_c(&limits))
    }
}
