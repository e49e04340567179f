//! The command line.

use core::fmt;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use serde::Serialize;

use crate::target::{BLOCK_SIZE, BYTES, DEEPEST};

/// Measures what an await costs beside a bare callback, on whichever backend is linked.
#[derive(Parser)]
pub(crate) struct Options {
    /// Operations in flight.
    #[arg(long, value_delimiter = ',', default_value = "1,32,128,1024",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=DEEPEST))]
    pub(crate) depths: Vec<usize>,
    /// What the operations do.
    #[arg(long, value_delimiter = ',', default_value = "read,write,readv")]
    pub(crate) ops: Vec<Op>,
    /// Bytes of an operation, a multiple of 512.
    #[arg(long, value_delimiter = ',', default_value = "4096,131072", value_parser = size)]
    pub(crate) sizes: Vec<usize>,
    /// The bdevs; both are made by the benchmark.
    #[arg(long, value_delimiter = ',', default_value = "null,malloc")]
    pub(crate) bdevs: Vec<Device>,
    /// The ways to do an operation; the bare callback is always among them.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "callback,blocks,safe,raw,boxed,oneshot,promise"
    )]
    pub(crate) lanes: Vec<Lane>,
    /// Rounds of each lane, in turn.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// How long a round of the bare callback lasts, in milliseconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) round_ms: u64,
    /// Also writes the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Runs the first of the operations through one lane on the null bdev, or a piece of the budget (bare,
    /// submit, cancel, spawn or wake), so often and with the first depth, and prints nothing: for tools that
    /// count instructions.
    #[arg(long, value_names = ["NAME", "COUNT"], num_args = 2)]
    pub(crate) fixed: Option<Vec<String>>,
    /// Counts allocations of one lane and nothing else; what the benchmark runs itself with.
    #[arg(long, hide = true)]
    pub(crate) census: Option<Lane>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Op {
    /// `spdk_bdev_read` into one buffer.
    Read,
    /// `spdk_bdev_write` from one buffer.
    Write,
    /// `spdk_bdev_readv` into two halves.
    Readv,
}

/// A bdev of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Device {
    /// Completes without moving data.
    Null,
    /// Copies from and to memory.
    Malloc,
}

/// A way to do an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Lane {
    /// C's own way: a callback that submits the next operation.
    Callback,
    /// The same by blocks, which is how the safe API asks for a read or a write.
    Blocks,
    /// The safe API, a task for each operation in flight.
    Safe,
    /// The unsafe awaitables of `raw::bdev`, in such tasks.
    Raw,
    /// The same with records on the heap, awaited on the thread that submitted.
    Boxed,
    /// A boxed `futures` oneshot by hand, after the design of `spdk-io`.
    Oneshot,
    /// A promise shared by `Rc`, by hand, after the design of `rust-spdk`.
    Promise,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("no lane is hidden").get_name())
    }
}

impl Options {
    /// The lanes to measure, the bare callback first.
    pub(crate) fn lanes(&self) -> Vec<Lane> {
        let others = self.lanes.iter().copied().filter(|lane| *lane != Lane::Callback);
        core::iter::once(Lane::Callback).chain(others).collect()
    }
}

/// Whole blocks, and no more of them than a bdev has.
fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 1..=BYTES) if size.is_multiple_of(BLOCK_SIZE) => Ok(size as usize),
        _ => Err(format!("it must be a multiple of {BLOCK_SIZE} from {BLOCK_SIZE} to {BYTES}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_cannot_be_measured_is_refused() {
        Options::command().debug_assert();
        let accepts = |option, value| Options::try_parse_from(["bench", option, value]).is_ok();
        for depths in ["1", "1,32768"] {
            assert!(accepts("--depths", depths), "{depths}");
        }
        for depths in ["0", "32,0", "32769", "", "-1"] {
            assert!(!accepts("--depths", depths), "{depths}");
        }
        for sizes in ["512", "1536", "512,67108864"] {
            assert!(accepts("--sizes", sizes), "{sizes}");
        }
        for sizes in ["0", "511", "4096,1000", "67109376", "134217728", "4k"] {
            assert!(!accepts("--sizes", sizes), "{sizes}");
        }
    }
}
