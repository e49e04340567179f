//! A measurement in a process of its own: one job there and its figures back, as a line of JSON.

use std::io::Write;
use std::process::Command;

use clap::ValueEnum;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use spdk_async::DmaBuf;
use spdk_async::bdev::Bdev;

use crate::bare::Bare;
use crate::options::{Options, Way};
use crate::reads::{self, Times};
use crate::target::{CACHED, SIZE, app};
use crate::{Failure, cores, many};

/// Figures of reads that were in flight at once, for each of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Through the bare callback, in the same process.
    pub(crate) bare: Times,
    pub(crate) times: Times,
    /// Bytes of the heap while all are in flight, beside the buffers and what the backend has.
    pub(crate) held: f64,
    /// The most bytes at any moment.
    pub(crate) peak: f64,
}

impl Figures {
    /// Takes the lesser of each time.
    pub(crate) fn improve(&mut self, other: &Self) {
        self.bare = Times::least(&[self.bare, other.bare]);
        self.times = Times::least(&[self.times, other.times]);
    }
}

/// glibc keeps small blocks that were freed in lists, the last one first, and sorts them all now and then; with
/// a million tasks that takes longer than everything else. And it gives large blocks back to the system, which
/// clears them for the next round; what was taken is kept here, as it is with few in flight. Large pages are for
/// what they are in SPDK, whose memory is in such: fewer addresses to look up.
const TUNABLES: &str = "glibc.malloc.mxfast=0:glibc.malloc.mmap_max=0:\
    glibc.malloc.trim_threshold=1099511627776:glibc.malloc.hugetlb=1";

/// Does the job that the parent asks for.
pub(crate) fn work(job: &[String], options: &Options) -> Result<(), Failure> {
    let [what, count] = job else { return Err("a job has a name and a number".into()) };
    let count = count.parse()?;
    match what.as_str() {
        "tasks-alone" => answer(&many::tasks(count)?),
        "descriptors" => answer(&many::descriptors(count)?),
        "one-core" => answer(&cores::figures(&["0x1"], count, options.rounds)?),
        "two-cores" => answer(&cores::figures(&["0x1", "0x2"], count, options.rounds)?),
        way => answer(&figures(Way::from_str(way, true)?, count, options.rounds)?),
    }
}

fn answer(figures: &impl Serialize) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(figures)?)?)
}

/// Has a job done.
pub(crate) fn ask<T: DeserializeOwned>(
    what: &str,
    count: usize,
    options: &Options,
) -> Result<T, Failure> {
    let child = Command::new(std::env::current_exe()?)
        .env("GLIBC_TUNABLES", TUNABLES)
        .args(["--child", what, &count.to_string(), "--rounds", &options.rounds.to_string()])
        .output()?;
    let stdout = String::from_utf8_lossy(&child.stdout);
    let found = stdout.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    found.ok_or_else(|| {
        let stderr = String::from_utf8_lossy(&child.stderr);
        format!("{what} {count}: {}: {}", child.status, stderr.trim()).into()
    })
}

fn figures(way: Way, count: usize, rounds: u32) -> Result<Figures, Failure> {
    let measured = app(count, CACHED).run(async move || measure(way, count, rounds).await)??;
    Ok(measured)
}

/// Rounds on the current thread, in turn with those of the bare callback.
pub(crate) async fn measure(way: Way, count: usize, rounds: u32) -> spdk_async::Result<Figures> {
    let channel = Bdev::open("Null0").await?.channel()?;
    let bare = Bare::open();
    let mut buffers: Vec<_> =
        (0..count).map(|_| DmaBuf::zeroed(SIZE, 0)).collect::<Result<_, _>>()?;
    // From here on the backend has the memory that it needs for so many.
    bare.round(&mut buffers).await;
    let first = reads::round(way, &channel, &mut buffers).await;
    // Small rounds are repeated until they last long enough to be timed. Each goes through the bdev_ios
    // in the opposite order of the last, which the processor's prefetching may like better or worse: so
    // an even number of rounds, one after another.
    let repeat = 2 * 5_000_usize.div_ceil(count);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (mut one, mut other) = (Times::ZERO, Times::ZERO);
        for _ in 0..repeat {
            one = one + bare.round(&mut buffers).await;
        }
        for _ in 0..repeat {
            other = other + reads::round(way, &channel, &mut buffers).await.times;
        }
        without.push(one / repeat);
        with.push(other / repeat);
    }
    let each = |bytes: u64| bytes as f64 / count as f64;
    Ok(Figures {
        bare: Times::least(&without),
        times: Times::least(&with),
        held: each(first.held),
        peak: each(first.peak),
    })
}
