//! What an operation costs when a million are in flight at once, and what tasks and descriptors cost
//! by the thousand.
//!
//! Each figure is of a [process of its own](child), whose heap nothing else has filled.

mod bare;
mod child;
mod cores;
#[path = "../../heap.rs"]
#[expect(dead_code, reason = "the other program also counts allocations")]
mod heap;
#[path = "../../hold.rs"]
mod hold;
mod many;
mod options;
mod reads;
mod report;
mod target;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use options::Options;

type Failure = Box<dyn Error>;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.child {
        Some(job) => child::work(job, &options),
        None => report::print(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scale: {error}");
            ExitCode::FAILURE
        }
    }
}
