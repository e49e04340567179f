//! What the tests share: an application around a test's body, configurations, small async helpers.
//!
//! One application runs at a time in a process, and an installed SPDK starts only on one OS thread,
//! while `cargo test` runs the tests of a file on several. So `HOST` runs them all, one after
//! another. A test that hangs ends its process, with its name.
#![allow(dead_code, reason = "each test file uses a part of this")]

pub(crate) mod elsewhere;
pub(crate) mod raw;
pub(crate) mod recorder;

use core::fmt::Debug;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use futures_core::Stream;
use spdk_async::{App, BACKEND, Error, ErrorKind, JoinHandle, LogLevel, Result};

/// The block size of the bdevs that `malloc` and `null` make.
pub(crate) const BLOCK: usize = 512;

/// How long a test may take.
const LIMIT: Duration = Duration::from_secs(60);

type Job = Box<dyn FnOnce() + Send>;

/// The OS thread of every application of this process.
static HOST: LazyLock<Mutex<mpsc::Sender<Job>>> = LazyLock::new(|| {
    LazyLock::force(&CORES);
    let (jobs, queue) = mpsc::channel::<Job>();
    let host = std::thread::spawn(move || queue.into_iter().for_each(|job| job()));
    let host = host.thread().id();
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == host {
            *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
        }
        report(panic);
    }));
    Mutex::new(jobs)
});

/// The words of the host's last panic. What it prints is taken for output of the test that came first.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// A process's turn to use the machine's cores, of which an installed SPDK has each only once.
static CORES: LazyLock<Option<File>> = LazyLock::new(|| {
    let shared = BACKEND == "embedded" || std::env::var_os(CHILD).is_some();
    (!shared).then(|| {
        let path = std::env::temp_dir().join("spdk_async_tests.lock");
        let file = File::create(path).expect("the lock's file can be made");
        file.lock().expect("the lock can be taken");
        file
    })
});

/// The application that every test starts from.
pub(crate) fn app() -> App {
    App::new("spdk_async_test")
        .no_huge(true)
        .no_pci(true)
        .memory_mib(1024)
        .log_level(LogLevel::Disabled)
}

/// Leaks a value as [`Box::leak`] does, and lets a leak checker see where it is.
pub(crate) fn forget<T: 'static>(value: T) -> *mut T {
    static FORGOTTEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let place = Box::into_raw(Box::new(value));
    FORGOTTEN.lock().unwrap_or_else(PoisonError::into_inner).push(place.expose_provenance());
    place
}

/// Runs a test's body on the app thread of an application with this configuration.
pub(crate) fn with_app<T: Send + 'static>(
    config: impl Into<String>,
    main: impl AsyncFnOnce() -> T + Send + 'static,
) -> T {
    run(app().json(config), main).expect("the application starts and ends in order")
}

/// Runs an application on the host's thread.
pub(crate) fn run<T: Send + 'static>(
    app: App,
    main: impl AsyncFnOnce() -> T + Send + 'static,
) -> Result<T> {
    hosted(|| app.run(main))
}

/// Runs a job on the host's thread, alone and watched. Its panic is the caller's.
pub(crate) fn hosted<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let (done, outcome) = mpsc::channel();
    let job: Job = Box::new(move || {
        let _watchdog = Watchdog::start(name);
        let outcome = catch_unwind(AssertUnwindSafe(job));
        done.send(outcome).expect("the test waits");
    });
    HOST.lock().unwrap().send(job).expect("the host runs");
    outcome.recv().expect("the job ends").unwrap_or_else(|panic| {
        eprintln!("{}", LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner));
        resume_unwind(panic)
    })
}

const CHILD: &str = "SPDK_ASYNC_TEST_CHILD";

/// The command that runs this test again in a process of its own, and that process's turn; `None` in
/// that process.
pub(crate) fn child() -> Option<(Command, MutexGuard<'static, ()>)> {
    if std::env::var_os(CHILD).is_some() {
        return None;
    }
    // One at a time, for they want the same cores.
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    LazyLock::force(&CORES);
    let name = std::thread::current().name().expect("a test's thread has its name").to_owned();
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command.args(["--exact", &name, "--nocapture"]).env(CHILD, "1");
    Some((command, alone))
}

/// Runs this test again in a process of its own and answers how that ended; `None` in that process.
pub(crate) fn in_child() -> Option<ExitStatus> {
    let (mut command, _alone) = child()?;
    let output = command.output().expect("the test binary starts");
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stdout));
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Some(output.status)
}

/// Runs a test's body in a process of its own, where it must succeed.
pub(crate) fn alone_in_child(body: impl FnOnce()) {
    match in_child() {
        None => body(),
        Some(status) => assert!(status.success(), "{status}"),
    }
}

/// Ends the process if it is not dropped in time.
pub(crate) struct Watchdog(Option<mpsc::Sender<()>>);

impl Watchdog {
    pub(crate) fn start(name: String) -> Self {
        let (alive, watched) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if watched.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("{name}: still running after {LIMIT:?}; the process ends here");
                std::process::abort();
            }
        });
        Self(Some(alive))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// A configuration of the bdev subsystem.
pub(crate) fn config(methods: &[String]) -> String {
    let methods = methods.join(",");
    format!(r#"{{"subsystems":[{{"subsystem":"bdev","config":[{methods}]}}]}}"#)
}

fn method(name: &str, params: &str) -> String {
    format!(r#"{{"method":"{name}","params":{{{params}}}}}"#)
}

/// A malloc bdev of 512-byte blocks.
pub(crate) fn malloc(name: &str, num_blocks: u64) -> String {
    let params = format!(r#""name":"{name}","num_blocks":{num_blocks},"block_size":{BLOCK}"#);
    method("bdev_malloc_create", &params)
}

/// A null bdev of 512-byte blocks.
pub(crate) fn null(name: &str, num_blocks: u64) -> String {
    let params = format!(r#""name":"{name}","num_blocks":{num_blocks},"block_size":{BLOCK}"#);
    method("bdev_null_create", &params)
}

/// A bdev of 512-byte blocks on a file.
pub(crate) fn aio(name: &str, file: &Path) -> String {
    let file = file.display();
    let params = format!(r#""name":"{name}","filename":"{file}","block_size":{BLOCK}"#);
    method("bdev_aio_create", &params)
}

/// Options of the bdev layer: how many `spdk_bdev_io` there are, and how many each thread keeps.
pub(crate) fn pool(size: u32, cache: u32) -> String {
    let params = format!(r#""bdev_io_pool_size":{size},"bdev_io_cache_size":{cache}"#);
    method("bdev_set_options", &params)
}

/// The configuration of most tests: `Malloc0` and `Null0`, of 2048 blocks each.
pub(crate) fn malloc_and_null() -> String {
    config(&[malloc("Malloc0", 2048), null("Null0", 2048)])
}

/// Bytes that differ from block to block and from seed to seed.
pub(crate) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed);
    (0..len).map(|_| random.next() as u8).collect()
}

/// Pseudo-random numbers that a seed reproduces (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// A stream's next item.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Awaits tasks that neither panic nor are cancelled.
pub(crate) async fn join_all<T>(handles: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let mut outputs = Vec::new();
    for handle in handles {
        outputs.push(handle.await.expect("the task finishes"));
    }
    outputs
}

/// Lets SPDK have its turn: messages, pollers, completions. (`yield_now` may come back before.)
pub(crate) async fn turn() {
    spdk_async::sleep(Duration::ZERO).await;
}

/// Polls a future `times` times, with turns of the thread between; whether it was ready.
pub(crate) async fn poll_times(
    mut future: Pin<&mut (dyn Future<Output = ()> + '_)>,
    times: usize,
) -> bool {
    for _ in 0..times {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        turn().await;
    }
    false
}

/// Polls a future once.
pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The errno of an operation that must have failed.
#[track_caller]
pub(crate) fn errno_of<T: Debug>(result: Result<T>) -> Option<i32> {
    result.expect_err("the operation fails").errno().map(spdk_async::Errno::get)
}

/// The kind of an operation's failure.
#[track_caller]
pub(crate) fn kind_of<T: Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("the operation fails").kind().clone()
}

/// Asserts that an argument was refused by this crate, with a text that holds `words`.
#[track_caller]
pub(crate) fn assert_invalid<T: Debug>(result: Result<T>, words: &str) {
    let error: Error = result.expect_err("the operation fails");
    assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error:?}");
    assert!(error.to_string().contains(words), "`{error}` does not say `{words}`");
}
