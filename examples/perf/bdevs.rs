//! The bdevs of a run: where they come from, which of them are used, and whether they can be.

use spdk_async::bdev::{Bdev, BlockDevice, IoType, wait_for_examine};
use spdk_async::{App, LogLevel, Shutdown};

use crate::Failure;
use crate::args::Options;
use crate::workload::{Places, Workload};

/// What there is without a configuration: 64 MiB each.
const CONFIG: &str = r#"{"subsystems": [{"subsystem": "bdev", "config": [
    {"method": "bdev_malloc_create",
     "params": {"name": "Malloc0", "num_blocks": 131072, "block_size": 512}},
    {"method": "bdev_null_create",
     "params": {"name": "Null0", "num_blocks": 131072, "block_size": 512}}]}]}"#;

/// Which of them is used if none is named: the one that keeps what is written.
const DEFAULT: &str = "Malloc0";

/// The application that a run is in.
pub(crate) fn app(options: &Options) -> App {
    let app = App::new("perf")
        .cores(options.cores.to_string())
        .memory_mib(options.memory)
        .no_huge(!options.hugepages)
        .no_pci(!options.pci)
        .log_level(LogLevel::Disabled)
        .shutdown(Shutdown::Notify);
    match &options.config {
        Some(path) => app.json_file(path),
        None => app.json(CONFIG),
    }
}

/// A bdev that is open for a run.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) device: BlockDevice,
    pub(crate) places: Places,
}

/// Opens the bdevs that the options name, each of which can do what they ask for.
pub(crate) async fn open(options: &Options) -> Result<Vec<Target>, Failure> {
    // Modules may find bdevs on those that the configuration has made.
    wait_for_examine().await?;
    let bdevs = chosen(options)?;
    for bdev in &bdevs {
        check(bdev, options)?;
    }
    let mut targets = Vec::new();
    for bdev in bdevs {
        let places = places(&bdev, options);
        let name = bdev.name().to_owned();
        let device = device(&name, options.workload).await?;
        targets.push(Target { name, device, places });
    }
    Ok(targets)
}

fn chosen(options: &Options) -> Result<Vec<Bdev>, Failure> {
    let named = match (&options.bdevs[..], &options.config) {
        ([], None) => &[DEFAULT.to_owned()],
        (named, _) => named,
    };
    if !named.is_empty() {
        return named.iter().map(|name| lookup(name)).collect();
    }
    match Bdev::leaves()? {
        bdevs if bdevs.is_empty() => {
            Err("the configuration has no bdev that is free; name one with --bdev".into())
        }
        bdevs => Ok(bdevs),
    }
}

fn lookup(name: &str) -> Result<Bdev, Failure> {
    let all = Bdev::all()?;
    if let Ok(bdev) = Bdev::lookup(name) {
        return Ok(bdev);
    }
    let mut names: Vec<_> = all.iter().take(20).map(Bdev::name).collect();
    if all.len() > names.len() {
        names.push("…");
    }
    Err(format!("there is no bdev `{name}`; there are: {}", names.join(", ")).into())
}

/// The places of an operation, of a bdev whose blocks have any size.
fn places(bdev: &Bdev, options: &Options) -> Places {
    Places::new(bdev.num_blocks().saturating_mul(u64::from(bdev.block_size())), options.size as u64)
}

/// Whether the bdev can do what the options ask for.
fn check(bdev: &Bdev, options: &Options) -> Result<(), Failure> {
    let Options { size, depth, workload, .. } = *options;
    let (name, block) = (bdev.name(), bdev.block_size());
    if !size.is_multiple_of(block as usize) {
        return Err(format!(
            "--size {size} is no multiple of the block size of the bdev `{name}`, {block} bytes"
        )
        .into());
    }
    let places = places(bdev, options).count();
    if places == 0 {
        let bytes = bdev.num_blocks() * u64::from(block);
        return Err(format!(
            "the bdev `{name}` has {bytes} bytes, too few for one operation of --size {size}"
        )
        .into());
    }
    if workload.writes() && !bdev.supports(IoType::Write) {
        return Err(
            format!("the bdev `{name}` cannot be written to; --workload is {workload}").into()
        );
    }
    let in_flight = u64::from(depth) * options.cores.count() as u64;
    if workload == Workload::Verify && places < in_flight {
        return Err(format!(
            "the bdev `{name}` has room for {places} operations of --size {size}, and verify needs one \
             for each of the {in_flight} in flight; lower --depth or --size"
        )
        .into());
    }
    Ok(())
}

/// Reads alone do not ask for a bdev that is not part of another.
async fn device(name: &str, workload: Workload) -> Result<BlockDevice, Failure> {
    let opened = match workload.writes() {
        true => Bdev::open(name).await,
        false => Bdev::open_read_only(name).await,
    };
    let descriptor = opened.map_err(|error| {
        let hint = match error.errno() {
            Some(errno) if errno.get() == EPERM => {
                " (it is part of another bdev; use that one, or read only)"
            }
            _ => "",
        };
        format!("the bdev `{name}`: {error}{hint}")
    })?;
    Ok(BlockDevice::new(descriptor))
}

/// A module has claimed the bdev.
const EPERM: i32 = 1;
