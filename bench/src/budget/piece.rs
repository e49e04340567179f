//! The names of the pieces, and what each runs.

use clap::ValueEnum;

use super::{reads, spawn, wake};
use crate::Failure;
use crate::options::{Device, Op};
use crate::target::{Target, app};
use crate::workload::{Operations, Shape};

/// A program that does one thing over and over.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Piece {
    /// Reads through C alone; `counted` has the calls that submit them.
    Bare,
    /// Reads through the safe API; `counted` has the polls that submit them.
    Submit,
    /// Reads through the safe API that are dropped in flight.
    Cancel,
    /// Tasks that are ready at once, each spawned, run and awaited.
    Spawn,
    /// Tasks that are woken away from their thread; `counted` has the calls of their wakers.
    Wake,
}

impl Piece {
    /// Does it `count` times, rounded up to a multiple of `depth`, which is how many are under way at
    /// once.
    pub(crate) fn run(self, count: u64, depth: usize) -> Result<(), Failure> {
        let waves = count.div_ceil(depth as u64);
        app().run(async move || {
            let target = Target::open(Device::Null).await?;
            let shape = Shape { op: Op::Read, size: 4096, depth };
            let operations = Operations::new(waves * depth as u64, shape, target.len);
            match self {
                Self::Bare => reads::bare(&target, shape, &operations).await?,
                Self::Submit => reads::submit(&target, shape, &operations).await?,
                Self::Cancel => reads::cancel(&target, shape, &operations).await?,
                Self::Spawn => spawn::spawn(waves * depth as u64).await,
                Self::Wake => wake::wake(waves, depth).await,
            }
            Ok::<_, spdk_async::Error>(())
        })??;
        Ok(())
    }
}
