//! Ends that do not come, since something is still open: the application waits for it, and says for
//! what. Each case runs in a process of its own, which is stopped once it has said so.

#[path = "common/buffers.rs"]
mod buffers;
mod common;
#[path = "common/operations.rs"]
mod operations;

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use common::*;
use spdk_async::bdev::{Bdev, BlockDevice, QosLimits};
use spdk_async::{Worker, sleep, yield_now};

/// Runs `body` in a process of its own and answers the line in which that reports what holds it up.
fn report_of(body: impl FnOnce()) -> String {
    let Some((mut command, _alone)) = child() else {
        body();
        unreachable!("the end does not come");
    };
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    // The child's watchdog ends it, and with it its output, if it has nothing to say.
    let mut lines = lines.map(|line| line.expect("the child writes text"));
    let report = lines.find(|line| line.contains("held up"));
    // What the signal did before the application started, it does again once main has ended.
    // SAFETY: the child has not been awaited, so its id is its own.
    assert_eq!(unsafe { libc::kill(child.id().cast_signed(), libc::SIGTERM) }, 0);
    let status = child.wait().expect("the child can be awaited");
    assert_eq!(status.signal(), Some(libc::SIGTERM), "a signal ends it");
    report.expect("the child says what holds it up")
}

#[test]
fn a_device_that_main_returns() {
    let report = report_of(|| {
        let _device = with_app(malloc_and_null(), async || {
            let device = BlockDevice::open("Malloc0").await.unwrap();
            device.write_at(vec![1; BLOCK], 0).await.0.unwrap();
            device
        });
    });
    assert_eq!(report, "spdk-async: the end of a thread is held up: the bdev `Malloc0` is open");
}

/// The call's record keeps the channel, and through it the bdev, as nobody reads its result.
#[test]
fn a_forgotten_operation_with_a_channel() {
    let report = report_of(|| {
        with_app(malloc_and_null(), async || {
            let channel = Bdev::open("Malloc0").await.unwrap().channel().unwrap();
            let mut read = Box::pin(async move { channel.read(vec![0; BLOCK], 0).await });
            assert!(poll_once(read.as_mut()).is_pending());
            forget(read);
            sleep(Duration::from_millis(10)).await;
        });
    });
    for words in [
        "the end of a thread is held up",
        "the bdev `Malloc0` is open",
        "a channel of the bdev `Malloc0` is open",
        "spdk_bdev_read_blocks has completed, but its future is forgotten",
    ] {
        assert!(report.contains(words), "`{report}` does not say `{words}`");
    }
}

/// The worker's own end is through before the application's begins, but SPDK applies limits there.
#[test]
fn a_worker_with_the_limits_of_a_bdev() {
    let report = report_of(|| {
        with_app(malloc_and_null(), async || {
            let device = BlockDevice::open("Null0").await.unwrap();
            let worker = Worker::create("limiter", None).await.unwrap();
            let limited = device.clone();
            let set = worker.spawn(move || async move {
                limited.read_at(vec![0; BLOCK], 0).await.0.unwrap();
                let limits = QosLimits { rw_ios_per_sec: Some(5000), ..QosLimits::default() };
                limited.descriptor().set_qos_limits(limits).await.unwrap();
            });
            set.unwrap().await.unwrap();
            forget(device);
            worker.end();
            while !worker.has_ended() {
                yield_now().await;
            }
            sleep(Duration::from_millis(500)).await;
        });
    });
    assert!(report.contains("SPDK has pollers of its own there"), "`{report}`");
}

/// SPDK completes each of them, and each one's record keeps what it has. The report stays short.
#[test]
fn every_operation_forgotten() {
    let report = report_of(|| forget_operations(|_| true));
    assert!(!report.contains("in flight"), "`{report}`: SPDK has completed each");
    assert!(report.contains("has completed, but its future is forgotten"), "`{report}`");
    assert!(report.contains(", and ") && report.ends_with(" more"), "`{report}` lists them all");
}

/// One operation of each kind of record, all of which a report has room for.
#[test]
fn each_kind_of_operation_forgotten() {
    let kinds = [
        ("IoChannel::read", "spdk_bdev_read_blocks"),
        ("IoChannel::writev_blocks_with", "spdk_bdev_writev_blocks_ext"),
        ("IoChannel::comparev", "spdk_bdev_comparev_blocks"),
        ("IoChannel::seek_hole", "spdk_bdev_seek_hole"),
        ("IoChannel::zcopy", "spdk_bdev_zcopy_start"),
        ("IoChannel::reset", "spdk_bdev_reset"),
        ("Descriptor::stat", "spdk_bdev_get_device_stat"),
        ("Descriptor::enable_histogram", "spdk_bdev_histogram_enable"),
        ("wait_for_examine", "spdk_bdev_wait_for_examine"),
    ];
    let report = report_of(|| {
        forget_operations(move |name| kinds.iter().any(|kind| kind.0 == name));
    });
    assert!(!report.contains("in flight"), "`{report}`: SPDK has completed each");
    for (_, function) in kinds {
        let words = format!("{function} has completed, but its future is forgotten");
        assert!(report.contains(&words), "`{report}` does not say `{words}`");
    }
}

/// Runs an application that forgets the operations of these names, each polled once.
fn forget_operations(wanted: impl Fn(&str) -> bool + Send + 'static) {
    with_app(config(&[malloc("Malloc0", 2048), null("Null0", 2048)]), async move || {
        let channel = Bdev::open("Malloc0").await.unwrap().channel().unwrap();
        for case in operations::all().filter(|case| wanted(case.name)) {
            let mut op = (case.make)(channel.clone());
            let _ = poll_once(op.as_mut());
            core::mem::forget(op);
        }
        sleep(Duration::from_millis(50)).await;
        channel.write_blocks(vec![1; BLOCK], 0).await.0.unwrap();
    });
}
