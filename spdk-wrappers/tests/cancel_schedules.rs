//! Random programs that lose their futures: at random polls, with their tasks, to timeouts and by
//! forgetting them, while others reset and remove bdevs. After each nothing is left of it, and the
//! bdev holds what it may.
//!
//! There are 10,000 of them, of new seeds each time; an installed SPDK, whose starts take long, runs
//! 2,000. `SPDK_ASYNC_SCHEDULES` asks for another number,
//! `SPDK_ASYNC_TEST_SEED` for the seed of the first; the one that fails names its own.

#[path = "common/buffers.rs"]
mod buffers;
#[path = "common/cancel.rs"]
mod cancel;
mod common;
#[path = "common/model.rs"]
mod model;
#[path = "common/operations.rs"]
mod operations;
#[path = "common/schedule.rs"]
mod schedule;
#[path = "common/seeds.rs"]
mod seeds;

use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use cancel::Bench;
use common::*;
use schedule::Stage;
use spdk_async::bdev::Bdev;
use spdk_async::timeout;

/// How many programs one application runs.
const RUN: usize = 250;
const DEFAULT: u64 = if cfg!(feature = "system") { 2_000 } else { 10_000 };
/// How many bdevs they can remove together.
const REMOVABLE: usize = 100;

/// Says which program it was, if it does not end in order.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (seed, variable) = (self.0, seeds::VARIABLE);
            // Not `eprintln`: what that prints is lost if the process aborts.
            let line = format!("repeat it with SPDK_ASYNC_SCHEDULES=1 {variable}={seed}\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
}

#[test]
fn random_programs() {
    let count = seeds::number("SPDK_ASYNC_SCHEDULES").unwrap_or(DEFAULT);
    let first = seeds::first();
    eprintln!("{count} programs from seed {first} on");
    let mut seeds: Vec<u64> = (first..first + count).collect();
    // A seed decides by itself whether its program has few or many `spdk_bdev_io`s.
    seeds.sort_by_key(|seed| seed % 2);
    let mut totals = [0, 0];
    for scarce in [false, true] {
        let seeds: Vec<u64> =
            seeds.iter().copied().filter(|seed| (seed % 2 == 1) == scarce).collect();
        for seeds in seeds.chunks(RUN) {
            let [steps, lost] = programs(seeds.to_vec(), scarce);
            totals = [totals[0] + steps, totals[1] + lost];
        }
    }
    let [steps, lost] = totals;
    eprintln!("{steps} steps, {lost} of them lost");
    assert!(count < 100 || lost > count, "programs lose futures");
}

fn programs(seeds: Vec<u64>, scarce: bool) -> [u64; 2] {
    let names: Vec<String> = (0..REMOVABLE).map(|id| format!("N{id}")).collect();
    let ios = if scarce { pool(12, 4) } else { pool(64, 16) };
    let mut bdevs = vec![ios, malloc("Malloc0", 2048), null("Null0", 2048)];
    bdevs.extend(names.iter().map(|name| null(name, 64)));
    with_app(config(&bdevs), async move || {
        let bench = Bench::new().await;
        let channel = Bdev::open("Malloc0").await.unwrap().channel().unwrap();
        let stage = Rc::new(Stage::new(names, scarce).await);
        for seed in seeds {
            let _named = Named(seed);
            unusual(seed);
            let ended = timeout(Duration::from_secs(20), stage.run(seed)).await;
            assert!(ended.is_ok(), "it hangs: {}", bench.left());
            usual();
            stage.unlimited().await;
            bench.check("a random program").await;
            for range in &stage.ranges {
                range.settle(&channel).await;
            }
        }
        [stage.steps.get(), stage.lost.get()]
    })
}

/// Lets SPDK behave as it rarely does, for some of the programs.
#[cfg(not(feature = "system"))]
fn unusual(seed: u64) {
    use spdk_sys::faults::{Completion, Faults, set};
    let mut random = Random(!seed);
    for name in ["Malloc0", "Null0"] {
        let faults = match random.below(6) {
            0 => Faults::new().delay(random.below(6) as u32),
            1 => Faults::new().shuffle(random.next()),
            2 => Faults::new().nomem(random.below(4) as u32),
            3 => {
                let failed = spdk_sys::SPDK_BDEV_IO_STATUS_FAILED;
                let completion = match random.below(2) {
                    0 => Completion::InsideSubmit(failed),
                    _ => Completion::Inline(failed),
                };
                Faults::new().completion(completion).limit(random.below(4) as u32)
            }
            _ => continue,
        };
        set(name, faults);
    }
}

#[cfg(not(feature = "system"))]
fn usual() {
    spdk_sys::faults::clear_all();
}

#[cfg(feature = "system")]
fn unusual(_seed: u64) {}

#[cfg(feature = "system")]
fn usual() {}
