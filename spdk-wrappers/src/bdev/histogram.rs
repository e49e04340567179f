//! Latency histograms of a bdev.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::time::Duration;

use spdk_sys::{spdk_bdev_enable_histogram_opts, spdk_histogram_data};

use super::descriptor::Descriptor;
use super::io_type::IoType;
use crate::adapter::{Keep, guard};
use crate::env;
use crate::error::{Error, Result};
use crate::raw::bdev as raw;
use crate::thread::Runtime;

/// How many I/Os took how long.
///
/// ```no_run
/// # async fn example() -> spdk_async::Result<()> {
/// # let descriptor = spdk_async::bdev::Bdev::open("Malloc0").await?;
/// descriptor.enable_histogram().await?;
/// // ... I/O ...
/// if let Some(latency) = descriptor.histogram().await?.percentile(99.0) {
///     eprintln!("99 of 100 took no longer than {latency:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: Vec<HistogramBucket>,
    total: u64,
}

/// The I/Os whose latency lay in one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistogramBucket {
    /// The lower end of the range; part of it.
    pub from: Duration,
    /// The upper end of the range; not part of it.
    pub to: Duration,
    /// How many I/Os.
    pub count: u64,
}

impl Histogram {
    /// The ranges that hold any I/O, from the shortest latency.
    #[must_use]
    pub fn buckets(&self) -> &[HistogramBucket] {
        &self.buckets
    }

    /// How many I/Os there are in all.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// A latency that `percent` of the I/Os did not exceed: the upper end of their last range.
    /// `None` if there is no I/O, or `percent` is not between 0 and 100.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        if self.total == 0 || !(0.0..=100.0).contains(&percent) {
            return None;
        }
        let wanted = (percent / 100.0 * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for bucket in &self.buckets {
            seen += bucket.count;
            if seen >= wanted {
                return Some(bucket.to);
            }
        }
        self.buckets.last().map(|bucket| bucket.to)
    }
}

/// A histogram in SPDK's form.
struct HistogramData(NonNull<spdk_histogram_data>);

// SAFETY: plain heap memory without ties to a thread.
unsafe impl Send for HistogramData {}

// SAFETY: the object is on the heap until the drop, and nobody else uses it.
unsafe impl Keep<*mut spdk_histogram_data> for HistogramData {
    fn arg(&mut self) -> *mut spdk_histogram_data {
        self.0.as_ptr()
    }
}

impl HistogramData {
    /// The geometry that SPDK gives a histogram by default.
    fn new(operation: &'static str) -> Result<Self> {
        // SAFETY: no precondition.
        let data = unsafe { spdk_sys::spdk_histogram_data_alloc() };
        NonNull::new(data).map(Self).ok_or_else(|| Error::no_memory(operation))
    }

    fn read(&self) -> Histogram {
        let mut histogram = Histogram::default();
        let ctx = (&raw mut histogram).cast();
        // SAFETY: the object is alive, and `add_bucket` is given the histogram, which nothing else
        // uses during the call.
        unsafe { spdk_sys::spdk_histogram_data_iterate(self.0.as_ptr(), Some(add_bucket), ctx) };
        histogram
    }
}

impl Drop for HistogramData {
    fn drop(&mut self) {
        // SAFETY: allocated by `new`, freed once.
        unsafe { spdk_sys::spdk_histogram_data_free(self.0.as_ptr()) };
    }
}

/// One range of a histogram, in ticks.
///
/// # Safety
///
/// - `ctx` is a `Histogram` that nobody else uses.
unsafe extern "C" fn add_bucket(
    ctx: *mut c_void,
    start: u64,
    end: u64,
    count: u64,
    _total: u64,
    _so_far: u64,
) {
    guard("spdk_histogram_data_fn", || {
        if count == 0 {
            return;
        }
        // SAFETY: the caller's promise.
        let histogram = unsafe { &mut *ctx.cast::<Histogram>() };
        histogram.total += count;
        let (from, to) = (env::ticks_to_duration(start), env::ticks_to_duration(end));
        histogram.buckets.push(HistogramBucket { from, to, count });
    });
}

/// The options in SPDK's form, for a record.
struct EnableOptions(spdk_bdev_enable_histogram_opts);

// SAFETY: the struct is part of the value, which the record does not move; it points to nothing.
unsafe impl Keep<*mut spdk_bdev_enable_histogram_opts> for EnableOptions {
    fn arg(&mut self) -> *mut spdk_bdev_enable_histogram_opts {
        &raw mut self.0
    }
}

impl Descriptor {
    /// Starts to count latencies, of every kind of I/O (`spdk_bdev_histogram_enable`).
    ///
    /// # Errors
    ///
    /// `EAGAIN` while another change is in progress, `ENOMEM`, and if no `spdk_thread` with a
    /// runtime is current.
    pub async fn enable_histogram(&self) -> Result<()> {
        self.switch_histogram(true).await
    }

    /// Starts to count latencies of one kind of I/O (`spdk_bdev_histogram_enable_ext`).
    ///
    /// # Errors
    ///
    /// As [`enable_histogram`](Self::enable_histogram).
    pub async fn enable_histogram_of(&self, io_type: IoType) -> Result<()> {
        const OPERATION: &str = "spdk_bdev_histogram_enable_ext";
        let runtime = Runtime::current(OPERATION)?;
        let mut opts = spdk_bdev_enable_histogram_opts::default();
        // SAFETY: the options are written up to the size that is passed.
        unsafe {
            spdk_sys::spdk_bdev_enable_histogram_opts_init(&raw mut opts, size_of_val(&opts))
        };
        opts.io_type = io_type.to_c() as u8;
        // SAFETY: the record keeps the bdev open, and the options; an spdk_thread is current.
        let call =
            unsafe { raw::spdk_bdev_histogram_enable_ext(self.keep(), true, EnableOptions(opts)) };
        let (result, _) = call.on(runtime.pool()).await;
        result.map_err(Error::of(OPERATION))
    }

    /// Stops to count latencies and forgets them (`spdk_bdev_histogram_enable`).
    ///
    /// # Errors
    ///
    /// As [`enable_histogram`](Self::enable_histogram).
    pub async fn disable_histogram(&self) -> Result<()> {
        self.switch_histogram(false).await
    }

    async fn switch_histogram(&self, enable: bool) -> Result<()> {
        const OPERATION: &str = "spdk_bdev_histogram_enable";
        let runtime = Runtime::current(OPERATION)?;
        // SAFETY: the record keeps the bdev open; an spdk_thread is current.
        let call = unsafe { raw::spdk_bdev_histogram_enable(self.keep(), enable) };
        let (result, _) = call.on(runtime.pool()).await;
        result.map_err(Error::of(OPERATION))
    }

    /// The latencies that were counted, over all channels (`spdk_bdev_histogram_get`).
    ///
    /// # Errors
    ///
    /// `EFAULT` if counting was not started, `ENOMEM`, and if no `spdk_thread` with a runtime is
    /// current.
    pub async fn histogram(&self) -> Result<Histogram> {
        const OPERATION: &str = "spdk_bdev_histogram_get";
        let runtime = Runtime::current(OPERATION)?;
        let data = HistogramData::new(OPERATION)?;
        // SAFETY: the record keeps the bdev open, and the histogram; an spdk_thread is current.
        let call = unsafe { raw::spdk_bdev_histogram_get(self.keep(), data) };
        let (result, (_, data)) = call.on(runtime.pool()).await;
        result.map_err(Error::of(OPERATION))?;
        Ok(data.read())
    }
}
