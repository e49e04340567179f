//! SPDK's clock.

use core::time::Duration;

/// A number of ticks as a duration, to the nanosecond below.
pub(crate) fn ticks_to_duration(ticks: u64) -> Duration {
    // SAFETY: no precondition.
    let hz = unsafe { spdk_sys::spdk_get_ticks_hz() }.max(1);
    let nanos = u128::from(ticks % hz) * 1_000_000_000 / u128::from(hz);
    // Below a second, so it fits.
    Duration::new(ticks / hz, nanos as u32)
}
