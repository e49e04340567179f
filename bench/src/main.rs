//! What an await costs, beside a bare callback.
//!
//! The same workload runs in turn through each [lane](lanes), in one process and on one core, for
//! several alternating rounds. What counts is the ratio to the bare callback loop of the same round.

mod budget;
mod census;
#[expect(dead_code, reason = "`scale` also looks while operations are in flight")]
mod heap;
mod lanes;
mod measure;
mod options;
mod pieces;
mod report;
mod target;
mod workload;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use budget::Piece;
use clap::{Parser, ValueEnum};
use options::{Lane, Options};

type Failure = Box<dyn Error>;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    if let Some([name, count]) = options.fixed.as_deref() {
        let (count, depth) = (count.parse()?, options.depths[0]);
        return match Piece::from_str(name, true) {
            Ok(piece) => piece.run(count, depth),
            Err(_) => census::fixed(Lane::from_str(name, true)?, options.ops[0], count, depth),
        };
    }
    if let Some(lane) = options.census {
        let census = census::here(lane)?;
        return Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&census)?)?);
    }
    // Each in a process of its own, which has to be over before SPDK starts in this one.
    let heap = census::of_each_lane(options)?;
    let cells = measure::all(options)?;
    report::Report { backend: spdk_async::BACKEND, heap, cells }.write(options)
}
