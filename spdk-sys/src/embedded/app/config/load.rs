//! Running the calls of a configuration, one after another, on the app thread.
//!
//! Invariant: exactly one owner has the [`Loader`] at any time: the message that will continue it,
//! or the [`Reply`] of the method that runs. So a method cannot answer twice, and the next one
//! starts only when it has answered.

use core::ffi::{c_int, c_void};
use std::vec::IntoIter;

use super::document::{Call, calls_due};
use super::last_error::{clear, report};
use super::params::Params;
use super::state::RpcState;
use crate::config::Place;
use crate::embedded::app::subsystem::{self, spdk_subsystem_init_fn};
use crate::{Refusal, spdk_get_thread, spdk_thread_get_app_thread, spdk_thread_send_msg};

/// Runs the methods of a JSON configuration that are due in the present state (see
/// [`spdk_rpc_set_state`](crate::spdk_rpc_set_state)), then calls `cb_fn` with 0.
///
/// With `stop_on_error` the first failing method ends the load with `-EINVAL` and an unknown one
/// with `-ENOENT`; otherwise both are logged and skipped. A text that is not a configuration ends
/// it with `-EINVAL` in any case, inside this call; subsystems that are taken down meanwhile end it
/// with `-ESHUTDOWN`. What went wrong is told by
/// [`last_config_error`](crate::last_config_error).
///
/// # Safety
///
/// - Call it on the app thread; any other ends the process with a message.
/// - `json` is readable for `json_size` bytes during the call.
/// - `cb_fn` is not null and may be called with `cb_arg` until it has been called, on this thread,
///   perhaps inside this call.
pub unsafe extern "C" fn spdk_subsystem_load_config(
    json: *mut c_void,
    json_size: libc::ssize_t,
    cb_fn: spdk_subsystem_init_fn,
    cb_arg: *mut c_void,
    stop_on_error: bool,
) {
    require_app_thread("spdk_subsystem_load_config");
    clear();
    let done = Done { cb_fn, cb_arg };
    let text: &[u8] = match usize::try_from(json_size) {
        Ok(size) if !json.is_null() => {
            // SAFETY: the caller promises `json_size` readable bytes for the time of this call.
            unsafe { core::slice::from_raw_parts(json.cast(), size) }
        }
        _ => &[],
    };
    match calls_due(text, RpcState::current(), stop_on_error) {
        Ok(calls) => continue_later(Box::new(Loader {
            calls: calls.into_iter(),
            stop_on_error,
            done,
            ends: subsystem::ends(),
        })),
        Err(refusal) => {
            report(refusal.message);
            done.call(refusal.code);
        }
    }
}

/// Ends the process unless the app thread is current.
pub(in crate::embedded::app) fn require_app_thread(function: &str) {
    // SAFETY: both only read the thread library's own state.
    let on_app_thread = unsafe {
        let thread = spdk_get_thread();
        !thread.is_null() && thread == spdk_thread_get_app_thread()
    };
    assert!(on_app_thread, "{function}: must be called on the app thread");
}

/// Whom to tell that the load has ended.
#[derive(Debug)]
struct Done {
    cb_fn: spdk_subsystem_init_fn,
    cb_arg: *mut c_void,
}

impl Done {
    fn call(self, rc: c_int) {
        let cb_fn = self.cb_fn.expect("spdk_subsystem_load_config: the callback must not be null");
        // SAFETY: the caller of spdk_subsystem_load_config made this pair callable once, on the app
        // thread, which is current here.
        unsafe { cb_fn(rc, self.cb_arg) };
    }
}

/// A load in progress.
#[derive(Debug)]
struct Loader {
    calls: IntoIter<Call>,
    stop_on_error: bool,
    done: Done,
    /// Of [`subsystem::ends`] when the load began.
    ends: u64,
}

/// The right, and the duty, to answer one method.
#[derive(Debug)]
#[must_use = "a method that does not answer stops the configuration for ever"]
pub(super) struct Reply {
    loader: Box<Loader>,
    place: Place,
    method: &'static str,
}

impl Reply {
    /// Answers: the method has ended well, or was refused.
    pub(super) fn answer(self, outcome: Result<(), Refusal>) {
        match outcome {
            Err(refusal) if self.loader.stop_on_error => {
                report(format!("{}: {}", self.place, refusal.message));
                self.loader.done.call(-libc::EINVAL);
            }
            Err(refusal) => {
                tracing::error!("{}: {} (ignored)", self.place, refusal.message);
                continue_later(self.loader);
            }
            Ok(()) => continue_later(self.loader),
        }
    }

    /// Answers with what a C callback reports: 0, or a negative errno that refuses `what`.
    pub(super) fn answer_code(self, code: c_int, what: &str) {
        let outcome = match code {
            0 => Ok(()),
            code => Err(Refusal::errno(code, format_args!("{}: {what}", self.method))),
        };
        self.answer(outcome);
    }

    /// The reply as the context of a C callback, which gives it back to [`Reply::from_ctx`].
    pub(super) fn into_ctx(self) -> *mut c_void {
        Box::into_raw(Box::new(self)).cast()
    }

    /// Takes the reply out of the context of a C callback.
    ///
    /// # Safety
    ///
    /// - `ctx` comes from [`Reply::into_ctx`] and is taken only once.
    pub(super) unsafe fn from_ctx(ctx: *mut c_void) -> Self {
        // SAFETY: by the caller's promise this is the box that into_ctx leaked.
        *unsafe { Box::from_raw(ctx.cast::<Self>()) }
    }
}

/// Continues in a message of its own, so that a long configuration does not recurse.
fn continue_later(loader: Box<Loader>) {
    // SAFETY: the app thread exists (we run on it) and run_next takes the box exactly once.
    unsafe {
        let app_thread = spdk_thread_get_app_thread();
        spdk_thread_send_msg(app_thread, Some(run_next), Box::into_raw(loader).cast());
    }
}

/// The message behind [`continue_later`].
unsafe extern "C" fn run_next(ctx: *mut c_void) {
    // SAFETY: `ctx` is the box that continue_later leaked for this one message.
    let mut loader = unsafe { Box::from_raw(ctx.cast::<Loader>()) };
    if loader.ends != subsystem::ends() {
        loader.done.call(-libc::ESHUTDOWN);
        return;
    }
    let Some(call) = loader.calls.next() else {
        loader.done.call(0);
        return;
    };
    let method = call.method;
    tracing::debug!("configuration method {}", method.name);
    let reply = Reply { loader, place: call.place, method: method.name };
    match Params::new(method.name, method.parameters, call.params) {
        Ok(params) => (method.run)(params, reply),
        Err(refusal) => reply.answer(Err(refusal)),
    }
}
