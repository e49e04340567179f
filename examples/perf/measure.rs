//! A run: a worker for each bdev on each core, all of them at the same time, until the time is over or a
//! signal comes.

use core::time::Duration;
use std::sync::Arc;

use fastrand::Rng;
use futures_util::future::{Either, select, try_join_all};
use spdk_async::{DmaBuf, Worker, shutdown_requested, timeout};

use crate::Failure;
use crate::args::Options;
use crate::bdevs::{self, Target};
use crate::progress::{Progress, Scene};
use crate::stream::{self, Done, Job, Tally};
use crate::window::Window;

/// What one worker has measured.
pub(crate) struct Row {
    pub(crate) bdev: String,
    pub(crate) core: u32,
    pub(crate) tally: Tally,
}

/// What all of them have.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    /// Ticks of a second, in which the rows count.
    pub(crate) hz: u64,
    /// For how many seconds.
    pub(crate) seconds: f64,
    pub(crate) ended_early: bool,
}

/// How long operations in flight may take when a signal has come.
const GRACE: Duration = Duration::from_secs(10);

/// Measures what the options name, on the app thread.
pub(crate) async fn all(options: &Options, progress: Progress) -> Result<Rows, Failure> {
    let targets = bdevs::open(options).await?;
    check_memory(targets.len(), options)?;
    let mut rng = Rng::with_seed(options.seed);
    let mut crew = Vec::new();
    for target in &targets {
        for (part, core) in options.cores.iter().enumerate() {
            let job = job(target, part, rng.fork(), options)?;
            crew.push((core, worker(&job, core).await?, job));
        }
    }
    // From here on, so that nothing but I/O is in it.
    let window = Arc::new(Window::new(options.warm_up, options.time));
    let done = crew.iter().map(|(_, _, job)| Arc::clone(&job.done)).collect();
    progress.begin(Scene { window: Arc::clone(&window), done, size: options.size });
    let mut names = Vec::new();
    let mut running = Vec::new();
    for (core, worker, job) in crew {
        names.push((job.name.clone(), core));
        let window = Arc::clone(&window);
        running.push(stream::output(worker.spawn(move || stream::run(job, window))?));
    }
    let tallies = until_done(try_join_all(running), &window).await?;
    let rows = names.into_iter().zip(tallies);
    let rows = rows.map(|((bdev, core), tally)| Row { bdev, core, tally }).collect();
    Ok(Rows {
        rows,
        hz: window.hz(),
        seconds: window.measured(),
        ended_early: window.was_stopped(),
    })
}

/// Whether the buffers of all workers fit. Not all of the memory is theirs, but then SPDK says so.
fn check_memory(targets: usize, options: &Options) -> Result<(), Failure> {
    let buffers = targets as u128 * options.cores.count() as u128 * u128::from(options.depth);
    let (mib, memory) = ((buffers * options.size as u128).div_ceil(1 << 20), options.memory);
    match mib > u128::from(memory) {
        false => Ok(()),
        true => Err(format!(
            "the buffers of all operations need {mib} MiB, and --memory is {memory}; raise it, or lower \
             --depth or --size"
        )
        .into()),
    }
}

fn job(target: &Target, part: usize, mut rng: Rng, options: &Options) -> Result<Job, Failure> {
    let Target { name, device, places } = target;
    let mut buffer = || {
        let mut buf = DmaBuf::zeroed(options.size, device.dma_alignment())?;
        rng.fill(&mut buf);
        Ok::<_, spdk_async::Error>(buf)
    };
    let buffers: Result<Vec<_>, _> = (0..options.depth).map(|_| buffer()).collect();
    let buffers = buffers.map_err(|error| {
        format!("no memory for the buffers ({error}); raise --memory, or lower --depth or --size")
    })?;
    Ok(Job {
        name: name.clone(),
        device: device.clone(),
        buffers,
        mix: options.mix(),
        places: *places,
        part,
        parts: options.cores.count(),
        rng,
        done: Arc::new(Done::default()),
    })
}

/// A worker whose channel is open.
async fn worker(job: &Job, core: u32) -> Result<Worker, Failure> {
    let worker = Worker::create(&job.name, Some(&format!("[{core}]"))).await?;
    let (name, device) = (&job.name, job.device.clone());
    let opened = worker.spawn(move || async move { device.channel().map(drop) })?;
    stream::output(opened)
        .await
        .map_err(|error| format!("the bdev `{name}` on core {core}: {error}"))?;
    Ok(worker)
}

/// Awaits what runs; a signal closes the window first.
async fn until_done<T>(
    running: impl Future<Output = Result<T, Failure>> + Unpin,
    window: &Window,
) -> Result<T, Failure> {
    let signal = core::pin::pin!(shutdown_requested());
    match select(running, signal).await {
        Either::Left((done, _)) => done,
        Either::Right(((), running)) => {
            window.stop();
            timeout(GRACE, running).await.unwrap_or_else(|_| {
                let seconds = GRACE.as_secs();
                Err(format!("operations in flight did not complete within {seconds} seconds")
                    .into())
            })
        }
    }
}
