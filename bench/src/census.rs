//! Allocations and bytes of an operation: counted, not timed, and each lane in a process of its own,
//! so that none profits from what another has left warm.

use std::process::Command;
use std::rc::Rc;

use futures_util::future::join;
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::heap::{Growth, allocations};
use crate::hold::Hold;
use crate::lanes::{self, Round};
use crate::options::{Device, Lane, Op, Options};
use crate::target::{Target, app};
use crate::workload::Shape;

const DEPTH: usize = 1024;
const COUNT: u64 = 20_000;

/// What one lane asks of the heap.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Census {
    /// The lane's name.
    pub(crate) lane: String,
    /// Allocations of a further operation, once everything is warm.
    pub(crate) allocations: Allocations,
    /// Bytes of the heap for each operation in flight beside its buffer, with its task.
    pub(crate) bytes_in_flight: f64,
}

/// A number for each kind of operation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Allocations {
    pub(crate) read: f64,
    pub(crate) write: f64,
    pub(crate) readv: f64,
}

/// Runs `count` operations through a lane, and nothing else.
pub(crate) fn fixed(lane: Lane, op: Op, count: u64, depth: usize) -> Result<(), Failure> {
    app().run(async move || {
        let target = Target::open(Device::Null).await?;
        round(lane, &target, op, count, depth).await.map(drop)
    })??;
    Ok(())
}

/// Counts in this process.
pub(crate) fn here(lane: Lane) -> Result<Census, Failure> {
    Ok(app().run(async move || count(lane).await)??)
}

async fn count(lane: Lane) -> spdk_async::Result<Census> {
    let target = Target::open(Device::Null).await?;
    // The backend makes what it needs for so many, which is not counted.
    grown(Lane::Callback, &target).await?;
    Ok(Census {
        lane: lane.to_string(),
        bytes_in_flight: grown(lane, &target).await? as f64 / DEPTH as f64,
        allocations: Allocations {
            read: further(lane, &target, Op::Read).await?,
            write: further(lane, &target, Op::Write).await?,
            readv: further(lane, &target, Op::Readv).await?,
        },
    })
}

/// How much the heap grew at most in a round. All operations are in flight at once before the first
/// completes, where completions can be kept back.
async fn grown(lane: Lane, target: &Target) -> spdk_async::Result<u64> {
    let round = Round::new(target, shape(Op::Read, DEPTH), COUNT)?;
    let operations = Rc::clone(&round.operations);
    let (growth, hold) = (Growth::start(), Hold::start());
    let all_in_flight = async {
        while operations.left() + DEPTH as u64 > COUNT {
            spdk_async::yield_now().await;
        }
        drop(hold);
    };
    join(lanes::run(lane, round), all_in_flight).await;
    Ok(growth.peak())
}

/// Allocations of a longer round beyond those of a shorter one, for each operation more.
async fn further(lane: Lane, target: &Target, op: Op) -> spdk_async::Result<f64> {
    round(lane, target, op, COUNT, DEPTH).await?;
    let short = round(lane, target, op, COUNT, DEPTH).await?;
    let long = round(lane, target, op, 3 * COUNT, DEPTH).await?;
    Ok((long as f64 - short as f64) / (2 * COUNT) as f64)
}

/// The allocations of one round.
async fn round(
    lane: Lane,
    target: &Target,
    op: Op,
    count: u64,
    depth: usize,
) -> spdk_async::Result<u64> {
    let round = Round::new(target, shape(op, depth), count)?;
    let before = allocations();
    lanes::run(lane, round).await;
    Ok(allocations() - before)
}

fn shape(op: Op, depth: usize) -> Shape {
    Shape { op, size: 4096, depth }
}

/// Counts each lane, in a process of its own.
pub(crate) fn of_each_lane(options: &Options) -> Result<Vec<Census>, Failure> {
    options.lanes().into_iter().map(in_a_child).collect()
}

fn in_a_child(lane: Lane) -> Result<Census, Failure> {
    let child =
        Command::new(std::env::current_exe()?).args(["--census", &lane.to_string()]).output()?;
    let stdout = String::from_utf8_lossy(&child.stdout);
    let found = stdout.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    found.ok_or_else(|| {
        let stderr = String::from_utf8_lossy(&child.stderr);
        format!("the census of `{lane}` failed: {}", stderr.trim()).into()
    })
}
