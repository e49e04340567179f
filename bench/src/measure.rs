//! The rounds, and what comes of them.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Failure;
use crate::lanes::{self, Round};
use crate::options::{Device, Lane, Op, Options};
use crate::target::{Target, app};
use crate::workload::Shape;

/// One combination of parameters, with the figures of each lane.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) bdev: Device,
    pub(crate) op: Op,
    /// Bytes of an operation.
    pub(crate) size: usize,
    /// Operations in flight.
    pub(crate) depth: usize,
    pub(crate) lanes: Vec<Figures>,
}

/// A lane's figures over the rounds of a cell.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) lane: Lane,
    /// Nanoseconds of an operation in each round.
    pub(crate) ns: Vec<f64>,
    /// The median of `ns`.
    pub(crate) median_ns: f64,
    /// By how much that is more than the bare callback's.
    pub(crate) above_ns: f64,
    /// The median of its rounds' speeds, each as a ratio to the bare callback's in the same round.
    pub(crate) ratio: f64,
    /// The quarter and three-quarter points of those ratios.
    pub(crate) spread: (f64, f64),
}

/// Measures every combination that the options name.
pub(crate) fn all(options: &Options) -> Result<Vec<Cell>, Failure> {
    let mut plan = Vec::new();
    for &bdev in &options.bdevs {
        for &op in &options.ops {
            for &size in &options.sizes {
                for &depth in &options.depths {
                    plan.push((bdev, Shape { op, size, depth }));
                }
            }
        }
    }
    let (lanes, rounds) = (options.lanes(), options.rounds);
    let goal = Duration::from_millis(options.round_ms);
    Ok(app().run(async move || {
        let mut cells = Vec::new();
        for (bdev, shape) in plan {
            cells.push(cell(bdev, shape, &lanes, rounds, goal).await?);
        }
        Ok::<_, spdk_async::Error>(cells)
    })??)
}

async fn cell(
    bdev: Device,
    shape: Shape,
    lanes: &[Lane],
    rounds: u32,
    goal: Duration,
) -> spdk_async::Result<Cell> {
    let target = Target::open(bdev).await?;
    let count = calibrate(&target, shape, goal).await?;
    let mut ns: Vec<Vec<f64>> = vec![Vec::new(); lanes.len()];
    for round in 0..=rounds {
        for (lane, ns) in lanes.iter().zip(&mut ns) {
            let took = timed(*lane, &target, shape, count).await?;
            // The first round warms up.
            if round > 0 {
                ns.push(took.as_nanos() as f64 / count as f64);
            }
        }
    }
    let bare = ns[0].clone();
    let lanes = lanes.iter().zip(ns).map(|(lane, ns)| figures(*lane, ns, &bare)).collect();
    Ok(Cell { bdev, op: shape.op, size: shape.size, depth: shape.depth, lanes })
}

/// How many operations the bare callback does in `goal`.
async fn calibrate(target: &Target, shape: Shape, goal: Duration) -> spdk_async::Result<u64> {
    let mut count = 1024.max(4 * shape.depth as u64);
    loop {
        let took = timed(Lane::Callback, target, shape, count).await?;
        if took >= goal / 4 {
            let wanted = count as f64 * goal.as_secs_f64() / took.as_secs_f64();
            return Ok((wanted as u64).max(shape.depth as u64));
        }
        count *= 4;
    }
}

async fn timed(
    lane: Lane,
    target: &Target,
    shape: Shape,
    count: u64,
) -> spdk_async::Result<Duration> {
    let round = Round::new(target, shape, count)?;
    let start = Instant::now();
    lanes::run(lane, round).await;
    Ok(start.elapsed())
}

fn figures(lane: Lane, ns: Vec<f64>, bare: &[f64]) -> Figures {
    let ratios: Vec<f64> = bare.iter().zip(&ns).map(|(bare, ns)| bare / ns).collect();
    let median_ns = quantile(&ns, 0.5);
    Figures {
        lane,
        median_ns,
        above_ns: median_ns - quantile(bare, 0.5),
        ratio: quantile(&ratios, 0.5),
        spread: (quantile(&ratios, 0.25), quantile(&ratios, 0.75)),
        ns,
    }
}

/// The value below which this part of the values lies, between its neighbours.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = part * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(quantile(&[5.0], 0.25), 5.0);
        assert_eq!(quantile(&[0.0, 4.0], 0.75), 3.0);
    }
}
