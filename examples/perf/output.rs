//! The files that a run writes.
//!
//! They are opened before the run, so that one that cannot be written is known at once. A file that was
//! there keeps what it holds until there is something to write; one that was not goes again if there
//! is nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::args::Options;
use crate::plot;
use crate::report::Report;

/// The files that the options name.
pub(crate) struct Outputs {
    json: Option<Output>,
    plot: Option<Output>,
}

impl Outputs {
    pub(crate) fn open(options: &Options) -> Result<Self, Failure> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Output::open).transpose();
        let (json, plot) = (open(&options.json)?, open(&options.plot)?);
        if let (Some(json), Some(plot)) = (&json, &plot)
            && json.is_same_file(plot)?
        {
            let (json, plot) = (json.path.display(), plot.path.display());
            return Err(format!("{json} and {plot} are the same file").into());
        }
        Ok(Self { json, plot })
    }

    pub(crate) fn write(self, report: &Report) -> Result<(), Failure> {
        if let Some(json) = self.json {
            json.write(&(serde_json::to_string_pretty(report)? + "\n"))?;
        }
        if let Some(plot) = self.plot {
            plot.write(&plot::svg(report)?)?;
        }
        Ok(())
    }
}

/// A file to write.
struct Output {
    path: PathBuf,
    file: File,
    /// Whether it goes unless it is written.
    is_new: bool,
}

impl Output {
    fn open(path: &Path) -> Result<Self, Failure> {
        let new = File::options().write(true).create_new(true).open(path);
        let (file, is_new) = match new {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                (File::options().write(true).open(path), false)
            }
            new => (new, true),
        };
        let file = file.map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), file, is_new })
    }

    /// Whether both are one file by different names.
    fn is_same_file(&self, other: &Self) -> io::Result<bool> {
        let (one, other) = (self.file.metadata()?, other.file.metadata()?);
        Ok(one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino()))
    }

    fn write(mut self, text: &str) -> Result<(), Failure> {
        self.replace(text).map_err(|error| failed(&self.path, &error))?;
        self.is_new = false;
        Ok(())
    }

    fn replace(&mut self, text: &str) -> io::Result<()> {
        // A pipe or a terminal has no length.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.is_new {
            // The run has failed, and says why.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    format!("{} cannot be written: {error}", path.display()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_is_as_before() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        fs::write(&old, "what was there, and long").expect("a file can be written");
        drop([Output::open(&new), Output::open(&old)].map(|output| output.expect("it opens")));
        assert!(!new.exists());
        assert_eq!(fs::read_to_string(&old).expect("it is there"), "what was there, and long");

        for path in [&new, &old] {
            let output = Output::open(path).expect("it opens");
            output.write("figures").expect("it is written");
            assert_eq!(fs::read_to_string(path).expect("it is there"), "figures");
        }
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        for path in [folder.path().to_owned(), folder.path().join("none/file")] {
            let error = Output::open(&path).err().expect("it does not open").to_string();
            assert!(error.contains(&*path.to_string_lossy()), "{error}");
        }
        let full = Output::open(Path::new("/dev/full")).expect("it opens");
        assert!(full.write("figures").is_err());
    }
}
