//! Each public operation, dropped before its first poll, after each poll, after each wake and inside
//! of each wake. Nothing of it is left: no record, no buffer, no `spdk_bdev_io`, no callback that
//! nobody waits for; and the bdev works on.

#[path = "common/buffers.rs"]
mod buffers;
#[path = "common/cancel.rs"]
mod cancel;
mod common;
#[path = "common/operations.rs"]
mod operations;
#[path = "common/public_api.rs"]
mod public_api;

use std::collections::BTreeSet;
use std::time::Duration;

use buffers::Counted;
use cancel::{Bench, Cut, Ended, each_cut, run};
use common::*;
use operations::{BDEV, Case, IO, Op, TASKS};
use spdk_async::bdev::{Bdev, IoChannel, QosLimits};

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

/// Runs each case at each of its moments, on each of the bdevs.
fn at_each_moment(cases: &[Case], prepare: fn(), restore: fn()) {
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.as_file().set_len(2048 * BLOCK as u64).unwrap();
    let aio = aio("Aio0", file.path());
    let bdevs = [pool(32, 4), malloc("Malloc0", 2048), null("Null0", 2048), aio];
    let config = config(&bdevs);
    for name in ["Malloc0", "Null0", "Aio0"] {
        let cases = cases.to_vec();
        // An application each: it is watched, and this takes a while.
        with_app(config.clone(), async move || {
            let bench = Bench::new().await;
            let channel = open(name).await;
            let mut moments = 0;
            for case in &cases {
                let make = || (case.make)(channel.clone());
                let what = format!("{} on {name}", case.name);
                moments += each_cut(&bench, &what, async || prepare(), make, restore).await;
            }
            assert!(moments >= 3 * cases.len(), "each has one of each kind at least");
        });
    }
}

fn as_it_is() {}

#[test]
fn io() {
    at_each_moment(IO, as_it_is, as_it_is);
}

#[test]
fn bdev_layer() {
    at_each_moment(BDEV, as_it_is, as_it_is);
}

#[test]
fn tasks_and_threads() {
    at_each_moment(TASKS, as_it_is, as_it_is);
}

/// Its target comes from a stream of timeouts, so it takes a stuck I/O to have one.
#[test]
fn abort_timed_out() {
    let bdevs = [pool(32, 4), malloc("Malloc0", 2048), null("Null0", 1 << 20)];
    with_app(config(&bdevs), async || {
        let descriptor = Bdev::open("Null0").await.unwrap();
        let channel = descriptor.channel().unwrap();
        let mut timeouts = descriptor.timeouts(Duration::from_secs(1)).unwrap();
        let limit = |bytes| QosLimits { write_bytes_per_sec: Some(bytes), ..QosLimits::default() };
        descriptor.set_qos_limits(limit(1 << 20)).await.unwrap();
        channel.write_blocks(vec![0; 16 << 20], 0).await.0.unwrap();
        let mut stuck = Box::pin(channel.write_blocks(Counted::new(&[4; BLOCK]), 5));
        assert!(poll_once(stuck.as_mut()).is_pending());
        let report = next(&mut timeouts).await.unwrap();
        drop(timeouts);
        // The first abort meets its target, dropped inside of its wake; the others find it gone.
        let abort = || -> Op {
            let (channel, report) = (channel.clone(), report.clone());
            Box::pin(async move { drop(channel.abort_timed_out(&report).await) })
        };
        let ended = run(abort(), Cut::InWake(1)).await;
        assert_eq!(ended, Ended::Dropped);
        let aborted = stuck.await;
        assert!(aborted.0.unwrap_err().io_status().unwrap().is_aborted());
        drop(aborted.1);
        descriptor.set_qos_limits(limit(0)).await.unwrap();
        let bench = Bench::new().await;
        assert!(each_cut(&bench, "abort_timed_out", async || (), abort, || ()).await >= 3);
    });
}

/// What SPDK's modules rarely do, by the switches of the embedded backend.
#[cfg(not(feature = "system"))]
mod rarely {
    use super::{BDEV, IO, at_each_moment};
    use spdk_sys::faults::{self, Completion, Faults};

    const SUCCESS: spdk_sys::spdk_bdev_io_status = spdk_sys::SPDK_BDEV_IO_STATUS_SUCCESS;
    const FAILED: spdk_sys::spdk_bdev_io_status = spdk_sys::SPDK_BDEV_IO_STATUS_FAILED;

    /// For each bdev that a case is tried on.
    fn set(faults: Faults) {
        for name in ["Malloc0", "Null0", "Aio0"] {
            faults::set(name, faults.clone());
        }
    }

    #[test]
    fn completions_are_held_back_and_out_of_order() {
        let hold = || set(Faults::new().delay(5).shuffle(7));
        at_each_moment(IO, hold, faults::clear_all);
        at_each_moment(BDEV, hold, faults::clear_all);
    }

    #[test]
    fn completions_inside_of_the_submit() {
        let succeed = || set(Faults::new().completion(Completion::InsideSubmit(SUCCESS)));
        at_each_moment(IO, succeed, faults::clear_all);
        at_each_moment(BDEV, succeed, faults::clear_all);
        let fail = || set(Faults::new().completion(Completion::InsideSubmit(FAILED)));
        at_each_moment(IO, fail, faults::clear_all);
    }

    #[test]
    fn callbacks_inside_of_the_submit() {
        let succeed = || set(Faults::new().completion(Completion::Inline(SUCCESS)));
        at_each_moment(IO, succeed, faults::clear_all);
        at_each_moment(BDEV, succeed, faults::clear_all);
        let fail = || set(Faults::new().completion(Completion::Inline(FAILED)));
        at_each_moment(IO, fail, faults::clear_all);
    }

    #[test]
    fn modules_without_memory() {
        let starve = || set(Faults::new().nomem(2));
        at_each_moment(IO, starve, faults::clear_all);
    }

    /// Statistics, histograms and limits walk over the channels of a bdev.
    #[test]
    fn walks_without_memory() {
        let starve = || faults::fail_next_walks(1);
        at_each_moment(BDEV, starve, faults::clear_all);
    }
}

/// Every function of the crate that answers a future, a stream or a handle is among the cases.
#[test]
fn every_public_operation_is_a_case() {
    let known: BTreeSet<String> = operations::all()
        .map(|case| case.name.split(',').next().unwrap().to_owned())
        // It has a test of its own.
        .chain(["IoChannel::abort_timed_out".to_owned()])
        .collect();
    let public = public_api::awaitables();
    assert!(public.len() > 40, "the source was read: {public:?}");
    let missing: Vec<_> = public.difference(&known).collect();
    assert!(missing.is_empty(), "give these a case in tests/common/operations.rs: {missing:?}");
    let gone: Vec<_> = known.difference(&public).collect();
    assert!(gone.is_empty(), "these are no public operations: {gone:?}");
}
