//! The time of a run, the same for all of its workers: when what completes begins to count, and when
//! it no longer does.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::time::Instant;

/// Times are nanoseconds from the run's beginning.
pub(crate) struct Window {
    origin: Instant,
    warm_up: u64,
    end: u64,
    /// When the run was ended early; until then the end itself.
    stop: AtomicU64,
}

impl Window {
    /// Begins now.
    pub(crate) fn new(warm_up: Duration, time: Duration) -> Self {
        let (warm_up, end) = (nanos(warm_up), nanos(warm_up + time));
        Self { origin: Instant::now(), warm_up, end, stop: AtomicU64::new(end) }
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        nanos(self.origin.elapsed())
    }

    /// Whether what completes at `now` counts. `None` says that the run is over.
    #[inline]
    pub(crate) fn counts(&self, now: u64) -> Option<bool> {
        (now < self.stop.load(Ordering::Relaxed)).then_some(now >= self.warm_up)
    }

    /// Ends the run early.
    pub(crate) fn stop(&self) {
        self.stop.fetch_min(self.now(), Ordering::Relaxed);
    }

    pub(crate) fn was_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) < self.end
    }

    /// How long what completed has counted.
    pub(crate) fn measured(&self) -> Duration {
        let end = self.now().min(self.stop.load(Ordering::Relaxed));
        Duration::from_nanos(end.saturating_sub(self.warm_up))
    }

    /// The time that has gone by, the time of the warm-up, and that of the whole run.
    pub(crate) fn progress(&self) -> [Duration; 3] {
        [self.now().min(self.end), self.warm_up, self.end].map(Duration::from_nanos)
    }
}

/// Enough for 584 years.
#[inline]
fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_completes_counts_between_the_warm_up_and_the_end() {
        let window = Window::new(Duration::from_secs(10), Duration::from_secs(50));
        let counts = |seconds: f64| window.counts((seconds * 1e9) as u64);
        assert_eq!(counts(9.9), Some(false));
        assert_eq!(counts(10.0), Some(true));
        assert_eq!(counts(59.9), Some(true));
        assert_eq!(counts(60.0), None);
        assert!(!window.was_stopped());
    }

    #[test]
    fn a_run_that_is_stopped_is_over_and_as_long_as_it_was() {
        let window = Window::new(Duration::ZERO, Duration::from_secs(1000));
        while window.now() == 0 {}
        window.stop();
        assert!(window.was_stopped());
        assert_eq!(window.counts(window.now()), None);
        let measured = window.measured();
        assert!(measured > Duration::ZERO && measured < Duration::from_secs(1000));
        // Once is enough, and later changes nothing.
        window.stop();
        assert_eq!(window.measured(), measured);
    }

    #[test]
    fn a_run_that_is_stopped_in_its_warm_up_has_measured_nothing() {
        let window = Window::new(Duration::from_secs(1000), Duration::from_secs(1));
        window.stop();
        assert_eq!(window.measured(), Duration::ZERO);
    }
}
