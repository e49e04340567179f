//! Which calls of a JSON configuration are due in a state.
//!
//! Owns the rule which calls run in which state, and what becomes of unknown methods. The text and
//! its shape are [`crate::config`]'s. Runs no method and decodes no parameter.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::methods::{Method, find_method};
use super::state::RpcState;
use crate::Refusal;
use crate::config::members::members;
use crate::config::{self, Entry, Place, read_config, say_skipped};
use crate::embedded::app::subsystem::is_linked;

/// One method call of a configuration.
#[derive(Debug)]
pub(super) struct Call {
    /// Where it stands.
    pub(super) place: Place,
    /// What to run.
    pub(super) method: &'static Method,
    /// What it was given; empty if the entry has no `params`.
    pub(super) params: Map<String, Value>,
}

/// The calls of `json` that are due in `state`, in order.
///
/// With `stop_on_error` an unknown method of a linked subsystem is a refusal (`-ENOENT`), otherwise
/// it is skipped. A text or shape that is wrong is always refused (`-EINVAL`).
pub(super) fn calls_due(
    json: &[u8],
    state: RpcState,
    stop_on_error: bool,
) -> Result<Vec<Call>, Refusal> {
    let entries = read_config(json).map_err(|reason| {
        Refusal::invalid(format!("the JSON configuration cannot be used: {reason}"))
    })?;
    let mut calls = Vec::new();
    for entry in entries {
        calls.extend(entry_due(entry, state, stop_on_error)?);
    }
    Ok(calls)
}

/// The calls of an entry, if they are due. A batch runs as a whole, where all of its methods may.
fn entry_due(entry: Entry, state: RpcState, stop_on_error: bool) -> Result<Vec<Call>, Refusal> {
    let mut calls = Vec::new();
    for call in entry.calls {
        match find_method(&call.method) {
            Some(method) => calls.push(known(method, call)?),
            None => unknown(&entry.subsystem, &call, state, stop_on_error)?,
        }
    }
    let states = calls.iter().map(|call| call.method.states).reduce(|a, b| a.common(b));
    match states {
        Some(states) if states.is_empty() => Err(Refusal::invalid(format!(
            "{}: the batch mixes methods of the start-up and the running state; put them into \
             separate entries",
            entry.place
        ))),
        Some(states) if states.due_in(state) => Ok(calls),
        _ => Ok(Vec::new()),
    }
}

fn known(method: &'static Method, call: config::Call) -> Result<Call, Refusal> {
    let place = call.place;
    let params = call.params.as_deref().map_or_else(|| Ok(Map::new()), values);
    let params =
        params.map_err(|reason| Refusal::invalid(format!("{place}: {}: {reason}", method.name)))?;
    Ok(Call { place, method, params })
}

/// The parameters of a call by name.
fn values(params: &RawValue) -> Result<Map<String, Value>, String> {
    let members = members(params).map_err(|reason| format!("\"params\" {reason}"))?;
    (members.unwrap_or_default().into_iter())
        .map(|(name, value)| match serde_json::from_str(value.get()) {
            Ok(value) => Ok((name, value)),
            Err(error) => Err(format!("parameter \"{name}\" cannot be read: {error}")),
        })
        .collect()
}

fn unknown(
    subsystem: &str,
    call: &config::Call,
    state: RpcState,
    stop_on_error: bool,
) -> Result<(), Refusal> {
    let method = &call.method;
    if is_linked(subsystem) && stop_on_error {
        return Err(Refusal::new(
            -libc::ENOENT,
            format!(
                "{}: the embedded backend has no method {method} in subsystem \"{subsystem}\"",
                call.place
            ),
        ));
    }
    // A configuration is read in both states.
    if state == RpcState::Runtime {
        say_skipped(subsystem, is_linked(subsystem), call);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(json: &str, state: RpcState) -> Result<Vec<&'static str>, Refusal> {
        let calls = calls_due(json.as_bytes(), state, true)?;
        Ok(calls.iter().map(|call| call.method.name).collect())
    }

    fn config(entries: &str) -> String {
        format!("{{\"subsystems\": [{{\"subsystem\": \"bdev\", \"config\": {entries}}}]}}")
    }

    #[test]
    fn each_state_gets_its_own_methods_in_order() {
        let json = config(
            "[{\"method\": \"bdev_null_create\", \"params\": {}}, // later\n\
             {\"method\": \"bdev_set_options\"}, {\"method\": \"bdev_malloc_create\"}]",
        );
        assert_eq!(names(&json, RpcState::Startup), Ok(vec!["bdev_set_options"]));
        let runtime = vec!["bdev_null_create", "bdev_malloc_create"];
        assert_eq!(names(&json, RpcState::Runtime), Ok(runtime));
    }

    #[test]
    fn a_batch_runs_as_a_whole() {
        let json = config(
            "[[{\"method\": \"bdev_null_create\"}, {\"method\": \"bdev_null_delete\"}], []]",
        );
        assert_eq!(names(&json, RpcState::Startup), Ok(vec![]));
        assert_eq!(
            names(&json, RpcState::Runtime),
            Ok(vec!["bdev_null_create", "bdev_null_delete"])
        );
        let mixed =
            config("[[{\"method\": \"bdev_null_create\"}, {\"method\": \"bdev_set_options\"}]]");
        assert_eq!(names(&mixed, RpcState::Startup).expect_err("mixed").code, -libc::EINVAL);
    }

    #[test]
    fn a_syntax_error_says_line_and_column_of_the_file() {
        let refused = names("{ // one\n /* two\n */ \"subsystems\": [1,] }", RpcState::Startup)
            .expect_err("a trailing comma");
        assert!(refused.message.contains("line 3 column"), "{}", refused.message);
        assert_eq!(refused.code, -libc::EINVAL);
    }

    #[test]
    fn unknown_methods_are_errors_only_where_the_subsystem_exists() {
        let unknown = names(&config("[{\"method\": \"bdev_nvme_attach\"}]"), RpcState::Startup);
        assert_eq!(unknown.expect_err("no such method").code, -libc::ENOENT);
        let other = config("[{\"method\": \"nvmf_x\"}]").replace("\"bdev\"", "\"nvmf\"");
        assert_eq!(names(&other, RpcState::Startup), Ok(vec![]));
        let ignored = config("[{\"method\": \"bdev_nvme_attach\"}]");
        assert!(
            calls_due(ignored.as_bytes(), RpcState::Startup, false).expect("skipped").is_empty()
        );
    }

    #[test]
    fn parameters_that_are_there_twice_are_refused() {
        let twice = config(r#"[{"method": "bdev_null_create", "params": {"a": 1, "a": 2}}]"#);
        let refused = names(&twice, RpcState::Startup).expect_err("twice");
        assert_eq!(
            refused.message,
            "subsystems[0].config[0]: bdev_null_create: \"params\" has the key \"a\" twice"
        );
    }

    #[test]
    fn absent_subsystems_and_null_configs_configure_nothing() {
        assert_eq!(names("{}\0", RpcState::Startup), Ok(vec![]));
        assert_eq!(names(&config("null"), RpcState::Startup), Ok(vec![]));
    }
}
