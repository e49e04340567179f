//! The command line.

use core::time::Duration;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::cores::Cores;
use crate::units;
use crate::workload::{Mix, Workload};

/// Measures bdevs: throughput and latency of reads and writes.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "perf",
    after_help = "All workloads but `read` and `randread` overwrite the bdev."
)]
pub(crate) struct Options {
    /// The configuration of the bdevs, in SPDK's JSON form; without it, a malloc bdev `Malloc0` and a
    /// null bdev `Null0` of 64 MiB each.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A bdev to use, once for each; without it, all of the configuration that are not part of
    /// another one, or `Malloc0`.
    #[arg(short, long = "bdev", value_name = "NAME")]
    pub(crate) bdevs: Vec<String>,
    /// What the operations are.
    #[arg(short, long, value_name = "KIND", default_value = "randread")]
    pub(crate) workload: Workload,
    /// How many of a hundred operations of `rw` and `randrw` are reads [default: 50].
    #[arg(short = 'M', long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) read_percent: Option<u8>,
    /// Operations in flight, of each bdev on each core.
    #[arg(short = 'q', long, value_name = "COUNT", default_value = "32",
          value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) depth: u32,
    /// Bytes of an operation; 4k, 128K and 1M are steps of 1024.
    #[arg(short = 'o', long, value_name = "BYTES", default_value = "4k", value_parser = units::size)]
    pub(crate) size: usize,
    /// The cores, as a mask like 0x3 or a list like [0,2-3].
    #[arg(short = 'm', long, value_name = "MASK", default_value = "0x1")]
    pub(crate) cores: Cores,
    /// How long to measure.
    #[arg(short, long, value_name = "SECONDS", default_value = "5", value_parser = units::seconds)]
    pub(crate) time: Duration,
    /// How long to run before that.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = units::seconds_or_none)]
    pub(crate) warm_up: Duration,
    /// Where the random offsets, kinds and contents begin.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Also writes the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Also plots the latencies over their percentiles into this file, as SVG.
    #[arg(long, value_name = "FILE.svg", value_parser = svg)]
    pub(crate) plot: Option<PathBuf>,
    /// Memory for SPDK, in MiB.
    #[arg(short = 's', long, value_name = "MIB", default_value_t = 1024)]
    pub(crate) memory: u32,
    /// Takes that memory from hugepages.
    #[arg(long)]
    pub(crate) hugepages: bool,
    /// Lets SPDK use PCI devices.
    #[arg(long)]
    pub(crate) pci: bool,
}

impl Options {
    /// Reads the command line; ends the process where it cannot be, with exit code 2.
    pub(crate) fn from_command_line() -> Self {
        let options = Self::parse();
        if let Err(reason) = options.check() {
            Self::command().error(ErrorKind::ArgumentConflict, reason).exit();
        }
        options
    }

    /// What one option alone does not show.
    fn check(&self) -> Result<(), String> {
        if self.read_percent.is_some() && !self.workload.is_mixed() {
            let workload = self.workload;
            return Err(format!("--read-percent is for rw and randrw; here is {workload}"));
        }
        let twice = |(place, name)| self.bdevs[..place].contains(name);
        if let Some((_, name)) = self.bdevs.iter().enumerate().find(|one| twice(*one)) {
            return Err(format!("the bdev `{name}` is named twice; raise --depth instead"));
        }
        if self.json.is_some() && self.json == self.plot {
            return Err("--json and --plot name the same file".into());
        }
        Ok(())
    }

    /// What the operations are, and how many of a hundred are reads.
    pub(crate) fn mix(&self) -> Mix {
        Mix::new(self.workload, self.read_percent.unwrap_or(50))
    }
}

fn svg(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("svg") => Ok(path.to_owned()),
        _ => Err("a plot is SVG; let the name end in .svg".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str]) -> Result<(), String> {
        let arguments = ["perf"].iter().chain(arguments);
        Options::try_parse_from(arguments).map_err(|error| error.to_string())?.check()
    }

    #[test]
    fn the_definition_holds_together() {
        Options::command().debug_assert();
        assert_eq!(check(&[]), Ok(()));
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        assert_eq!(check(&["-w", "randrw", "-M", "100", "-b", "A", "-b", "B"]), Ok(()));
        assert_eq!(check(&["--json", "a.json", "--plot", "a.svg"]), Ok(()));
        for wrong in [
            &["-w", "read", "-M", "70"][..],
            &["-M", "70"],
            &["-w", "rw", "-M", "101"],
            &["-b", "A", "-b", "B", "-b", "A"],
            &["--json", "a.svg", "--plot", "a.svg"],
            &["--plot", "a.png"],
            &["-q", "0"],
            &["-q", "65537"],
            &["-o", "0"],
            &["-t", "0"],
            &["-m", "0"],
            &["-w", "trim"],
            &["more"],
        ] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }
}
