//! The figures as a table, and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::Failure;
use crate::census::Census;
use crate::measure::Cell;
use crate::options::Options;

/// All figures of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) backend: &'static str,
    pub(crate) heap: Vec<Census>,
    pub(crate) cells: Vec<Cell>,
}

impl Report {
    /// Prints the table, and writes the JSON where the options ask for it.
    pub(crate) fn write(&self, options: &Options) -> Result<(), Failure> {
        self.print(&mut io::stdout().lock())?;
        if let Some(path) = &options.json {
            let text = serde_json::to_string_pretty(self)?;
            std::fs::write(path, text + "\n")
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "backend: {}", self.backend)?;
        writeln!(out, "\nheap      allocations per read  per readv  bytes in flight (QD 1024)")?;
        for Census { lane, allocations_per_read, allocations_per_readv, bytes_in_flight } in
            &self.heap
        {
            writeln!(
                out,
                "{lane:<9} {allocations_per_read:>20.3}  {allocations_per_readv:>9.3}  {bytes_in_flight:>15.0}"
            )?;
        }
        writeln!(out, "\nratio: speed beside the bare callback, median of rounds (quartiles)")?;
        for cell in &self.cells {
            writeln!(
                out,
                "\n{} {} of {} bytes, QD {}",
                name(&cell.bdev),
                name(&cell.op),
                cell.size,
                cell.depth
            )?;
            let bare = cell.lanes[0].median_ns;
            for figures in &cell.lanes {
                let above = figures.median_ns - bare;
                let (low, high) = figures.spread;
                writeln!(
                    out,
                    "  {:<9} {:>9.1} ns  {above:>+9.1} ns  {:>6.3} ({low:.3} to {high:.3})",
                    name(&figures.lane),
                    figures.median_ns,
                    figures.ratio,
                )?;
            }
        }
        Ok(())
    }
}

fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
