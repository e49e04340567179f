//! The unit tests of `perf`, which stand beside its code. Cargo builds an example as a program or as
//! its tests; the program is what the tests in `perf.rs` run, so here are the others.

#![expect(dead_code, reason = "`main` is the one who calls it")]

#[path = "../perf/args.rs"]
mod args;
#[path = "../perf/bdevs.rs"]
mod bdevs;
#[path = "../perf/cores.rs"]
mod cores;
#[path = "../perf/latency.rs"]
mod latency;
#[path = "../perf/measure.rs"]
mod measure;
#[path = "../perf/output.rs"]
mod output;
#[path = "../perf/plot.rs"]
mod plot;
#[path = "../perf/progress.rs"]
mod progress;
#[path = "../perf/report.rs"]
mod report;
#[path = "../perf/stream.rs"]
mod stream;
#[path = "../perf/table.rs"]
mod table;
#[path = "../perf/units.rs"]
mod units;
#[path = "../perf/verify.rs"]
mod verify;
#[path = "../perf/window.rs"]
mod window;
#[path = "../perf/workload.rs"]
mod workload;

type Failure = Box<dyn core::error::Error + Send + Sync>;
