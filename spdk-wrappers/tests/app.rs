//! The life of an application.

mod common;

use std::io::{BufRead as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::process::Stdio;
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
    // Twice: the cores of an application that has run do not excuse a mask of others.
    for _ in 0..2 {
        fails(App::new("a\0b"), "the name holds a NUL");
        fails(App::new("a/b").memory_mib(1024), "holds a `/`");
        fails(app().cores("0\0"), "the core mask holds a NUL");
        for mask in ["", "0x", "0x0", "xyz", "[", "[]", "[0-", "-l 0", "--lcores=0"] {
            fails(app().cores(mask), "is neither a mask like `0x3` nor a list like `[0,1]`");
        }
        let all = format!("0x{}", "f".repeat(64));
        for mask in [all.as_str(), "[1000]", "[0,900-901]"] {
            fails(app().cores(mask), "which this machine does not have");
        }
        for mib in [0, 1, 63] {
            fails(app().memory_mib(mib), "MiB of memory are too few");
        }
        for mib in [1 << 30, i32::MAX as u32, u32::MAX] {
            fails(app().memory_mib(mib), "MiB of memory are too many; this machine has");
        }
        fails(App::new("hugeless").no_huge(true).no_pci(true), "add `memory_mib`");
        assert_eq!(with_app(config(&[]), async || 1), 1);
    }
}

#[test]
fn rpc_addresses_that_cannot_be_used() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "precious").unwrap();
    let inside = format!("{}/socket", file.display());
    let long = format!("/tmp/{}", "x".repeat(103));
    for (address, words) in [
        ("", "1 to 107 bytes"),
        ("a\0", "holds a NUL"),
        (&long, "1 to 107 bytes"),
        ("/", "no path of a socket"),
        ("/nonexistent/x", "No such file or directory"),
        (&inside, "not a directory"),
        (file.to_str().unwrap(), "no socket"),
        (folder.path().to_str().unwrap(), "no socket"),
    ] {
        fails(app().rpc_address(address), words);
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
}

#[test]
fn an_rpc_address_is_of_one_application() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let socket = folder.path().join("rpc.sock");
    let address = socket.to_str().unwrap().to_owned();
    let lock = std::fs::File::create(folder.path().join("rpc.sock.lock")).unwrap();
    lock.lock().unwrap();
    fails(app().rpc_address(&address), "in use by another application");
    drop(lock);
    // The embedded backend has no RPC server.
    let listens = BACKEND == "system";
    for _ in 0..2 {
        let seen = socket.clone();
        let connected = run(app().rpc_address(&address).json(config(&[])), async move || {
            std::os::unix::net::UnixStream::connect(seen).is_ok()
        });
        assert_eq!(connected.unwrap(), listens);
        assert!(!socket.exists(), "the socket goes with its application");
    }
}

/// Another process has the core: that is said, and the next try may succeed.
#[test]
fn a_core_that_is_in_use() {
    if BACKEND != "system" {
        eprintln!("skipped: the embedded backend locks no cores");
        return;
    }
    // Locks are of a process: this one has the core, and its child wants it.
    let path = "/var/tmp/spdk_cpu_lock_000";
    let lock = move |kind: i32| {
        let file = std::fs::File::options().write(true).create(true).truncate(false).open(path);
        let file = file.unwrap();
        // SAFETY: zeroes are a valid lock.
        let mut lock: libc::flock = unsafe { core::mem::zeroed() };
        lock.l_type = kind as libc::c_short;
        // SAFETY: the file is open, the lock is valid.
        assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const lock) }, 0);
        file
    };
    let Some((mut command, _alone)) = child() else {
        let error = run(app(), async || ()).unwrap_err().to_string();
        assert!(error.contains("core 0 is in use by the SPDK process"), "{error}");
        let mut line = String::new();
        writeln!(std::io::stdout(), "refused").unwrap();
        std::io::stdin().read_line(&mut line).unwrap();
        run(app(), async || ()).unwrap();
        return;
    };
    hosted(move || {
        let held = lock(libc::F_WRLCK);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let refused = lines.any(|line| line.unwrap().ends_with("refused"));
        drop(held);
        std::fs::remove_file(path).unwrap();
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        lines.for_each(drop);
        assert!(child.wait().unwrap().success() && refused);
    });
}

/// Whoever starts a program may give it streams that take nothing.
#[test]
fn streams_that_are_full() {
    let Some((mut command, _alone)) = child() else {
        let app = app().log_level(LogLevel::Debug).json(malloc_and_null());
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        // SAFETY: no precondition.
        let stdout = unsafe { libc::dup(1) };
        // SAFETY: the file is open.
        assert_eq!(unsafe { libc::dup2(full.as_raw_fd(), 1) }, 1);
        let ended = run(app, async || 7);
        // SAFETY: the copy is open.
        assert_eq!(unsafe { libc::dup2(stdout, 1) }, 1);
        assert_eq!(ended.unwrap(), 7);
        return;
    };
    // While no application of this process has the core.
    hosted(move || {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        assert!(command.stderr(full).status().unwrap().success());
    });
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
