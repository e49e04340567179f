//! The life of an application.

mod common;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::*;
use spdk_async::bdev::Bdev;
use spdk_async::{App, BACKEND, ErrorKind, LogLevel, Shutdown, sleep, spawn_local, yield_now};

#[track_caller]
fn fails(app: App, words: &str) {
    let error = run(app, async || unreachable!("it does not start")).map(drop).unwrap_err();
    assert_eq!(error.operation(), "spdk_app_start");
    assert!(error.to_string().contains(words), "`{error}` does not say `{words}`");
}

#[test]
fn the_output_comes_back() {
    assert_eq!(with_app(config(&[]), async || 42), 42);
    assert_eq!(run(app(), async || "no configuration at all").unwrap(), "no configuration at all");
    // What is not `Send` stays on the thread that runs the application.
    hosted(|| {
        let input = Rc::new(5);
        let output = app().run(async move || Rc::clone(&input)).unwrap();
        assert_eq!(*output, 5);
    });
    let failure: Result<(), &str> = with_app(config(&[]), async || Err("its own failure"));
    assert_eq!(failure, Err("its own failure"));
}

#[test]
fn a_panic_of_main_comes_back_after_the_end() {
    let ended = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ended);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        with_app(malloc_and_null(), async move || {
            struct Ended(Arc<AtomicBool>);
            impl Drop for Ended {
                fn drop(&mut self) {
                    self.0.store(true, Ordering::SeqCst);
                }
            }
            let _ended = Ended(seen);
            let _open = Bdev::open("Malloc0").await.unwrap().channel().unwrap();
            yield_now().await;
            std::panic::panic_any("on purpose");
        });
    }));
    assert_eq!(*panic.unwrap_err().downcast_ref::<&str>().unwrap(), "on purpose");
    assert!(ended.load(Ordering::SeqCst));
    // And the next one starts.
    assert_eq!(with_app(config(&[]), async || 1), 1);
}

#[test]
fn tasks_that_are_left_are_cancelled() {
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dropped);
    with_app(malloc_and_null(), async move || {
        struct Dropped(Arc<AtomicBool>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
                // A task that a dying task spawns goes with it.
                drop(spawn_local(core::future::pending::<()>()));
            }
        }
        drop(spawn_local(async move {
            let _dropped = Dropped(seen);
            let channel = Bdev::open("Malloc0").await.unwrap().channel().unwrap();
            loop {
                channel.read_blocks(vec![0; BLOCK], 0).await.0.unwrap();
            }
        }));
        drop(spawn_local(sleep(Duration::from_secs(3600))));
        // This one never starts.
        sleep(Duration::from_millis(2)).await;
        drop(spawn_local(async { unreachable!("it is cancelled before its first turn") }));
    });
    assert!(dropped.load(Ordering::SeqCst));
}

#[test]
fn applications_follow_one_another() {
    for round in 0..10 {
        let bdev = format!("Round{round}");
        with_app(config(&[malloc(&bdev, 64)]), async move || {
            let names: Vec<_> =
                Bdev::all().unwrap().iter().map(|bdev| bdev.name().to_owned()).collect();
            assert_eq!(names, [bdev], "nothing is left of the last one");
        });
    }
}

#[test]
fn one_application_at_a_time() {
    with_app(config(&[]), async || {
        let inside = std::thread::spawn(|| app().run(async || ()));
        while !inside.is_finished() {
            yield_now().await;
        }
        // On another OS thread it is an error.
        let error = inside.join().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error}");
        // On this one it would block SPDK.
        let nested = std::panic::catch_unwind(|| app().run(async || ()));
        let text = nested.map(drop).unwrap_err();
        assert!(text.downcast_ref::<&str>().unwrap().contains("on an spdk_thread"));
    });
}

#[test]
fn an_installed_spdk_starts_on_its_first_thread_only() {
    if BACKEND != "system" {
        eprintln!("skipped: the embedded backend has no main core and starts on any thread");
        return;
    }
    with_app(config(&[]), async || ());
    let error = app().run(async || ()).unwrap_err();
    assert!(error.to_string().contains("only on the OS thread"), "{error}");
}

#[test]
fn configuration_files_that_cannot_be_read() {
    fails(app().json_file("/nonexistent/config.json"), "cannot read the configuration");
    fails(app().json_file("/tmp"), "irectory");
    fails(app().json_file("/tmp/with\0nul"), "");
}

#[test]
fn a_configuration_from_a_file() {
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(file.path(), format!("// with a comment\n{}", malloc_and_null())).unwrap();
    let names = run(app().json_file(file.path()), async || Bdev::all().unwrap().len());
    assert_eq!(names.unwrap(), 2);
}

#[test]
fn options_that_cannot_be_used() {
    fails(App::new("a\0b"), "the name holds a NUL");
    fails(app().cores("0\0"), "the core mask holds a NUL");
    fails(app().rpc_address("a\0"), "the RPC address holds a NUL");
    fails(app().memory_mib(u32::MAX), "2^31");
}

#[test]
fn every_option_at_once() {
    let app = App::new("options")
        .cores("0x1")
        .memory_mib(1024)
        .no_huge(true)
        .no_pci(true)
        .json(config(&[]))
        .log_level(LogLevel::Error)
        .shutdown(Shutdown::Ignore);
    assert!(format!("{app:?}").contains("options"));
    assert_eq!(run(app.clone(), async || 3).unwrap(), 3);
    assert_eq!(run(app.log_level(LogLevel::Disabled), async || 4).unwrap(), 4);
}
