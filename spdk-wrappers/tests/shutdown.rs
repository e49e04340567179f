//! Signals. Each case runs in a process of its own: this test binary, told by its environment.

mod common;

use core::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use common::*;
use spdk_async::bdev::{Bdev, BlockDevice, QosLimits};
use spdk_async::{ErrorKind, Shutdown, Worker, shutdown_requested, sleep, spawn_local, yield_now};

/// Sends this process a signal, from nowhere in particular.
fn raise(signal: i32) {
    let process = libc::pid_t::try_from(std::process::id()).unwrap();
    // SAFETY: no precondition.
    assert_eq!(unsafe { libc::kill(process, signal) }, 0);
}

#[test]
fn a_signal_cancels_main() {
    alone_in_child(|| {
        for signal in [libc::SIGTERM, libc::SIGINT] {
            let app = app().json(malloc_and_null()).shutdown(Shutdown::Cancel);
            let error = run(app, async move || {
                let device = BlockDevice::open("Malloc0").await.unwrap();
                let worker = Worker::create("busy", None).await.unwrap();
                let far = device.clone();
                drop(worker.spawn(move || async move {
                    loop {
                        far.write_at(vec![1; BLOCK], 0).await.0.unwrap();
                    }
                }));
                raise(signal);
                loop {
                    device.read_at(vec![0; BLOCK], 0).await.0.unwrap();
                }
            })
            .unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::ShutDown);
            assert_eq!(error.to_string(), "spdk_app_start: shut down before the work was finished");
        }
    });
}

#[test]
fn a_signal_is_notified_and_main_ends_by_itself() {
    alone_in_child(|| {
        for signal in [libc::SIGTERM, libc::SIGINT] {
            let app = app().json(malloc_and_null()).shutdown(Shutdown::Notify);
            let output = run(app, async move || {
                let waiting: Vec<_> = (0..3).map(|_| spawn_local(shutdown_requested())).collect();
                let worker = Worker::create("waiting", None).await.unwrap();
                let far = worker.spawn(shutdown_requested).unwrap();
                yield_now().await;
                assert!(waiting.iter().all(|task| !task.is_finished()));
                raise(signal);
                shutdown_requested().await;
                join_all(waiting).await;
                far.await.unwrap();
                // From here on it is ready at once.
                shutdown_requested().await;
                // The application is still up.
                let device = BlockDevice::open("Malloc0").await.unwrap();
                device.write_at(vec![1; BLOCK], 0).await.0.unwrap();
                "finished"
            });
            assert_eq!(output.unwrap(), "finished", "and the next application starts afresh");
        }
    });
}

#[test]
fn later_signals_change_nothing() {
    alone_in_child(|| {
        let app = app().json(config(&[])).shutdown(Shutdown::Notify);
        let output = run(app, async || {
            raise(libc::SIGTERM);
            shutdown_requested().await;
            raise(libc::SIGTERM);
            sleep(Duration::from_millis(20)).await;
            5
        });
        assert_eq!(output.unwrap(), 5);
    });
}

/// A signal that comes while subsystems start: the main future is not run, or cancelled at once.
#[test]
fn a_signal_during_the_start_is_not_lost() {
    alone_in_child(|| {
        let bdevs: Vec<_> = (0..100).map(|id| null(&format!("N{id}"), 8)).collect();
        for shutdown in [Shutdown::Cancel, Shutdown::Notify] {
            let sender = std::thread::spawn(|| {
                // SPDK handles the signal from a certain point of its start on.
                let deadline = Instant::now() + Duration::from_secs(20);
                loop {
                    // SAFETY: zeroes are a valid `sigaction`.
                    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
                    // SAFETY: the place is valid, and nothing is changed.
                    unsafe { libc::sigaction(libc::SIGTERM, core::ptr::null(), &raw mut action) };
                    if action.sa_sigaction != libc::SIG_DFL || Instant::now() > deadline {
                        break raise(libc::SIGTERM);
                    }
                    std::thread::yield_now();
                }
            });
            let app = app().json(config(&bdevs)).shutdown(shutdown);
            let output = run(app, async move || {
                if shutdown == Shutdown::Cancel {
                    pending::<()>().await;
                }
                shutdown_requested().await;
            });
            sender.join().unwrap();
            match shutdown {
                Shutdown::Notify => output.unwrap(),
                _ => assert_eq!(*output.unwrap_err().kind(), ErrorKind::ShutDown),
            }
        }
    });
}

#[test]
fn a_cancel_waits_for_io_that_is_stuck_in_spdk() {
    alone_in_child(|| {
        let app = app().json(config(&[null("Null0", 1 << 20)]));
        let error = run(app, async || {
            let channel = Bdev::open("Null0").await.unwrap().channel().unwrap();
            let limits = QosLimits { write_bytes_per_sec: Some(1 << 20), ..QosLimits::default() };
            channel.descriptor().set_qos_limits(limits).await.unwrap();
            channel.write_blocks(vec![0; 2 << 20], 0).await.0.unwrap();
            raise(libc::SIGTERM);
            channel.write_blocks(vec![0; BLOCK], 0).await.0.unwrap();
            pending::<()>().await;
        });
        assert_eq!(*error.unwrap_err().kind(), ErrorKind::ShutDown);
    });
}

#[test]
fn after_the_end_a_signal_is_the_process_s_own() {
    match in_child() {
        None => {
            for shutdown in [Shutdown::Cancel, Shutdown::Notify] {
                run(app().json(config(&[])).shutdown(shutdown), async || ()).unwrap();
            }
            raise(libc::SIGTERM);
            std::thread::sleep(Duration::from_secs(20));
            unreachable!("the signal's default action ends the process");
        }
        Some(status) => assert_eq!(status.signal(), Some(libc::SIGTERM)),
    }
}

#[test]
fn an_ignored_signal_is_the_process_s_own() {
    match in_child() {
        None => {
            let app = app().json(config(&[])).shutdown(Shutdown::Ignore);
            let _ = run(app, async || {
                raise(libc::SIGTERM);
                sleep(Duration::from_secs(20)).await;
            });
            unreachable!("the signal's default action ends the process");
        }
        Some(status) => assert_eq!(status.signal(), Some(libc::SIGTERM)),
    }
}
