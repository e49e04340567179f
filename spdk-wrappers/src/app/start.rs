//! Runs the main future on the app thread.
//!
//! One application runs at a time. `STATE` says whether; `Run` is what the callbacks of that
//! application share, on the thread that called `run`, which is also the app thread's OS thread.

use core::any::Any;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::future::poll_fn;
use core::pin::pin;
use core::sync::atomic::{AtomicU8, Ordering};
use core::task::Poll;
use std::borrow::Cow;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::OnceLock;
use std::thread::ThreadId;

use super::affinity::Affinity;
use super::builder::{App, Config, Shutdown};
use super::options::Options;
use super::shutdown::{self, shutdown_requested};
use super::signals::Signals;
use super::{checks, log, stop};
use crate::adapter::{JoinError, JoinHandle, guard};
use crate::env;
use crate::error::{Error, ErrorKind, Result};
use crate::thread::Runtime;

const OPERATION: &str = "spdk_app_start";

const DOWN: u8 = 0;
const STARTING: u8 = 1;
const UP: u8 = 2;
/// An application ended while buffers lived, so its memory stays and no other can start.
const STRANDED: u8 = 3;
static STATE: AtomicU8 = AtomicU8::new(DOWN);

/// The OS thread of the first application.
static FIRST: OnceLock<ThreadId> = OnceLock::new();

/// Whether SPDK's memory can be used.
pub(crate) fn is_up() -> bool {
    STATE.load(Ordering::SeqCst) == UP
}

/// The main future's output, or its panic; `None` while there is neither.
type Outcome<T> = RefCell<Option<Result<T, Box<dyn Any + Send>>>>;

/// What `spdk_app_start`'s first callback is given.
struct Launch {
    main: Cell<Option<Box<dyn FnOnce()>>>,
}

pub(super) fn run<T: 'static>(app: App, main: impl AsyncFnOnce() -> T + 'static) -> Result<T> {
    let mut options = Options::new(&app)?;
    claim()?;
    if let Err(reason) = checks::check_locks(app.core_mask()) {
        STATE.store(DOWN, Ordering::SeqCst);
        return Err(Error::new(OPERATION, ErrorKind::App { code: 1, reason: reason.into() }));
    }
    let outcome: Rc<Outcome<T>> = Rc::default();
    let signals = Signals::of_this_process();
    let main = launcher(main, Rc::clone(&outcome), app.shutdown, signals);
    let launch = Launch { main: Cell::new(Some(main)) };
    shutdown::reset();
    log::reset(app.log_level.to_c());
    let affinity = Affinity::of_this_thread();
    // An earlier application has left it where subsystems count as initialised.
    // SAFETY: no application runs.
    unsafe { spdk_sys::spdk_rpc_set_state(spdk_sys::SPDK_RPC_STARTUP) };
    let ctx = (&raw const launch).cast_mut().cast();
    // SAFETY: the options and what they point to live until the call returns, and so does the
    // launch; `claim` made sure that this is the only application.
    let ended = unsafe {
        let config = options.config.as_deref();
        spdk_sys::start_configured(&raw mut *options.opts, config, Some(started), ctx)
    };
    signals.restore();
    match ended {
        Ok(_) => finish_environment(),
        Err(_) => STATE.store(DOWN, Ordering::SeqCst),
    }
    affinity.restore();
    let (Ok(code) | Err(code)) = ended;
    let outcome = outcome.take();
    match outcome {
        Some(Err(panic)) => resume_unwind(panic),
        Some(Ok(output)) if code == 0 => Ok(output),
        _ if code == 0 => Err(Error::new(OPERATION, ErrorKind::ShutDown)),
        _ => {
            let reason = reason(code, &app);
            Err(Error::new(OPERATION, ErrorKind::App { code, reason }))
        }
    }
}

/// Takes the process's one place for an application.
fn claim() -> Result<()> {
    // SAFETY: no precondition.
    if !unsafe { spdk_sys::spdk_get_thread() }.is_null() {
        panic!("App::run was called on an spdk_thread; it blocks, so it needs a thread of its own");
    }
    // DPDK knows the thread that first started it as the main core, and no other.
    let first = *FIRST.get_or_init(|| std::thread::current().id());
    if spdk_sys::BACKEND == "system" && first != std::thread::current().id() {
        let reason = "SPDK starts only on the OS thread that started it first in this process";
        return Err(Error::invalid(OPERATION, reason));
    }
    unstrand();
    let claimed = STATE.compare_exchange(DOWN, STARTING, Ordering::AcqRel, Ordering::Acquire);
    claimed.map(drop).map_err(|state| {
        Error::invalid(
            OPERATION,
            match state {
                STRANDED => {
                    "an earlier application ended while a DmaBuf lived; drop the buffer first"
                }
                _ => "another application runs in this process",
            },
        )
    })
}

/// Finishes the end of an application that buffers had outlived, if they are gone by now.
fn unstrand() {
    let stranded = STATE.compare_exchange(STRANDED, STARTING, Ordering::SeqCst, Ordering::SeqCst);
    if stranded.is_ok() {
        finish_environment();
    }
}

/// Takes SPDK's environment down, unless buffers live in its memory.
fn finish_environment() {
    // No buffer can be made from here on; see `DmaBuf::zeroed`.
    STATE.store(STARTING, Ordering::SeqCst);
    let live = env::live_buffers();
    if live > 0 {
        tracing::error!(live, "a DmaBuf outlives its application; SPDK's memory stays up for it");
        STATE.store(STRANDED, Ordering::SeqCst);
        return;
    }
    // SAFETY: the application has ended, and nothing uses its environment any more.
    unsafe { spdk_sys::spdk_app_fini() };
    STATE.store(DOWN, Ordering::SeqCst);
}

/// Why an application did not start, in one line.
fn reason(code: i32, app: &App) -> Cow<'static, str> {
    let Some(reason) = spdk_sys::last_config_error() else {
        let reason = log::first_error();
        return match reason {
            Some(reason) if code == 1 => Cow::Owned(reason + missing_hugepages(app)),
            Some(reason) => Cow::Owned(reason + &missing_memory(code, app)),
            None => Cow::Borrowed("SPDK did not start and logged no reason"),
        };
    };
    let reason = reason.strip_prefix("spdk_app_start: ").unwrap_or(&reason);
    // Of the configuration, then, and not of the options.
    let place = match &app.config {
        config @ Config::File(_) if code < 0 => format!("{}: ", config.name()),
        _ => String::new(),
    };
    // Some methods log no more than they answer.
    let logged = log::first_error_of_step().filter(|logged| !reason.contains(logged));
    let logged = logged.map(|logged| format!("; SPDK logged: {logged}"));
    let memory = missing_memory(code, app);
    Cow::Owned(format!("{place}{reason}{}{memory}", logged.unwrap_or_default()))
}

/// What SPDK does not say when its memory ends, if that has been limited.
fn missing_memory(code: i32, app: &App) -> String {
    match app.memory_mib {
        Some(mib) if code == -libc::ENOMEM && spdk_sys::BACKEND == "system" => format!(
            "; SPDK has {mib} MiB of memory, so raise `memory_mib`, or make its pools smaller"
        ),
        _ => String::new(),
    }
}

/// What DPDK does not say.
fn missing_hugepages(app: &App) -> &'static str {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let none = memory.lines().any(|line| {
        let line: Vec<_> = line.split_whitespace().collect();
        line == ["HugePages_Total:", "0"]
    });
    match none && !app.no_huge {
        true => "; this machine has no hugepages, so reserve some, or use `no_huge`",
        false => "",
    }
}

/// The first step on the app thread: a runtime, and the main future as its first task.
fn launcher<T: 'static>(
    main: impl AsyncFnOnce() -> T + 'static,
    outcome: Rc<Outcome<T>>,
    shutdown: Shutdown,
    signals: Signals,
) -> Box<dyn FnOnce()> {
    Box::new(move || {
        STATE.store(UP, Ordering::SeqCst);
        let runtime = match Runtime::attach() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "the app thread has no runtime");
                // SAFETY: on the app thread.
                unsafe { spdk_sys::spdk_app_stop(1) };
                return;
            }
        };
        let Ok(main) = runtime.spawn(async move { main().await }) else { return };
        let watched = runtime.spawn(async move {
            let ended = main_or_shutdown(main, shutdown).await;
            outcome.replace(ended);
            signals.restore();
            stop::begin();
        });
        drop(watched);
    })
}

/// Awaits the main task; `None` if a shutdown cancels it first.
async fn main_or_shutdown<T>(
    main: JoinHandle<T>,
    shutdown: Shutdown,
) -> Option<Result<T, Box<dyn Any + Send>>> {
    let mut main = pin!(main);
    let mut requested = pin!(shutdown_requested());
    poll_fn(|cx| {
        if let Poll::Ready(ended) = main.as_mut().poll(cx) {
            return Poll::Ready(match ended {
                Ok(output) => Some(Ok(output)),
                Err(JoinError::Panicked(panic)) => Some(Err(panic)),
                Err(JoinError::Cancelled) => None,
            });
        }
        if shutdown == Shutdown::Cancel && requested.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

/// `spdk_app_start`'s first callback.
///
/// # Safety
///
/// - `ctx` is the `Launch` of the running application.
unsafe extern "C" fn started(ctx: *mut c_void) {
    guard("the start of an application", || {
        // SAFETY: the caller's promise.
        let launch = unsafe { &*ctx.cast_const().cast::<Launch>() };
        if let Some(main) = launch.main.take() {
            main();
        }
    });
}
