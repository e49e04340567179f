//! SPDK's clock.

use core::time::Duration;

/// The time by SPDK's clock, in ticks since whenever (`spdk_get_ticks`). Cheaper to read than
/// [`Instant`](std::time::Instant) where SPDK reads the processor's own counter. On any thread.
///
/// ```no_run
/// use spdk_async::{ticks, ticks_hz};
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let channel = spdk_async::bdev::Bdev::open("Malloc0").await?.channel()?;
/// let began = ticks();
/// channel.read(vec![0; 512], 0).await.0?;
/// let micros = (ticks() - began) as f64 * 1e6 / ticks_hz() as f64;
/// # drop(micros);
/// # Ok(())
/// # }
/// ```
#[inline]
#[must_use]
pub fn ticks() -> u64 {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_get_ticks() }
}

/// How many [`ticks`] are a second (`spdk_get_ticks_hz`). Known once SPDK has started, which is inside
/// of [`App::run`](crate::App::run); before that it may be zero. On any thread.
#[must_use]
pub fn ticks_hz() -> u64 {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_get_ticks_hz() }
}

/// A number of ticks as a duration, to the nanosecond below.
pub(crate) fn ticks_to_duration(ticks: u64) -> Duration {
    let hz = ticks_hz().max(1);
    let nanos = u128::from(ticks % hz) * 1_000_000_000 / u128::from(hz);
    // Below a second, so it fits.
    Duration::new(ticks / hz, nanos as u32)
}
