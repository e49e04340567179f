//! The figures as a table on standard output.

use std::io::{self, ErrorKind, Write};

use crate::Failure;
use crate::latency::Summary;
use crate::report::{Figures, Line, Report};

/// Prints the table. Who has closed the pipe does not want the rest.
pub(crate) fn print(report: &Report) -> Result<(), Failure> {
    match io::stdout().write_all(table(report).as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot print: {error}").into())
        }
        _ => Ok(()),
    }
}

/// A text with its control characters escaped, such as the end of a line in a name.
pub(crate) fn one_line(text: &str) -> String {
    let escaped = |c: char| match c {
        _ if c.is_control() => c.escape_default().collect(),
        _ => String::from(c),
    };
    text.chars().map(escaped).collect()
}

fn table(report: &Report) -> String {
    let rows = report
        .rows
        .iter()
        .map(|Line { bdev, core, figures }| (one_line(bdev), core.to_string(), figures));
    let further = [("reads", report.reads.as_ref()), ("writes", report.writes.as_ref())];
    let further = further.into_iter().chain([("total", Some(&report.total))]);
    let further =
        further.filter_map(|(name, figures)| Some((name.to_owned(), String::new(), figures?)));
    let rows: Vec<_> = rows.chain(further).collect();
    let width = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0);
    let heads = format!(
        "{:<width$} {:>4} {:>11} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "bdev", "core", "IOPS", "MiB/s", "average", "p50", "p90", "p99", "p99.9", "max"
    );
    let rows = rows.iter().map(|(name, core, figures)| line(name, width, core, figures));
    let lines: Vec<_> = [headline(report), heads].into_iter().chain(rows).collect();
    lines.join("\n") + "\n"
}

fn headline(report: &Report) -> String {
    let Report { backend, workload, size, depth, seconds, .. } = report;
    let share = report.read_percent.map(|percent| format!(" ({percent} % reads)"));
    let early = if report.ended_early { ", ended early" } else { "" };
    format!(
        "backend: {backend}; {workload}{} of {size} bytes, depth {depth}, {seconds:.2} s{early}; \
         latencies in µs",
        share.unwrap_or_default()
    )
}

fn line(name: &str, width: usize, core: &str, figures: &Figures) -> String {
    let Figures { iops, mib_per_second, latency_us, .. } = figures;
    let mut line = format!("{name:<width$} {core:>4} {iops:>11.0} {mib_per_second:>10.1}");
    match latency_us {
        Some(Summary { average, p50, p90, p99, p99_9, max, .. }) => {
            for micros in [average, p50, p90, p99, p99_9, max] {
                line += &format!(" {micros:>9.2}");
            }
        }
        None => line += &format!(" {:>9}", "-").repeat(6),
    }
    line
}
