//! The same on two cores at once: a worker on each, which share nothing but the bdev.

use futures_util::future::try_join_all;
use spdk_async::{Result, Worker};

use crate::Failure;
use crate::child::{Figures, measure};
use crate::options::Way;
use crate::target::app;

/// So many reads at once on each of the first cores of the machine.
pub(crate) fn figures(
    cores: &'static [&'static str],
    count: usize,
    rounds: u32,
) -> core::result::Result<Vec<Figures>, Failure> {
    // Each thread has its own bdev_ios, so that they do not meet at the backend's pool either.
    let app = app(cores.len() * count, count).cores("0x3");
    Ok(app.run(async move || together(cores, count, rounds).await)??)
}

async fn together(cores: &[&str], count: usize, rounds: u32) -> Result<Vec<Figures>> {
    let mut workers = Vec::new();
    for core in cores {
        workers.push(Worker::create("scale", Some(core)).await?);
    }
    let start = |worker: &Worker| {
        let work = move || measure(Way::Ordered, count, rounds);
        worker.spawn(work).expect("the worker has not been told to end")
    };
    let running: Vec<_> = workers.iter().map(start).collect();
    let figures = try_join_all(running).await.expect("a measurement ends by itself");
    workers.iter().for_each(Worker::end);
    figures.into_iter().collect()
}
