//! SPDK's `hello_bdev`: writes a block, reads it back, compares.
//!
//! Without arguments it makes a file, uses it as an AIO bdev, and looks at the file afterwards.
//! With `--json` it uses the bdevs of a configuration, with `--bdev` one of them by name.

use std::error::Error;
use std::fmt::Arguments;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use spdk_async::bdev::{Bdev, BlockDevice, with_bdev};
use spdk_async::{App, DmaBuf, LogLevel};

/// Writes a block of a bdev, reads it back and compares.
#[derive(Parser)]
struct Options {
    /// The bdev to use; without it, the first one there is.
    #[arg(long, value_name = "NAME")]
    bdev: Option<String>,
    /// The configuration of the bdevs, in SPDK's JSON form; without it, an AIO bdev on a new file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

type Failure = Box<dyn Error>;

/// What the file holds before, so that the write shows.
const PATTERN: u8 = 0xa5;
const BLOCK: usize = 512;
const FILE_BLOCKS: usize = 2048;

/// SPDK skips methods under a subsystem that it lacks, however its name came to be written there.
const NO_BDEV: &str = "the configuration makes no bdev; what it asks of a subsystem that this program \
                       does not have is skipped";

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who cannot be told has the exit code.
            let _ = writeln!(io::stderr(), "hello_bdev: {}", one_line(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// A text with its control characters escaped, such as the end of a line in a name.
fn one_line(text: &str) -> String {
    let escaped = |c: char| match c {
        _ if c.is_control() => c.escape_default().collect(),
        _ => String::from(c),
    };
    text.chars().map(escaped).collect()
}

fn run(options: Options) -> Result<(), Failure> {
    let app = App::new("hello_bdev")
        .no_huge(true)
        .no_pci(true)
        .memory_mib(1024)
        .log_level(LogLevel::Disabled);
    match options.json {
        Some(json) => with_config(app, &json, options.bdev),
        None => with_file(app, options.bdev),
    }
}

/// Uses the bdevs of a configuration.
fn with_config(app: App, json: &Path, name: Option<String>) -> Result<(), Failure> {
    let outcome = app.json_file(json).run(async || hello(name).await);
    outcome.map_err(Failure::from).flatten().map_err(|error| {
        let (json, error) = (json.display().to_string(), error.to_string());
        // Some errors name the file themselves.
        if error.contains(&json) { error } else { format!("{json}: {error}") }.into()
    })
}

/// Uses an AIO bdev on a new file, and looks at the file afterwards.
fn with_file(app: App, name: Option<String>) -> Result<(), Failure> {
    let file = tempfile::NamedTempFile::new()
        .map_err(|error| format!("cannot make a temporary file: {error}"))?;
    let path = file.path();
    let write = std::fs::write(path, vec![PATTERN; FILE_BLOCKS * BLOCK]);
    write.map_err(|error| format!("cannot write to {}: {error}", path.display()))?;
    app.json(aio_config(path)?).run(async || hello(name).await)??;
    check_file(path)
}

/// An AIO bdev on a file.
fn aio_config(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().ok_or_else(|| {
        format!("a configuration is UTF-8, which {path:?} is not; set TMPDIR to a folder that is")
    })?;
    let params = json!({"name": "AIO0", "filename": text, "block_size": BLOCK});
    let config = json!([{"method": "bdev_aio_create", "params": params}]);
    Ok(json!({"subsystems": [{"subsystem": "bdev", "config": config}]}).to_string())
}

/// Prints a line.
fn say(line: Arguments<'_>) -> Result<(), Failure> {
    writeln!(io::stdout(), "{}", one_line(&line.to_string()))
        .map_err(|error| format!("cannot print: {error}").into())
}

async fn hello(name: Option<String>) -> Result<(), Failure> {
    let name = match name {
        Some(name) => name,
        None => {
            let first = Bdev::all()?.into_iter().next();
            first.ok_or(NO_BDEV)?.name().to_owned()
        }
    };
    say(format_args!("backend: {}", spdk_async::BACKEND))?;
    // An error of an I/O does not say which bdev it was for.
    with_bdev(&name, write_and_read).await?.map_err(|error| format!("{name}: {error}").into())
}

async fn write_and_read(device: BlockDevice) -> Result<(), Failure> {
    let bdev = device.descriptor().bdev();
    say(format_args!(
        "opened {} ({}): {} blocks of {} bytes",
        bdev.name(),
        bdev.product_name(),
        device.num_blocks(),
        device.block_size()
    ))?;
    if device.num_blocks() == 0 {
        return Err("the bdev has no blocks".into());
    }
    let buf = DmaBuf::zeroed(device.block_size() as usize, device.dma_alignment())?;
    let (result, mut buf) = device.write_at(buf, 0).await;
    result.map_err(|error| match error.io_status() {
        Some(_) => format!("{error} (can the bdev be written to?)"),
        None => error.to_string(),
    })?;
    say(format_args!("wrote {} bytes", buf.len()))?;
    buf.fill(0xff);
    let (result, buf) = device.read_at(buf, 0).await;
    result?;
    say(format_args!("read {} bytes", buf.len()))?;
    if buf.iter().any(|byte| *byte != 0) {
        return Err("the bytes that were read are not those that were written".into());
    }
    say(format_args!("buf matches!"))?;
    let stat = device.stat().await?;
    say(format_args!(
        "statistics: {} write of {} bytes, {} read of {} bytes",
        stat.write.operations, stat.write.bytes, stat.read.operations, stat.read.bytes
    ))?;
    device.close().await;
    Ok(())
}

/// Looks at the file by other means: one zeroed block, and the rest as it was.
fn check_file(path: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(path)?;
    let (written, rest) = bytes.split_at(BLOCK);
    if written.iter().any(|byte| *byte != 0) {
        return Err("the file does not hold what was written".into());
    }
    if rest.len() != (FILE_BLOCKS - 1) * BLOCK || rest.iter().any(|byte| *byte != PATTERN) {
        return Err("the file was changed beyond the block that was written".into());
    }
    say(format_args!("the file holds what was written"))
}
