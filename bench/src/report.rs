//! The figures as a table, and as JSON.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Failure;
use crate::census::{Allocations, Census};
use crate::measure::Cell;

/// All figures of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) backend: &'static str,
    pub(crate) heap: Vec<Census>,
    pub(crate) cells: Vec<Cell>,
}

impl Report {
    /// Prints the table, and writes the JSON where there is a file for it.
    pub(crate) fn write(&self, json: Option<Json>) -> Result<(), Failure> {
        // The one is of use where the other fails.
        let printed = self.print(&mut io::stdout().lock());
        if let Some(json) = json {
            json.write(&(serde_json::to_string_pretty(self)? + "\n"))?;
        }
        match printed {
            // Who has closed the pipe does not want the rest.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(format!("cannot print: {error}").into())
            }
            _ => Ok(()),
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "backend: {}", self.backend)?;
        writeln!(
            out,
            "\nheap      allocations per read  per write  per readv  bytes in flight (QD 1024)"
        )?;
        for Census { lane, allocations, bytes_in_flight } in &self.heap {
            let Allocations { read, write, readv } = allocations;
            writeln!(
                out,
                "{lane:<9} {read:>20.3}  {write:>9.3}  {readv:>9.3}  {bytes_in_flight:>15.0}"
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
            for figures in &cell.lanes {
                let (low, high) = figures.spread;
                writeln!(
                    out,
                    "  {:<9} {:>9.1} ns  {:>+9.1} ns  {:>6.3} ({low:.3} to {high:.3})",
                    name(&figures.lane),
                    figures.median_ns,
                    figures.above_ns,
                    figures.ratio,
                )?;
            }
        }
        Ok(())
    }
}

/// A file for the figures, opened before they are measured, for that would be for nothing if it could not
/// be written.
pub(crate) struct Json {
    path: PathBuf,
    file: File,
}

impl Json {
    /// What the file holds stays until there are figures.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn write(mut self, text: &str) -> Result<(), Failure> {
        let path = self.path.display();
        replace(&mut self.file, text).map_err(|error| format!("{path}: {error}").into())
    }
}

fn replace(file: &mut File, text: &str) -> io::Result<()> {
    // A pipe or a terminal has no length.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(text.as_bytes())
}

fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_what_it_holds_until_there_are_figures() {
        let path = std::env::temp_dir().join(format!("bench-{}.json", std::process::id()));
        std::fs::write(&path, "what was there, and longer").expect("a file can be written");
        drop(Json::open(&path).expect("it opens"));
        let json = Json::open(&path).expect("it opens");
        assert_eq!(
            std::fs::read_to_string(&path).expect("it is there"),
            "what was there, and longer"
        );
        json.write("figures").expect("it is written");
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "figures");
        std::fs::remove_file(&path).expect("it is there");
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let error = Json::open(Path::new("/nonexistent/x.json")).err().expect("there is no folder");
        assert!(error.to_string().contains("/nonexistent/x.json"), "{error}");
        let full = Json::open(Path::new("/dev/full")).expect("it opens");
        assert!(full.write("figures").is_err());
    }
}
