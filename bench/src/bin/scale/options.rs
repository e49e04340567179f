//! The command line.

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};

use crate::target::BLOCKS;

/// Measures time and memory of an operation by the number in flight on one spdk_thread.
#[derive(Parser)]
#[command(name = "scale")]
pub(crate) struct Options {
    /// Reads in flight at once.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000,10000,100000,1000000",
          value_parser = from_1_to(BLOCKS))]
    pub(crate) counts: Vec<usize>,
    /// How the reads are awaited.
    #[arg(long, value_delimiter = ',', default_value = "ordered,unordered,tasks")]
    pub(crate) ways: Vec<Way>,
    /// Tasks that wait at once.
    #[arg(long, default_value_t = 100_000, value_parser = from_1_to(u32::MAX.into()))]
    pub(crate) tasks: usize,
    /// Descriptors that are open at once, each with a channel.
    #[arg(long, default_value_t = 1000, value_parser = from_1_to(u32::MAX.into()))]
    pub(crate) descriptors: usize,
    /// Reads in flight at once on each of two cores.
    #[arg(long, default_value_t = 500_000, value_parser = from_1_to(BLOCKS))]
    pub(crate) per_core: usize,
    /// Rounds of each measurement; the fastest counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Passes over the counts of a way, each with a process for each count; the fastest counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) passes: u32,
    /// Measures one thing and prints it as JSON; what the program runs itself with.
    #[arg(long, hide = true, num_args = 2)]
    pub(crate) child: Option<Vec<String>>,
}

/// How reads are awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// In one task: all are started, then awaited in order.
    Ordered,
    /// In one task, with `FuturesUnordered`.
    Unordered,
    /// A task for each.
    Tasks,
}

impl Way {
    /// Its name on the command line and in the table.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().expect("no way is hidden").get_name().to_owned()
    }
}

fn from_1_to(most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=most)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_cannot_be_measured_is_refused() {
        Options::command().debug_assert();
        let accepts = |option, value| Options::try_parse_from(["scale", option, value]).is_ok();
        assert!(accepts("--counts", "1,2097152"));
        assert!(accepts("--per-core", "2097152"));
        for option in ["--counts", "--per-core"] {
            assert!(!accepts(option, "0") && !accepts(option, "2097153"), "{option}");
        }
        for option in ["--tasks", "--descriptors", "--rounds", "--passes"] {
            assert!(accepts(option, "1") && !accepts(option, "0"), "{option}");
        }
    }
}
