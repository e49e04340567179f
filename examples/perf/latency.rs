//! How long operations took: a histogram of a worker's own, merged with others at the end.

use hdrhistogram::Histogram;
use serde::Serialize;

/// What is longer counts as this, in ticks: an hour at the least, where there are fewer than five in a
/// nanosecond.
const LONGEST: u64 = 1 << 44;

/// Decimal digits that stay exact.
const DIGITS: u8 = 3;

/// The latencies of operations, in ticks of SPDK's clock. Recording one allocates nothing.
#[derive(Clone)]
pub(crate) struct Latencies {
    ticks: Histogram<u64>,
    hz: u64,
}

impl Latencies {
    /// None so far. There are `hz` ticks in a second.
    pub(crate) fn new(hz: u64) -> Self {
        let ticks = Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("the bounds are valid");
        Self { ticks, hz }
    }

    #[inline]
    pub(crate) fn record(&mut self, ticks: u64) {
        self.ticks.saturating_record(ticks);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.ticks.add(&other.ticks).expect("all have the same bounds");
    }

    pub(crate) fn count(&self) -> u64 {
        self.ticks.len()
    }

    fn micros(&self, ticks: f64) -> f64 {
        ticks * 1e6 / self.hz as f64
    }

    /// The microseconds that this part of the operations took at most.
    fn micros_at(&self, quantile: f64) -> f64 {
        self.micros(self.ticks.value_at_quantile(quantile) as f64)
    }

    /// `None` where there was no operation.
    pub(crate) fn summary(&self) -> Option<Summary> {
        (self.count() > 0).then(|| Summary {
            min: self.micros(self.ticks.min() as f64),
            average: self.micros(self.ticks.mean()),
            p50: self.micros_at(0.5),
            p90: self.micros_at(0.9),
            p99: self.micros_at(0.99),
            p99_9: self.micros_at(0.999),
            max: self.micros(self.ticks.max() as f64),
        })
    }

    /// Points of the curve: how rare (one in so many operations takes longer), and the microseconds.
    pub(crate) fn curve(&self) -> Vec<(f64, f64)> {
        const STEPS_PER_DECADE: f64 = 40.0;
        if self.count() == 0 {
            return Vec::new();
        }
        let count = self.count() as f64;
        let steps = (count.log10() * STEPS_PER_DECADE).ceil() as u32;
        let rarities = (0..=steps).map(|step| 10_f64.powf(f64::from(step) / STEPS_PER_DECADE));
        rarities
            .map(|rarity| rarity.min(count))
            .map(|rarity| (rarity, self.micros_at(1.0 - 1.0 / rarity)))
            .collect()
    }
}

/// Latencies in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) min: f64,
    pub(crate) average: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    #[serde(rename = "p99.9")]
    pub(crate) p99_9: f64,
    pub(crate) max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half nanoseconds.
    const HZ: u64 = 2_000_000_000;

    fn of(nanos: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::new(HZ);
        nanos.into_iter().for_each(|nanos| latencies.record(nanos.saturating_mul(2)));
        latencies
    }

    #[test]
    fn percentiles_are_those_of_the_operations() {
        let summary = of((1..=1000).map(|n| n * 1000)).summary().expect("there are some");
        for (value, expected) in [
            (summary.min, 1.0),
            (summary.average, 500.5),
            (summary.p50, 500.0),
            (summary.p90, 900.0),
            (summary.p99, 990.0),
            (summary.p99_9, 999.0),
            (summary.max, 1000.0),
        ] {
            assert!((value - expected).abs() <= expected / 1000.0, "{summary:?}");
        }
        assert_eq!(of([]).summary(), None);
    }

    #[test]
    fn merging_is_as_if_one_had_recorded_all() {
        let (fast, slow) = ((0..500).map(|n| 100 + n), (0..20).map(|n| 1_000_000 + 997 * n));
        let mut merged = of(fast.clone());
        merged.merge(&of(slow.clone()));
        merged.merge(&Latencies::new(HZ));
        let together = of(fast.chain(slow));
        assert_eq!(merged.count(), 520);
        assert_eq!(merged.summary(), together.summary());
        assert_eq!(merged.curve(), together.curve());
    }

    #[test]
    fn what_takes_very_long_is_not_lost() {
        let latencies = of([u64::MAX, 0]);
        assert_eq!(latencies.count(), 2);
        assert!(latencies.summary().expect("there are some").max >= 3.6e9);
    }

    #[test]
    fn the_curve_rises_and_ends_with_the_rarest() {
        let latencies = of((1..=5000).map(|n| n * 10));
        let curve = latencies.curve();
        assert_eq!(curve.last().map(|point| point.0), Some(5000.0));
        assert!(curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{curve:?}");
        assert_eq!(of([7]).curve().len(), 1);
        assert!(of([]).curve().is_empty());
    }
}
