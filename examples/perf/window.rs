//! The time of a run, the same for all of its workers: when what completes begins to count, and when
//! it no longer does.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use spdk_async::{ticks, ticks_hz};

/// Times are ticks of SPDK's clock.
pub(crate) struct Window {
    hz: u64,
    begin: u64,
    /// From when on operations count.
    warm: u64,
    end: u64,
    /// When the run was ended early; until then the end itself.
    stop: AtomicU64,
}

impl Window {
    /// Begins now. SPDK is up.
    pub(crate) fn new(warm_up: Duration, time: Duration) -> Self {
        Self::from(ticks(), ticks_hz(), warm_up, time)
    }

    fn from(begin: u64, hz: u64, warm_up: Duration, time: Duration) -> Self {
        let ticks = |time: Duration| (time.as_nanos() * u128::from(hz) / 1_000_000_000) as u64;
        let warm = begin + ticks(warm_up);
        let end = warm + ticks(time);
        Self { hz, begin, warm, end, stop: AtomicU64::new(end) }
    }

    /// Whether what completes at `now` counts. `None` says that the run is over.
    #[inline]
    pub(crate) fn counts(&self, now: u64) -> Option<bool> {
        (now < self.stop.load(Ordering::Relaxed)).then_some(now >= self.warm)
    }

    /// Ends the run early.
    pub(crate) fn stop(&self) {
        self.stop_at(ticks());
    }

    fn stop_at(&self, now: u64) {
        self.stop.fetch_min(now, Ordering::Relaxed);
    }

    pub(crate) fn was_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) < self.end
    }

    /// How many seconds long completions have counted when the run is over.
    pub(crate) fn measured(&self) -> f64 {
        self.seconds(self.stop.load(Ordering::Relaxed).saturating_sub(self.warm))
    }

    /// Ticks of a second.
    pub(crate) fn hz(&self) -> u64 {
        self.hz
    }

    /// The seconds that have gone by, those of the warm-up, and those of the whole run.
    pub(crate) fn progress(&self) -> [f64; 3] {
        let since = |then: u64| self.seconds(then.saturating_sub(self.begin));
        [since(ticks().min(self.end)), since(self.warm), since(self.end)]
    }

    fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.hz as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u64 = 2_000_000_000;
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_completes_counts_between_the_warm_up_and_the_end() {
        let window = Window::from(7, HZ, 10 * SECOND, 50 * SECOND);
        let counts = |second: u64, ticks: i64| {
            window.counts((7 + second * HZ).checked_add_signed(ticks).expect("it is not before 0"))
        };
        assert_eq!(counts(0, 0), Some(false));
        assert_eq!(counts(10, -1), Some(false));
        assert_eq!(counts(10, 0), Some(true));
        assert_eq!(counts(60, -1), Some(true));
        assert_eq!(counts(60, 0), None);
        assert!(!window.was_stopped());
        assert_eq!(window.measured(), 50.0);
    }

    #[test]
    fn a_run_that_is_stopped_is_over_and_as_long_as_it_was() {
        let window = Window::from(7, HZ, SECOND, 1000 * SECOND);
        window.stop_at(7 + 5 * HZ);
        assert!(window.was_stopped());
        assert_eq!(window.counts(7 + 5 * HZ), None);
        assert_eq!(window.measured(), 4.0);
        // Once is enough, and later changes nothing.
        window.stop_at(7 + 6 * HZ);
        assert_eq!(window.measured(), 4.0);
    }

    #[test]
    fn a_run_that_is_stopped_in_its_warm_up_has_measured_nothing() {
        let window = Window::from(7, HZ, 1000 * SECOND, SECOND);
        window.stop_at(7 + HZ);
        assert!(window.was_stopped());
        assert_eq!(window.measured(), 0.0);
    }

    #[test]
    fn a_signal_after_the_end_comes_too_late() {
        let window = Window::from(7, HZ, SECOND, SECOND);
        window.stop_at(7 + 3 * HZ);
        assert!(!window.was_stopped());
        assert_eq!(window.measured(), 1.0);
    }
}
