//! Each of the eleven callback typedefs of `bdev.h`, awaited or streamed once. Prints a line for
//! each: its name, and what happened.
//!
//! Most of it goes through the safe API. Where that hides the callback, the awaitables of
//! `spdk_async::raw::bdev` are used directly. `spdk_bdev_init_cb` and `spdk_bdev_fini_cb` belong to
//! programs that bring SPDK up by themselves, so the example does that too, after the application.

mod by_hand;
mod opened;

use core::future::IntoFuture;
use core::task::Poll;
use core::time::Duration;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, poll};
use spdk_async::adapter::Subscription;
use spdk_async::bdev::{Bdev, BdevEvent, BlockDevice, QosLimits, wait_for_examine};
use spdk_async::raw::bdev as raw;
use spdk_async::{App, DmaBuf, Errno, LogLevel, spawn_local, timeout};

use by_hand::by_hand;
use opened::{Block, Opened, unregister};

type Failure = Box<dyn Error>;

/// A pool of 24 `spdk_bdev_io`s, so that it is easy to exhaust, and two bdevs of 8 MiB.
const CONFIG: &str = r#"{"subsystems": [{"subsystem": "bdev", "config": [
    {"method": "bdev_set_options",
     "params": {"bdev_io_pool_size": 24, "bdev_io_cache_size": 4}},
    {"method": "bdev_malloc_create",
     "params": {"name": "Malloc0", "num_blocks": 16384, "block_size": 512}},
    {"method": "bdev_malloc_create",
     "params": {"name": "Malloc1", "num_blocks": 16384, "block_size": 512}}]}]}"#;

const MIB: usize = 1 << 20;
/// What is waited for comes much sooner; if not, the example fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who cannot be told has the exit code.
            let _ = writeln!(io::stderr(), "callbacks: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    report("backend", spdk_async::BACKEND)?;
    App::new("callbacks")
        .json(CONFIG)
        .no_huge(true)
        .no_pci(true)
        .memory_mib(1024)
        .log_level(LogLevel::Disabled)
        .run(async || timeout(PATIENCE, in_an_application()).await)???;
    by_hand()
}

/// Prints what happened.
fn report(typedef: &str, what: &str) -> Result<(), Failure> {
    let printed = writeln!(io::stdout(), "{typedef}: {what}");
    printed.map_err(|error| format!("cannot print: {error}").into())
}

async fn in_an_application() -> Result<(), Failure> {
    wait_for_examine().await?;
    report("spdk_bdev_wait_for_examine_cb", "no module examines a bdev any more")?;

    let device = BlockDevice::open("Malloc0").await?;
    histogram_and_read(&device).await?;
    statistics(&device).await?;
    waiting_for_an_io().await?;
    slow_reads(&device).await?;
    device.close().await;
    removal().await
}

/// `spdk_bdev_histogram_status_cb`, `spdk_bdev_io_completion_cb`, `spdk_bdev_histogram_data_cb`.
async fn histogram_and_read(device: &BlockDevice) -> Result<(), Failure> {
    device.descriptor().enable_histogram().await?;
    report("spdk_bdev_histogram_status_cb", "latencies are counted on every channel")?;

    let buf = DmaBuf::zeroed(4096, device.dma_alignment())?;
    let (result, buf) = device.read_at(buf, 0).await;
    result?;
    report("spdk_bdev_io_completion_cb", &format!("read {} bytes", buf.len()))?;

    let histogram = device.descriptor().histogram().await?;
    let counted = histogram.total();
    expect(counted == 1, "the histogram should have counted one read")?;
    report("spdk_bdev_histogram_data_cb", &format!("{counted} latency was counted"))?;
    device.descriptor().disable_histogram().await?;
    Ok(())
}

/// `spdk_bdev_get_device_stat_cb`.
async fn statistics(device: &BlockDevice) -> Result<(), Failure> {
    let stat = device.stat().await?;
    // Modules that examined the bdev may have read from it too.
    expect(stat.read.bytes >= 4096, "the statistics should know of the read")?;
    let what = format!("reads: {}, bytes: {}", stat.read.operations, stat.read.bytes);
    report("spdk_bdev_get_device_stat_cb", &what)?;
    Ok(())
}

/// `spdk_bdev_io_wait_cb`: what the safe API does by itself when a call is refused with `ENOMEM`.
async fn waiting_for_an_io() -> Result<(), Failure> {
    let opened = Opened::open(c"Malloc1")?;
    let mut reads = FuturesUnordered::new();
    // Each read is begun and left in flight, until none can be had.
    loop {
        let block = Block::new()?;
        // SAFETY: the record keeps the channel, through it the descriptor, and the block of 512
        // bytes; the channel is of this thread.
        let read = unsafe { raw::spdk_bdev_read(opened.desc(), opened.clone(), block, 0, 512) };
        let mut read = read.into_future();
        match poll!(&mut read) {
            Poll::Pending => reads.push(read),
            Poll::Ready((result, _)) => {
                let refused = result.err().and_then(|error| error.refused_errno());
                expect(refused == Some(Errno::ENOMEM), "a read should be refused for ENOMEM")?;
                break;
            }
        }
    }
    let in_flight = reads.len();
    // SAFETY: the bdev is open, and the channel is of this thread.
    let wait = unsafe { raw::spdk_bdev_queue_io_wait(opened.bdev(), opened.clone()) };
    wait.await.0?;
    let what = format!("with {in_flight} reads in flight none was free; then one was");
    report("spdk_bdev_io_wait_cb", &what)?;
    while let Some((result, _)) = reads.next().await {
        result?;
    }
    Ok(())
}

/// `spdk_bdev_io_timeout_cb`: reads that a rate limit holds back for longer than a second.
async fn slow_reads(device: &BlockDevice) -> Result<(), Failure> {
    let limit =
        |bytes: usize| QosLimits { read_bytes_per_sec: Some(bytes as u64), ..QosLimits::default() };
    device.descriptor().set_qos_limits(limit(MIB)).await?;
    let mut timeouts = device.descriptor().timeouts(Duration::from_secs(1))?;
    let reads: Vec<_> = (0..4)
        .map(|index| {
            let device = device.clone();
            spawn_local(async move {
                let buf = DmaBuf::zeroed(MIB, device.dma_alignment())?;
                device.read_at(buf, (index * MIB) as u64).await.0
            })
        })
        .collect();
    let late = timeouts.next().await.ok_or("the stream of timeouts ended")?;
    expect(late.age() >= Duration::from_secs(1), "only I/O over the limit should be reported")?;
    let kind = late.io_type().map_or("an I/O".into(), |io_type| format!("a {io_type:?}"));
    let what = format!("{kind} has been in flight for more than {} s", late.age().as_secs());
    report("spdk_bdev_io_timeout_cb", &what)?;
    drop(timeouts);
    device.descriptor().set_qos_limits(limit(0)).await?;
    for read in reads {
        read.await??;
    }
    Ok(())
}

/// `spdk_bdev_event_cb_t` and `spdk_bdev_remove_cb_t`: a bdev goes away.
///
/// No function of `bdev.h` takes the second any more. It has the signature of a message, so it is
/// sent as one when the event has come, as a module would tell those above it.
async fn removal() -> Result<(), Failure> {
    let descriptor = Bdev::open("Malloc1").await?;
    let mut events = descriptor.events();
    let (remove, mut removals) = Subscription::<raw::spdk_bdev_remove_cb_t>::new("removal");
    let gone = unregister(c"Malloc1")?;

    expect(events.next().await == Some(BdevEvent::Remove), "a removal should be announced")?;
    report("spdk_bdev_event_cb_t", "Malloc1 is about to go")?;

    opened::send_to_this_thread(&remove);
    removals.next().await.ok_or("the stream of removals ended")?;
    report("spdk_bdev_remove_cb_t", "those who use Malloc1 were told")?;

    // The bdev waits for its last descriptor.
    drop(descriptor);
    gone.await?;
    expect(Bdev::lookup("Malloc1").is_err(), "Malloc1 should be gone")
}

fn expect(holds: bool, what: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(what.into()) }
}
