//! Operations on one core, lost by tasks on another.

#[path = "common/buffers.rs"]
mod buffers;
#[path = "common/cancel.rs"]
mod cancel;
mod common;
#[path = "common/operations.rs"]
mod operations;
#[path = "common/seeds.rs"]
mod seeds;

use std::time::Duration;

use cancel::Bench;
use common::*;
use spdk_async::bdev::BlockDevice;
use spdk_async::{Worker, timeout, yield_now};

fn bdevs() -> String {
    config(&[pool(64, 8), malloc("Malloc0", 2048), null("Null0", 2048)])
}

async fn until_ended(worker: &Worker) {
    let ended = async {
        while !worker.has_ended() {
            turn().await;
        }
    };
    timeout(Duration::from_secs(20), ended).await.expect("the worker ends soon");
}

/// Their handles are dropped, aborted or awaited here, at random.
#[test]
fn tasks_of_another_thread() {
    let seed = seeds::first();
    eprintln!("seed {seed}; repeat it with {}={seed}", seeds::VARIABLE);
    let main = async move || {
        let bench = Bench::new().await;
        let device = BlockDevice::open("Malloc0").await.unwrap();
        let mut random = Random(seed);
        let cases: Vec<_> = operations::all().copied().collect();
        for _ in 0..20 {
            let worker = Worker::create("far", Some("0x2")).await.unwrap();
            let mut tasks = Vec::new();
            for _ in 0..40 {
                let case = cases[random.below(cases.len())];
                let device = device.clone();
                let task = worker.spawn(move || async move {
                    (case.make)(device.channel().unwrap()).await;
                });
                match (random.below(4), task.unwrap()) {
                    (0, task) => drop(task),
                    (1, task) => task.abort(),
                    (_, task) => tasks.push(task),
                }
                if random.below(3) == 0 {
                    yield_now().await;
                }
            }
            for task in tasks {
                match random.below(3) {
                    0 => task.abort(),
                    _ => task.await.expect("nobody aborts it"),
                }
            }
            worker.end();
            until_ended(&worker).await;
            bench.check("tasks of another thread").await;
        }
    };
    run(app().cores("0x3").json(bdevs()), main).unwrap();
}
