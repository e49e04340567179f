//! Starting and stopping an application.
//!
//! Invariants: one application at a time per process, from [`spdk_app_start`] to [`spdk_app_fini`].
//! From the moment the reactors run, the state of the run changes only on the app thread. No lock is
//! held while anything of the caller's runs.

use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::config::{self, report};
use super::core_mask;
use super::env::set_up_env;
use super::opts::{AppOpts, spdk_app_opts, spdk_app_shutdown_cb};
use super::reactor::{self, Reactors};
use super::signals::SignalHandlers;
use super::subsystem::{spdk_subsystem_fini, spdk_subsystem_init};
use crate::{
    SPDK_LOG_WARN, SPDK_RPC_RUNTIME, SPDK_RPC_STARTUP, spdk_env_fini, spdk_log_close,
    spdk_log_open, spdk_log_set_print_level, spdk_msg_fn, spdk_rpc_set_state,
    spdk_subsystem_load_config, spdk_thread, spdk_thread_create, spdk_thread_get_app_thread,
    spdk_thread_send_critical_msg, spdk_thread_send_msg,
};

/// Where the process is between two applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No application.
    Down,
    /// [`spdk_app_start`] runs.
    Started,
    /// [`spdk_app_start`] has returned; [`spdk_app_fini`] is due.
    Ended,
}

/// The application of this process.
struct App {
    phase: Phase,
    rc: c_int,
    stopped: bool,
    shm_id: c_int,
    shutdown_cb: spdk_app_shutdown_cb,
    start_fn: spdk_msg_fn,
    start_arg: *mut c_void,
    config: Option<Arc<[u8]>>,
    ignore_config_errors: bool,
}

// SAFETY: `start_arg` is only handed to `start_fn`, on the app thread, as the caller of
// spdk_app_start allowed.
unsafe impl Send for App {}

static APP: Mutex<App> = Mutex::new(App {
    phase: Phase::Down,
    rc: 0,
    stopped: false,
    shm_id: -1,
    shutdown_cb: None,
    start_fn: None,
    start_arg: null_mut(),
    config: None,
    ignore_config_errors: false,
});

fn app() -> MutexGuard<'static, App> {
    APP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts an application and blocks until it has stopped.
///
/// The calling OS thread becomes the reactor of the main core and runs the app thread; the other
/// cores of `reactor_mask` get an OS thread each. On the app thread the start-up part of the JSON
/// configuration runs, the subsystems are initialized, the rest of the configuration runs, and then
/// `start_fn(ctx)`.
///
/// Returns the code given to [`spdk_app_stop`]; a failed configuration stops with a negative errno.
/// Returns 1 without running anything if the options are invalid, the cores do not exist, or the
/// configuration cannot be read; [`last_config_error`](crate::last_config_error) tells why. A start
/// that returns 1 has taken down whatever it had brought up; calling [`spdk_app_fini`] is harmless.
///
/// In a process that starts several applications one after another the first one's `reactor_mask`
/// holds for all, as in SPDK.
///
/// # Safety
///
/// - `opts` is null, or filled in by [`spdk_app_opts_init`](crate::spdk_app_opts_init) and changed
///   to valid pointers, which live until this function returns.
/// - `start_fn` may be called with `ctx` on the calling OS thread.
pub unsafe extern "C" fn spdk_app_start(
    opts: *mut spdk_app_opts,
    start_fn: spdk_msg_fn,
    ctx: *mut c_void,
) -> c_int {
    config::clear();
    // SAFETY: the caller's promise about `opts` is the one that both functions ask for.
    let outcome = unsafe { AppOpts::check(opts, start_fn).and_then(|opts| run(&opts, ctx)) };
    outcome.unwrap_or_else(|message| {
        report(message);
        1
    })
}

/// # Safety
///
/// - As [`spdk_app_start`], with options that have been checked.
unsafe fn run(opts: &AppOpts, ctx: *mut c_void) -> Result<c_int, String> {
    // SAFETY: the caller of spdk_app_start promises valid strings and data.
    let config = unsafe { opts.read_config() }?;
    {
        let mut app = app();
        if app.phase != Phase::Down {
            return Err("spdk_app_start: an application has been started already; \
                        call spdk_app_fini after it has ended"
                .to_owned());
        }
        *app = App {
            phase: Phase::Started,
            rc: 0,
            stopped: false,
            shm_id: opts.raw.shm_id,
            shutdown_cb: opts.raw.shutdown_cb,
            start_fn: Some(opts.start_fn),
            start_arg: ctx,
            config: config.map(Arc::from),
            ignore_config_errors: opts.raw.json_config_ignore_errors,
        };
    }
    // SAFETY: as above.
    let outcome = unsafe { bring_up(opts) };
    let reached = if outcome.is_ok() { Phase::Ended } else { Phase::Down };
    let mut app = app();
    app.phase = reached;
    outcome.map(|()| app.rc)
}

/// Brings everything up, runs the reactors, and returns when they have stopped.
///
/// # Safety
///
/// - As [`spdk_app_start`], with options that have been checked.
unsafe fn bring_up(opts: &AppOpts) -> Result<(), String> {
    // SAFETY: sets a process-wide level.
    unsafe { spdk_log_set_print_level(opts.raw.print_level) };
    // SAFETY: the caller of spdk_app_start promises valid strings.
    unsafe { set_up_env(opts) }?;
    // SAFETY: `log` is a function that the caller of spdk_app_start made callable, or null.
    unsafe { spdk_log_open(opts.raw.log) };
    announce(opts);
    let outcome = run_reactors(opts);
    if outcome.is_err() {
        take_down();
    }
    outcome
}

/// Says once what this application runs on, so that nobody ships it by accident.
fn announce(opts: &AppOpts) {
    const NOTICE: &str = "this application runs on the embedded backend, a stand-in for SPDK for \
        development and tests; enable the feature `system` of spdk-sys for an installed SPDK";
    if tracing::dispatcher::has_been_set() {
        tracing::warn!("{NOTICE}");
    } else if opts.raw.print_level >= SPDK_LOG_WARN {
        // Nobody listens to `tracing`, and this one line must not get lost. It may be that nobody
        // can be told at all.
        let _ = writeln!(std::io::stderr(), "{NOTICE}");
    }
    if !opts.raw.rpc_addr.is_null() {
        tracing::info!("rpc_addr is set, but the embedded backend has no RPC server");
    }
}

fn run_reactors(opts: &AppOpts) -> Result<(), String> {
    Reactors::create(opts.raw.msg_mempool_size)?;
    let reactors = reactor::current().ok_or("spdk_app_start: the reactors are gone")?;
    core_mask::remember(&reactors);
    let _handlers =
        match opts.raw.disable_signal_handlers {
            true => None,
            false => Some(SignalHandlers::install().map_err(|error| {
                format!("spdk_app_start: installing the signal handlers: {error}")
            })?),
        };
    // SAFETY: the mask is a valid cpuset for the time of the call; the name is a literal.
    let app_thread = unsafe {
        let mut mask = core_mask::main_core_only();
        spdk_thread_create(c"app_thread".as_ptr(), &raw mut mask)
    };
    if app_thread.is_null() {
        return Err("spdk_app_start: the app thread could not be created".to_owned());
    }
    // SAFETY: the app thread was just created; the message takes no context.
    unsafe {
        spdk_rpc_set_state(SPDK_RPC_STARTUP);
        spdk_thread_send_msg(app_thread, Some(bootstrap), null_mut());
    }
    reactors.run();
    Ok(())
}

fn take_down() {
    Reactors::destroy();
    // SAFETY: no reactor runs and the thread library has ended, so nothing uses the environment.
    unsafe {
        spdk_env_fini();
        spdk_log_close();
    }
}

/// Frees what an ended application still holds: the threads, the environment, the log. Harmless
/// when there is none; while one runs, the process ends with a message.
///
/// # Safety
///
/// - Call it on the OS thread that called [`spdk_app_start`], after that has returned.
/// - No memory of the environment is in use any more.
pub unsafe extern "C" fn spdk_app_fini() {
    let phase = app().phase;
    assert!(phase != Phase::Started, "spdk_app_fini: the application has not stopped yet");
    if phase == Phase::Ended {
        take_down();
        let mut app = app();
        app.phase = Phase::Down;
        app.config = None;
    }
}

/// The app thread of the running application.
fn app_thread(function: &str) -> *mut spdk_thread {
    // SAFETY: reads the thread library's own state.
    let thread = unsafe { spdk_thread_get_app_thread() };
    assert!(!thread.is_null(), "{function}: no application is running");
    thread
}

/// Asks the application to shut down as a signal does: `shutdown_cb` runs on the app thread, once;
/// without one, or when asked again, the application stops with 0.
///
/// Any thread may call, but two calls before the first one is seen end the process with a message.
///
/// # Safety
///
/// - An application runs; otherwise the process ends with a message.
pub unsafe extern "C" fn spdk_app_start_shutdown() {
    // SAFETY: the app thread lives until the reactors have ended.
    unsafe {
        spdk_thread_send_critical_msg(app_thread("spdk_app_start_shutdown"), Some(shut_down));
    }
}

unsafe extern "C" fn shut_down(_ctx: *mut c_void) {
    let shutdown_cb = app().shutdown_cb.take();
    match shutdown_cb {
        // SAFETY: the caller of spdk_app_start made the callback callable on the app thread.
        Some(shutdown_cb) => unsafe { shutdown_cb() },
        // SAFETY: we run on the app thread.
        None => unsafe { spdk_app_stop(0) },
    }
}

/// Stops the application: a message to the app thread takes the subsystems down, then the reactors
/// end and [`spdk_app_start`] returns `rc`.
///
/// The first code that is not 0 wins; later calls only contribute theirs. Any thread may call.
///
/// # Safety
///
/// - An application runs; otherwise the process ends with a message.
pub unsafe extern "C" fn spdk_app_stop(rc: c_int) {
    if rc != 0 {
        tracing::warn!("spdk_app_stop({rc}): the application stops with an error");
    }
    let thread = app_thread("spdk_app_stop");
    // SAFETY: the app thread lives until the reactors have ended; the context is the number itself.
    unsafe { spdk_thread_send_msg(thread, Some(stop), rc as isize as *mut c_void) };
}

unsafe extern "C" fn stop(rc: *mut c_void) {
    unsafe extern "C" fn subsystems_down(_ctx: *mut c_void) {
        reactor::current().expect("the app thread runs on a reactor").stop();
    }
    let first = {
        let mut app = app();
        if app.rc == 0 {
            app.rc = rc as isize as c_int;
        }
        !core::mem::replace(&mut app.stopped, true)
    };
    if first {
        // SAFETY: we run on the app thread; the callback takes no context.
        unsafe { spdk_subsystem_fini(Some(subsystems_down), null_mut()) };
    } else {
        tracing::info!("spdk_app_stop called twice");
    }
}

/// Goes on with the start unless the step before failed or the application is to stop already.
fn goes_on(rc: c_int) -> bool {
    if app().stopped {
        return false;
    }
    if rc != 0 {
        // SAFETY: we run on the app thread.
        unsafe { spdk_app_stop(rc) };
    }
    rc == 0
}

/// First message of the app thread.
unsafe extern "C" fn bootstrap(_ctx: *mut c_void) {
    load_config(start_up_loaded);
}

unsafe extern "C" fn start_up_loaded(rc: c_int, _ctx: *mut c_void) {
    if goes_on(rc) {
        // SAFETY: we run on the app thread; the callback takes no context.
        unsafe { spdk_subsystem_init(Some(subsystems_up), null_mut()) };
    }
}

unsafe extern "C" fn subsystems_up(rc: c_int, _ctx: *mut c_void) {
    if goes_on(rc) {
        // SAFETY: we run on the app thread, between two loads.
        unsafe { spdk_rpc_set_state(SPDK_RPC_RUNTIME) };
        load_config(running_loaded);
    }
}

unsafe extern "C" fn running_loaded(rc: c_int, _ctx: *mut c_void) {
    if !goes_on(rc) {
        return;
    }
    let (start_fn, start_arg) = {
        let mut app = app();
        (app.start_fn.take(), app.start_arg)
    };
    if let Some(start_fn) = start_fn {
        // SAFETY: the caller of spdk_app_start made this pair callable once on the app thread.
        unsafe { start_fn(start_arg) };
    }
}

/// Runs what of the configuration is due in the present state, then `next`.
fn load_config(next: unsafe extern "C" fn(rc: c_int, ctx: *mut c_void)) {
    let (config, ignore_errors) = {
        let app = app();
        (app.config.clone(), app.ignore_config_errors)
    };
    match config {
        // SAFETY: we run on the app thread; the text is only read during the call; `next` takes no
        // context.
        Some(config) => unsafe {
            spdk_subsystem_load_config(
                config.as_ptr().cast_mut().cast(),
                libc::ssize_t::try_from(config.len()).expect("a text fits the address space"),
                Some(next),
                null_mut(),
                !ignore_errors,
            );
        },
        // SAFETY: the steps of the start take no context.
        None => unsafe { next(0, null_mut()) },
    }
}

/// The shared memory id of the application, -1 for none. Any thread may call.
///
/// # Safety
///
/// - None beyond those of a C call.
pub unsafe extern "C" fn spdk_app_get_shm_id() -> c_int {
    app().shm_id
}
