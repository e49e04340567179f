//! The figures of a run, for the table, for other programs and for the plot.

use serde::Serialize;

use crate::args::Options;
use crate::latency::{Latencies, Summary};
use crate::measure::{Row, Rows};
use crate::stream::Tally;
use crate::workload::Workload;

/// What a run has shown.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) backend: &'static str,
    pub(crate) workload: Workload,
    pub(crate) read_percent: Option<u8>,
    /// Bytes of an operation.
    pub(crate) size: usize,
    /// Operations in flight, of each bdev on each core.
    pub(crate) depth: u32,
    pub(crate) seed: u64,
    /// How long it measured, without the warm-up.
    pub(crate) seconds: f64,
    /// Whether a signal ended it.
    pub(crate) ended_early: bool,
    /// Of each bdev on each core.
    pub(crate) rows: Vec<Line>,
    /// Of all together.
    pub(crate) total: Figures,
    /// The reads of all, where there were writes too.
    pub(crate) reads: Option<Figures>,
    /// The writes of all, where there were reads too.
    pub(crate) writes: Option<Figures>,
}

/// The figures of one bdev on one core.
#[derive(Serialize)]
pub(crate) struct Line {
    pub(crate) bdev: String,
    pub(crate) core: u32,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// What there was of some operations.
#[derive(Serialize)]
pub(crate) struct Figures {
    /// How many completed.
    pub(crate) operations: u64,
    pub(crate) iops: f64,
    pub(crate) mib_per_second: f64,
    /// In microseconds; nothing if no operation completed.
    pub(crate) latency_us: Option<Summary>,
    #[serde(skip)]
    pub(crate) latencies: Latencies,
}

impl Report {
    pub(crate) fn new(options: &Options, measured: Rows) -> Self {
        let seconds = measured.seconds;
        let mut all = Tally::new(measured.hz);
        measured.rows.iter().for_each(|row| all.merge(&row.tally));
        let figures = |latencies| Figures::new(latencies, options.size, seconds);
        let line = |Row { bdev, core, tally }| Line { bdev, core, figures: figures(both(&tally)) };
        let workload = options.workload;
        let total = figures(both(&all));
        let each = |latencies: Latencies| {
            let count = latencies.count();
            (count > 0 && count < total.operations).then(|| figures(latencies))
        };
        Self {
            backend: spdk_async::BACKEND,
            workload,
            read_percent: workload.is_mixed().then(|| options.mix().read_percent()),
            size: options.size,
            depth: options.depth,
            seed: options.seed,
            seconds,
            ended_early: measured.ended_early,
            rows: measured.rows.into_iter().map(line).collect(),
            reads: each(all.reads),
            writes: each(all.writes),
            total,
        }
    }
}

fn both(tally: &Tally) -> Latencies {
    let mut both = tally.reads.clone();
    both.merge(&tally.writes);
    both
}

impl Figures {
    fn new(latencies: Latencies, size: usize, seconds: f64) -> Self {
        let operations = latencies.count();
        // A run that was ended in its warm-up has taken no time.
        let iops = if seconds > 0.0 { operations as f64 / seconds } else { 0.0 };
        Self {
            operations,
            iops,
            mib_per_second: iops * size as f64 / f64::from(1 << 20),
            latency_us: latencies.summary(),
            latencies,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// Nanoseconds.
    const HZ: u64 = 1_000_000_000;

    fn row(core: u32, reads: &[u64], writes: &[u64]) -> Row {
        let mut tally = Tally::new(HZ);
        reads.iter().for_each(|nanos| tally.reads.record(*nanos));
        writes.iter().for_each(|nanos| tally.writes.record(*nanos));
        Row { bdev: "B".into(), core, tally }
    }

    fn report(rows: Vec<Row>, seconds: f64) -> Report {
        let options = Options::parse_from(["perf", "-o", "1M"]);
        Report::new(&options, Rows { rows, hz: HZ, seconds, ended_early: false })
    }

    #[test]
    fn rows_add_up_to_the_total_and_so_do_reads_and_writes() {
        let rows = vec![row(0, &[1000; 30], &[5000; 10]), row(1, &[2000; 60], &[])];
        let report = report(rows, 2.0);
        let operations: Vec<_> = report.rows.iter().map(|row| row.figures.operations).collect();
        assert_eq!(operations, [40, 60]);
        assert_eq!(report.total.operations, 100);
        assert_eq!((report.total.iops, report.total.mib_per_second), (50.0, 50.0));
        let each = [&report.reads, &report.writes].map(|figures| figures.as_ref().expect("both"));
        assert_eq!(each.map(|figures| figures.operations), [90, 10]);
        let slowest = report.total.latency_us.expect("there are some").max;
        assert!((slowest - 5.0).abs() < 0.01, "{slowest}");
    }

    #[test]
    fn one_kind_alone_is_not_said_twice() {
        let report = report(vec![row(0, &[1000], &[])], 1.0);
        assert!(report.reads.is_none() && report.writes.is_none());
    }

    #[test]
    fn a_run_without_time_has_no_figures_but_zeroes() {
        let report = report(vec![row(0, &[], &[])], 0.0);
        assert_eq!((report.total.operations, report.total.iops), (0, 0.0));
        assert!(report.total.latency_us.is_none());
    }
}
