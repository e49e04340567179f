//! From a configuration to the requests that it stands for, each with the state it is due in.
//!
//! The rules are those of SPDK's loader: a method that may run in both states runs in the first, a
//! batch runs where all of its methods may, and what belongs to a subsystem that is not linked is
//! skipped. SPDK's methods are registered before `main`, so all this is known before it starts.

use core::ffi::c_int;
use std::ffi::CString;

use serde_json::json;

use super::own::spdk_rpc_get_method_state_mask;
use super::run::Failure;
use crate::config::{Call, Entry, Place, read_config, say_skipped};
use crate::{SPDK_RPC_RUNTIME, SPDK_RPC_STARTUP, spdk_subsystem_exists};

/// One request to SPDK's RPC server: a call, or a batch of calls.
#[derive(Debug)]
pub(super) struct Step {
    /// Where each call stands, and its method.
    pub(super) calls: Vec<(Place, String)>,
    /// The text to send.
    pub(super) request: Vec<u8>,
}

/// What is to be done in each state.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) startup: Vec<Step>,
    pub(super) runtime: Vec<Step>,
}

/// The plan of a configuration.
pub(super) fn plan(config: &[u8], stop_on_error: bool) -> Result<Plan, Failure> {
    let entries = read_config(config).map_err(|reason| Failure {
        code: -libc::EINVAL,
        message: format!("the JSON configuration cannot be used: {reason}"),
    })?;
    let mut plan = Plan::default();
    for entry in entries {
        plan.add(entry, stop_on_error)?;
    }
    Ok(plan)
}

impl Plan {
    fn add(&mut self, entry: Entry, stop_on_error: bool) -> Result<(), Failure> {
        let mut states = SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME;
        let mut calls = Vec::new();
        for call in entry.calls {
            match states_of(&call.method) {
                Some(mask) => {
                    states &= mask;
                    calls.push(call);
                }
                None if stop_on_error && is_linked(&entry.subsystem) => {
                    return Err(unknown(&entry.subsystem, &call));
                }
                None => say_skipped(&entry.subsystem, is_linked(&entry.subsystem), &call),
            }
        }
        if calls.is_empty() {
            return Ok(());
        }
        let step = step(calls);
        if states & SPDK_RPC_STARTUP != 0 {
            self.startup.push(step);
        } else if states & SPDK_RPC_RUNTIME != 0 {
            self.runtime.push(step);
        } else {
            return Err(Failure {
                code: -libc::EINVAL,
                message: format!(
                    "{}: the batch mixes methods of the start-up and the running state; put them \
                     into separate entries",
                    entry.place
                ),
            });
        }
        Ok(())
    }
}

fn unknown(subsystem: &str, call: &Call) -> Failure {
    Failure {
        code: -libc::ENOENT,
        message: format!(
            "{}: SPDK has no method {} in subsystem \"{subsystem}\"",
            call.place, call.method
        ),
    }
}

/// The states that SPDK's method may run in; `None` if there is no such method.
fn states_of(method: &str) -> Option<u32> {
    let name = CString::new(method).ok()?;
    let mut mask = 0;
    // SAFETY: the name is a C string, and the place is writable.
    let rc: c_int = unsafe { spdk_rpc_get_method_state_mask(name.as_ptr(), &raw mut mask) };
    (rc == 0).then_some(mask)
}

fn is_linked(subsystem: &str) -> bool {
    // SAFETY: the name is a C string; the list of subsystems is complete before `main`.
    CString::new(subsystem).is_ok_and(|name| unsafe { spdk_subsystem_exists(name.as_ptr()) })
}

/// The request for these calls, numbered from 0.
fn step(calls: Vec<Call>) -> Step {
    let requests: Vec<_> = (calls.iter().enumerate())
        .map(|(id, call)| {
            let method = json!(call.method);
            let head = format!(r#""jsonrpc":"2.0","id":{id},"method":{method}"#);
            match &call.params {
                Some(params) => format!(r#"{{{head},"params":{}}}"#, params.get()),
                None => format!("{{{head}}}"),
            }
        })
        .collect();
    let requests = requests.join(",");
    let request = if calls.len() > 1 { format!("[{requests}]") } else { requests };
    let calls = calls.into_iter().map(|call| (call.place, call.method)).collect();
    Step { calls, request: request.into_bytes() }
}
