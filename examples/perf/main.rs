//! Measures bdevs as SPDK's `bdevperf` does, by the safe API alone: so many reads and writes at once,
//! for so long, and then how many there were and how long they took.
//!
//! ```sh
//! # A malloc bdev that the program makes itself: 4 KiB random reads, 32 at once, 5 seconds.
//! cargo run --release --example perf
//! # Two bdevs on two cores, 70 % reads, with a plot and the figures for other programs.
//! cargo run --release --example perf -- -b Malloc0 -b Null0 -m 0x3 -w randrw -M 70 -q 128 \
//!     --json figures.json --plot latency.svg
//! # Every bdev of a configuration: each block is written, read back and compared.
//! cargo run --release --example perf -- -c bdevs.json -w verify -o 128k -t 30
//! ```
//!
//! With an installed SPDK, beside `bdevperf` on the same configuration and the same terms (its options
//! have the same letters, but for `-T NAME` and the memory's), once, or in turn by `beside-bdevperf.sh`:
//!
//! ```sh
//! cargo run --release --example perf --features system -- \
//!     -c bdevs.json -b Null0 -m 0x1 -q 32 -o 4096 -w randread -t 5 --warm-up 0
//! $SPDK/build/examples/bdevperf --no-huge -s 1024 --no-pci \
//!     -c bdevs.json -T Null0 -m 0x1 -q 32 -o 4096 -w randread -t 5
//! ```
//!
//! NVMe devices need `--pci --hugepages`, and a machine set up as SPDK's documentation says. All but
//! reads overwrite what is on the bdev.
//!
//! How it measures: each bdev has a [`Worker`](spdk_async::Worker) on each core, and `--depth` tasks on
//! it. A task has one buffer and one operation in flight. It reads the clock once for each completion,
//! and that is also when its next operation begins. What completes in the warm-up, or after the end,
//! does not count.
//!
//! Exit codes: 0 after a whole run, 1 after an error, 2 for options that cannot be, 130 when a signal has
//! ended the run early (its figures so far are printed all the same).

mod args;
mod bdevs;
mod cores;
mod latency;
mod measure;
mod output;
mod plot;
mod progress;
mod report;
mod stream;
mod table;
mod units;
mod verify;
mod window;
mod workload;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use args::Options;
use output::Outputs;
use progress::Progress;
use report::Report;

/// What a run fails with, on whichever thread.
type Failure = Box<dyn Error + Send + Sync>;

/// As a shell has it for a program that SIGINT ended.
const ENDED_EARLY: u8 = 130;

fn main() -> ExitCode {
    match run(Options::from_command_line()) {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(ENDED_EARLY),
        Err(error) => {
            // Who cannot be told has the exit code.
            let _ = writeln!(io::stderr(), "perf: {}", table::one_line(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// Whether the run was ended early.
fn run(options: Options) -> Result<bool, Failure> {
    // Before the run, which would be for nothing if its figures could not be written.
    let outputs = Outputs::open(&options)?;
    // Its thread must not be tied to a core that measures, so it starts before SPDK does.
    let (progress, bar) = Progress::start();
    let (app, terms) = (bdevs::app(&options), options.clone());
    let measured = app.run(async move || measure::all(&terms, progress).await);
    bar.join();
    let rows = measured.map_err(Failure::from).flatten()?;
    let report = Report::new(&options, rows);
    // The one is of use where the other fails.
    let printed = table::print(&report);
    outputs.write(&report)?;
    printed.map(|()| report.ended_early)
}
