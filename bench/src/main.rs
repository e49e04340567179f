//! What an await costs, beside a bare callback.
//!
//! The same workload runs in turn through each [lane](lanes), in one process and on one core, for
//! several alternating rounds. What counts is the ratio to the bare callback loop of the same round.

mod budget;
mod census;
#[expect(dead_code, reason = "`scale` also looks while operations are in flight")]
mod heap;
#[expect(dead_code, reason = "`scale` also asks whether it works")]
mod hold;
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
use report::Json;

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
        return fixed(name, count, options);
    }
    if let Some(lane) = options.census {
        let census = census::here(lane)?;
        return Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&census)?)?);
    }
    let json = options.json.as_deref().map(Json::open).transpose()?;
    // Each in a process of its own, which has to be over before SPDK starts in this one.
    let heap = census::of_each_lane(options)?;
    let cells = measure::all(options)?;
    report::Report { backend: spdk_async::BACKEND, heap, cells }.write(json)
}

fn fixed(name: &str, count: &str, options: &Options) -> Result<(), Failure> {
    let count = count.parse().map_err(|error| format!("the count `{count}`: {error}"))?;
    let (op, depth) = (options.ops[0], options.depths[0]);
    match (Piece::from_str(name, true), Lane::from_str(name, true)) {
        (Ok(piece), _) => piece.run(count, depth),
        (_, Ok(lane)) => census::fixed(lane, op, count, depth),
        _ => Err(format!("`{name}` is neither a lane nor a piece of the budget").into()),
    }
}
