//! The life of one application that starts with a configuration.
//!
//! Invariant: `RUN` holds the application from before `spdk_app_start` until it has returned; while
//! it runs, the app thread alone uses it. The lock is held while nothing of C or of the caller runs.

use core::ffi::{CStr, c_int, c_void};
use core::{mem, ptr};
use std::ffi::CString;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::load::{load, next_step};
use super::own::{spdk_rpc_initialize, spdk_subsystem_init_next};
use super::plan::{Plan, plan};
use super::{again, first, reason};
use crate::{spdk_app_opts, spdk_app_start, spdk_app_stop, spdk_msg_fn};

/// Why a configuration was refused.
#[derive(Debug)]
pub(super) struct Failure {
    /// What `spdk_app_start` is to return.
    pub(super) code: c_int,
    /// One sentence.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn invalid(message: String) -> Self {
        Self { code: -libc::EINVAL, message }
    }

    pub(super) fn errno(errno: c_int, what: &str) -> Self {
        let error = std::io::Error::from_raw_os_error(errno);
        Self { code: -errno, message: format!("{what}: {error}") }
    }
}

struct Run {
    plan: Plan,
    stop_on_error: bool,
    rpc_address: Option<CString>,
    start_fn: spdk_msg_fn,
    ctx: *mut c_void,
    /// What a start-up method has failed with; 0 for none.
    failed: c_int,
    /// All subsystems are up.
    up: bool,
}

// SAFETY: the context is only handed to `start_fn`, on the OS thread that called `start_configured`.
unsafe impl Send for Run {}

static RUN: Mutex<Option<Run>> = Mutex::new(None);

fn run() -> MutexGuard<'static, Option<Run>> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// [`spdk_app_start`] with a configuration, which names the entry that fails, and which never leaves
/// C with what it has freed when an application after the first of a process fails to start.
///
/// Returns what [`spdk_app_start`] does; [`last_config_error`](crate::last_config_error) tells why.
///
/// # Errors
///
/// A negative errno for a configuration that is refused, or 1 if SPDK cannot start in this process
/// any more. Then [`spdk_app_start`] was not called, and
/// [`spdk_app_fini`](crate::spdk_app_fini) must not be.
///
/// # Safety
///
/// - As [`spdk_app_start`]; `opts` is not null, and has neither `json_data` nor `json_config_file`.
pub unsafe fn start_configured(
    opts: *mut spdk_app_opts,
    config: Option<&[u8]>,
    start_fn: spdk_msg_fn,
    ctx: *mut c_void,
) -> Result<c_int, c_int> {
    reason::clear();
    if let Err(reason) = again::allowed() {
        reason::report(reason.to_owned());
        return Err(1);
    }
    // SAFETY: the caller's options are readable and writable, their strings are C's.
    let (rpc_address, stop_on_error) = unsafe {
        let address = (*opts).rpc_addr;
        (*opts).rpc_addr = ptr::null();
        let address = (!address.is_null()).then(|| CStr::from_ptr(address).to_owned());
        (address, !(*opts).json_config_ignore_errors)
    };
    let plan = match config.map(|config| plan(config, stop_on_error)).transpose() {
        Ok(plan) => plan.unwrap_or_default(),
        Err(failure) => {
            reason::report(failure.message);
            return Err(failure.code);
        }
    };
    first::register();
    let app = Run { plan, stop_on_error, rpc_address, start_fn, ctx, failed: 0, up: false };
    *run() = Some(app);
    // SAFETY: the caller's promise; `subsystems_are_up` needs no context.
    let code = unsafe { spdk_app_start(opts, Some(subsystems_are_up), ptr::null_mut()) };
    let app = run().take();
    again::ended(code, app.is_some_and(|app| app.up));
    Ok(code)
}

/// Brings the first subsystem up, on the app thread.
pub(super) unsafe extern "C" fn first_subsystem_comes_up() {
    // An application that was started without us has nothing for us to do.
    let due = run().as_mut().map(|run| (mem::take(&mut run.plan.startup), run.stop_on_error));
    let (steps, stop_on_error) = due.unwrap_or_default();
    load(steps, stop_on_error, |outcome| {
        if let Err(failure) = outcome {
            reason::report(failure.message);
            if let Some(run) = &mut *run() {
                run.failed = failure.code;
            }
        }
        // Not the failure: what SPDK does then cannot be undone.
        // SAFETY: on the app thread, once for each time that the subsystem is to come up.
        unsafe { spdk_subsystem_init_next(0) };
    });
}

/// `spdk_app_start`'s callback, on the app thread.
unsafe extern "C" fn subsystems_are_up(_ctx: *mut c_void) {
    let (failed, steps, stop_on_error) = {
        let mut run = run();
        let Some(run) = &mut *run else { return };
        run.up = true;
        (run.failed, mem::take(&mut run.plan.runtime), run.stop_on_error)
    };
    if failed != 0 {
        // SAFETY: on the app thread of the application.
        unsafe { spdk_app_stop(failed) };
        return;
    }
    load(steps, stop_on_error, |outcome| {
        if let Err(failure) = outcome.and_then(|()| listen()) {
            reason::report(failure.message);
            // SAFETY: on the app thread of the application.
            unsafe { spdk_app_stop(failure.code) };
            return;
        }
        let start = run().as_ref().map(|run| (run.start_fn, run.ctx));
        if let Some((Some(start_fn), ctx)) = start {
            // SAFETY: the caller of `start_configured` made the pair callable once, here.
            unsafe { start_fn(ctx) };
        }
    });
}

/// Opens the RPC server that the application is to have. SPDK closes it at the end.
fn listen() -> Result<(), Failure> {
    let Some(address) = run().as_mut().and_then(|run| run.rpc_address.take()) else {
        return Ok(());
    };
    next_step();
    // SAFETY: the address is a C string, no options are the default ones; on the app thread.
    let code = unsafe { spdk_rpc_initialize(address.as_ptr(), ptr::null()) };
    match code {
        0 => Ok(()),
        _ => {
            let address = address.to_string_lossy();
            Err(Failure::errno(-code, &format!("SPDK cannot listen for RPC at `{address}`")))
        }
    }
}
