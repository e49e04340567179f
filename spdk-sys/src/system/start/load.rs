//! Runs the steps of one state, one after another, each when the one before has been answered.
//!
//! Invariant: a [`Load`] belongs to its poller, which ends with it; the callback comes exactly once.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use serde_json::Value;

use super::link::Link;
use super::plan::Step;
use super::run::Failure;
use crate::{spdk_poller, spdk_poller_register_named, spdk_poller_unregister};

/// How long a method may take until that is worth a line in the log.
const SLOW: Duration = Duration::from_secs(10);

static STEPS: AtomicUsize = AtomicUsize::new(0);

/// How many methods of configurations have begun. What C logs between two steps belongs to one.
#[must_use]
pub fn config_steps() -> usize {
    STEPS.load(Ordering::Relaxed)
}

/// Says that what SPDK logs from here on concerns the next step.
pub(super) fn next_step() {
    STEPS.fetch_add(1, Ordering::Relaxed);
}

/// A load in progress.
struct Load {
    steps: IntoIter<Step>,
    /// The step that is to be answered, and since when.
    current: Option<(Step, Instant)>,
    link: Link,
    poller: *mut spdk_poller,
    stop_on_error: bool,
    done: fn(Result<(), Failure>),
}

/// Runs `steps` on the app thread, which is current, then `done` there, perhaps inside this call.
pub(super) fn load(steps: Vec<Step>, stop_on_error: bool, done: fn(Result<(), Failure>)) {
    if steps.is_empty() {
        return done(Ok(()));
    }
    let link = match Link::open() {
        Ok(link) => link,
        Err(error) => return done(Err(unreachable_server(&error))),
    };
    let load = Box::into_raw(Box::new(Load {
        steps: steps.into_iter(),
        current: None,
        link,
        poller: core::ptr::null_mut(),
        stop_on_error,
        done,
    }));
    // SAFETY: the app thread is current; the load lives until it ends its poller.
    let poller = unsafe {
        spdk_poller_register_named(Some(poll), load.cast(), 0, c"configuration".as_ptr())
    };
    if poller.is_null() {
        // SAFETY: no poller has it.
        drop(unsafe { Box::from_raw(load) });
        return done(Err(Failure::errno(libc::ENOMEM, "the configuration cannot be run")));
    }
    // SAFETY: the poller has not run yet: its thread is this one.
    unsafe { (*load).poller = poller };
}

fn unreachable_server(error: &std::io::Error) -> Failure {
    let message = format!("the configuration cannot be run, for SPDK cannot be reached: {error}");
    Failure { code: -libc::EINVAL, message }
}

/// The poller of a load.
unsafe extern "C" fn poll(ctx: *mut c_void) -> c_int {
    let load: *mut Load = ctx.cast();
    // SAFETY: the load lives, and only its poller uses it.
    let Some(outcome) = unsafe { &mut *load }.go_on() else { return 1 };
    // SAFETY: it is this poller's, which ends here.
    let mut load = unsafe { Box::from_raw(load) };
    // SAFETY: the poller is registered on this thread.
    unsafe { spdk_poller_unregister(&raw mut load.poller) };
    let done = load.done;
    // The server first: what comes next may end SPDK.
    drop(load);
    done(outcome);
    1
}

impl Load {
    /// One turn; the outcome, once there is one.
    fn go_on(&mut self) -> Option<Result<(), Failure>> {
        let Some((step, since)) = &mut self.current else {
            let Some(mut step) = self.steps.next() else { return Some(Ok(())) };
            next_step();
            self.link.send(core::mem::take(&mut step.request));
            self.current = Some((step, Instant::now()));
            return None;
        };
        let outcome = match self.link.answer() {
            Ok(None) => {
                if since.elapsed() >= SLOW {
                    tracing::warn!("{} has not been answered yet", step.name());
                    *since = Instant::now();
                }
                return None;
            }
            Ok(Some(answer)) => step.outcome(&answer),
            Err(error) => return Some(Err(Failure::invalid(format!("{}: {error}", step.name())))),
        };
        self.current = None;
        match outcome {
            Err(failure) if self.stop_on_error => Some(Err(failure)),
            Err(failure) => {
                tracing::error!("{} (ignored)", failure.message);
                None
            }
            Ok(()) => None,
        }
    }
}

impl Step {
    /// The place and the name of the first method.
    fn name(&self) -> String {
        self.calls.first().map_or_else(String::new, |(place, method)| format!("{place}: {method}"))
    }

    /// What an answer says: the first error of any of the calls.
    fn outcome(&self, answer: &Value) -> Result<(), Failure> {
        match answer {
            Value::Array(answers) => answers.iter().try_for_each(|one| self.outcome_of_one(one)),
            one => self.outcome_of_one(one),
        }
    }

    fn outcome_of_one(&self, answer: &Value) -> Result<(), Failure> {
        let Some(error) = answer.get("error") else { return Ok(()) };
        let id = answer.get("id").and_then(Value::as_u64).and_then(|id| usize::try_from(id).ok());
        let call = id.and_then(|id| self.calls.get(id));
        let name = call.map_or_else(|| self.name(), |(place, method)| format!("{place}: {method}"));
        let text = error.get("message").and_then(Value::as_str).unwrap_or("no reason given");
        let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
        Err(Failure::invalid(format!("{name}: {text} ({code})")))
    }
}
