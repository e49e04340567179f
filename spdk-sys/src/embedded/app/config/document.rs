//! From the text of a JSON configuration to the list of calls it asks for.
//!
//! Owns the shape `{"subsystems": [{"subsystem": s, "config": [{"method": m, "params": {}}]}]}` and
//! the rule which calls run in which state. Runs no method and decodes no parameter.

use serde_json::{Map, Value};

use super::methods::{Method, find_method};
use super::params::describe;
use super::state::RpcState;
use crate::Refusal;
use crate::embedded::app::subsystem::is_linked;

/// Names of SPDK's other subsystems: they may stand in a configuration that is shared with an
/// application that has them.
const OTHER_SUBSYSTEMS: [&str; 15] = [
    "accel",
    "fsdev",
    "iobuf",
    "iscsi",
    "keyring",
    "nbd",
    "nvmf",
    "scheduler",
    "scsi",
    "sock",
    "ublk",
    "vfu_tgt",
    "vhost_blk",
    "vhost_scsi",
    "vmd",
];

/// One method call of a configuration.
#[derive(Debug)]
pub(super) struct Call {
    /// What to run.
    pub(super) method: &'static Method,
    /// What it was given; empty if the entry has no `params`.
    pub(super) params: Map<String, Value>,
}

/// How unknown methods are treated.
#[derive(Debug, Clone, Copy)]
struct Reader {
    state: RpcState,
    stop_on_error: bool,
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
    let reader = Reader { state, stop_on_error };
    let root = match parse(json)? {
        Value::Object(root) => root,
        other => {
            return Err(Refusal::invalid(format!(
                "JSON configuration: the outermost value must be an object, not {}",
                describe(&other)
            )));
        }
    };
    let mut calls = Vec::new();
    match root.get("subsystems") {
        None => {
            tracing::warn!("the JSON configuration has no \"subsystems\", nothing is configured")
        }
        Some(Value::Array(subsystems)) => {
            for subsystem in subsystems {
                reader.read_subsystem(subsystem, &mut calls)?;
            }
        }
        Some(other) => {
            return Err(Refusal::invalid(format!(
                "JSON configuration: \"subsystems\" must be an array, not {}",
                describe(other)
            )));
        }
    }
    Ok(calls)
}

fn parse(json: &[u8]) -> Result<Value, Refusal> {
    if json.iter().all(|&byte| byte == 0) {
        return Err(Refusal::invalid("JSON configuration: the text is empty"));
    }
    crate::json::parse_json(json)
        .map_err(|error| Refusal::invalid(format!("JSON configuration: {error}")))
}

impl Reader {
    fn read_subsystem(self, value: &Value, calls: &mut Vec<Call>) -> Result<(), Refusal> {
        let shape = || {
            Refusal::invalid(format!(
                "JSON configuration: an entry of \"subsystems\" must be an object with \
                 \"subsystem\" (a string) and \"config\" (an array or null) and nothing else, \
                 not {value}"
            ))
        };
        let object = value.as_object().ok_or_else(shape)?;
        let name = object.get("subsystem").and_then(Value::as_str).ok_or_else(shape)?;
        let config = object.get("config").ok_or_else(shape)?;
        if object.len() != 2 {
            return Err(shape());
        }
        match config {
            Value::Null => Ok(()),
            Value::Array(entries) => {
                entries.iter().try_for_each(|entry| self.read_entry(name, entry, calls))
            }
            _ => Err(shape()),
        }
    }

    /// One entry: a call, or an array of calls that belong together.
    fn read_entry(
        self,
        subsystem: &str,
        entry: &Value,
        calls: &mut Vec<Call>,
    ) -> Result<(), Refusal> {
        let Value::Array(batch) = entry else {
            if let Some(call) = self.read_call(subsystem, entry)?
                && call.method.states.due_in(self.state)
            {
                calls.push(call);
            }
            return Ok(());
        };
        let mut members = Vec::new();
        for value in batch {
            members.extend(self.read_call(subsystem, value)?);
        }
        // A batch runs as a whole, where all of its methods may.
        let Some(states) = members.iter().map(|call| call.method.states).reduce(|a, b| a.common(b))
        else {
            return Ok(());
        };
        if states.is_empty() {
            return Err(Refusal::invalid(format!(
                "JSON configuration: the batch {entry} mixes methods of the start-up and the \
                 running state; put them into separate entries"
            )));
        }
        if states.due_in(self.state) {
            calls.extend(members);
        }
        Ok(())
    }

    /// The call an entry asks for; `None` if it is to be skipped.
    fn read_call(self, subsystem: &str, entry: &Value) -> Result<Option<Call>, Refusal> {
        let shape = || {
            Refusal::invalid(format!(
                "JSON configuration: an entry of subsystem \"{subsystem}\" must be an object with \
                 \"method\" (a string), perhaps \"params\" (an object), and nothing else, not \
                 {entry}"
            ))
        };
        let object = entry.as_object().ok_or_else(shape)?;
        let name = object.get("method").and_then(Value::as_str).ok_or_else(shape)?;
        let params = match object.get("params") {
            None => Map::new(),
            Some(Value::Object(params)) => params.clone(),
            Some(_) => return Err(shape()),
        };
        if object.keys().any(|key| key != "method" && key != "params") {
            return Err(shape());
        }
        match find_method(name) {
            Some(method) => Ok(Some(Call { method, params })),
            None => self.unknown(subsystem, name).map(|()| None),
        }
    }

    fn unknown(self, subsystem: &str, method: &str) -> Result<(), Refusal> {
        if is_linked(subsystem) && self.stop_on_error {
            return Err(Refusal::new(
                -libc::ENOENT,
                format!(
                    "JSON configuration: subsystem \"{subsystem}\" has no method \"{method}\" in \
                     the embedded backend"
                ),
            ));
        }
        if is_linked(subsystem) || OTHER_SUBSYSTEMS.contains(&subsystem) {
            tracing::debug!("skipping method {method} of subsystem {subsystem}");
        } else {
            tracing::warn!("skipping method {method}: there is no subsystem {subsystem}");
        }
        Ok(())
    }
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
    fn what_does_not_have_the_shape_is_refused() {
        for json in [
            "",
            "\0",
            "[]",
            "{\"subsystems\": {}}",
            "{\"subsystems\": [1]}",
            "{\"subsystems\": [{\"subsystem\": \"bdev\"}]}",
            "{\"subsystems\": [{\"subsystem\": \"bdev\", \"config\": [], \"x\": 1}]}",
            "{\"subsystems\": [{\"subsystem\": \"bdev\", \"config\": 1}]}",
        ] {
            assert_eq!(
                names(json, RpcState::Startup).expect_err(json).code,
                -libc::EINVAL,
                "{json}"
            );
        }
        for entry in ["[1]", "[{}]", "[{\"method\": 1}]", "[{\"method\": \"a\", \"params\": []}]"] {
            let refused = names(&config(entry), RpcState::Startup).expect_err(entry);
            assert_eq!(refused.code, -libc::EINVAL, "{entry}");
        }
    }

    #[test]
    fn absent_subsystems_and_null_configs_configure_nothing() {
        assert_eq!(names("{}\0", RpcState::Startup), Ok(vec![]));
        assert_eq!(names(&config("null"), RpcState::Startup), Ok(vec![]));
    }
}
