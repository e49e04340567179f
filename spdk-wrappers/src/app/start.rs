//! Runs the main future on the app thread.
//!
//! One application runs at a time. `STATE` says whether; `Run` is what the callbacks of that
//! application share, on the thread that called `run`, which is also the app thread's OS thread.

use core::any::Any;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::sync::atomic::{AtomicU8, Ordering};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Mutex;

use futures_channel::oneshot;

use super::builder::{App, Shutdown};
use super::options::Options;
use super::stop;
use crate::adapter::{JoinError, guard};
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
    warn_of_backend();
    let outcome: Rc<Outcome<T>> = Rc::default();
    let launch = Launch { main: Cell::new(Some(launcher(main, Rc::clone(&outcome)))) };
    if app.shutdown != Shutdown::Ignore {
        options.opts.shutdown_cb = Some(match app.shutdown {
            Shutdown::Notify => notify_of_shutdown,
            Shutdown::Cancel | Shutdown::Ignore => cancel_main,
        });
    }
    let ctx = (&raw const launch).cast_mut().cast();
    // SAFETY: the options and what they point to live until the call returns, and so does the
    // launch; `claim` made sure that this is the only application.
    let code = unsafe { spdk_sys::spdk_app_start(&raw mut *options.opts, Some(started), ctx) };
    finish_environment();
    let outcome = outcome.take();
    match outcome {
        Some(Err(panic)) => resume_unwind(panic),
        Some(Ok(output)) if code == 0 => Ok(output),
        _ if code == 0 => Err(Error::new(OPERATION, ErrorKind::ShutDown)),
        _ => Err(Error::new(OPERATION, ErrorKind::App { code, reason: reason() })),
    }
}

/// Takes the process's one place for an application.
fn claim() -> Result<()> {
    // SAFETY: no precondition.
    if !unsafe { spdk_sys::spdk_get_thread() }.is_null() {
        panic!("App::run was called on an spdk_thread; it blocks, so it needs a thread of its own");
    }
    let claimed = STATE.compare_exchange(DOWN, STARTING, Ordering::AcqRel, Ordering::Acquire);
    claimed.map(drop).map_err(|state| {
        Error::invalid(OPERATION, match state {
            STRANDED => "an earlier application ended while a DmaBuf lived; drop such buffers first",
            _ => "another application runs in this process",
        })
    })
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

fn reason() -> std::borrow::Cow<'static, str> {
    match spdk_sys::last_config_error() {
        Some(reason) => reason.into(),
        None => "SPDK did not start; its log says why".into(),
    }
}

fn warn_of_backend() {
    if spdk_sys::BACKEND == "embedded" {
        tracing::warn!("the embedded backend stands in for SPDK; it is for development and tests");
    }
}

/// The first step on the app thread: a runtime, and the main future as its first task.
fn launcher<T: 'static>(
    main: impl AsyncFnOnce() -> T + 'static,
    outcome: Rc<Outcome<T>>,
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
        let main = runtime.spawn(async move { main().await });
        let (cancel, cancelled) = oneshot::channel::<()>();
        *CANCEL.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(cancel);
        let watched = runtime.spawn(async move {
            let Ok(main) = main else { return };
            let main = async move {
                match main.await {
                    Ok(output) => Some(Ok(output)),
                    Err(JoinError::Panicked(panic)) => Some(Err(panic)),
                    Err(JoinError::Cancelled) => None,
                }
            };
            let mut main = core::pin::pin!(main);
            let mut cancelled = cancelled;
            let ended = core::future::poll_fn(|cx| {
                if let core::task::Poll::Ready(ended) = main.as_mut().poll(cx) {
                    return core::task::Poll::Ready(ended);
                }
                // A sender that is gone never cancels.
                match core::pin::Pin::new(&mut cancelled).poll(cx) {
                    core::task::Poll::Ready(Ok(())) => core::task::Poll::Ready(None),
                    _ => core::task::Poll::Pending,
                }
            })
            .await;
            outcome.replace(ended);
            stop::begin();
        });
        drop(watched);
    })
}

/// Ends the main future.
static CANCEL: Mutex<Option<oneshot::Sender<()>>> = Mutex::new(None);

/// The wakers of those who wait for a shutdown to be requested, or `None` once it was.
static REQUESTED: Mutex<Requests> = Mutex::new(Requests { requested: false, waiting: Vec::new() });

struct Requests {
    requested: bool,
    waiting: Vec<core::task::Waker>,
}

/// Completes when SIGINT or SIGTERM asks the application to shut down, with
/// [`Shutdown::Notify`](crate::Shutdown::Notify).
pub async fn shutdown_requested() {
    core::future::poll_fn(|cx| {
        let mut requests = requests();
        if requests.requested {
            return core::task::Poll::Ready(());
        }
        if !requests.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            requests.waiting.push(cx.waker().clone());
        }
        core::task::Poll::Pending
    })
    .await;
}

fn requests() -> std::sync::MutexGuard<'static, Requests> {
    REQUESTED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
        requests().requested = false;
        if let Some(main) = launch.main.take() {
            main();
        }
    });
}

unsafe extern "C" fn cancel_main() {
    guard("the shutdown of an application", || {
        let cancel = CANCEL.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(cancel) = cancel {
            // The main future may have ended meanwhile.
            let _ = cancel.send(());
        }
    });
}

unsafe extern "C" fn notify_of_shutdown() {
    guard("the shutdown of an application", || {
        let waiting = {
            let mut requests = requests();
            requests.requested = true;
            core::mem::take(&mut requests.waiting)
        };
        waiting.into_iter().for_each(core::task::Waker::wake);
    });
}
