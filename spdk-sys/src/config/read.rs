//! From the text of a configuration to the calls it asks for.
//!
//! Owns the shape `{"subsystems": [{"subsystem": s, "config": [{"method": m, "params": {}}]}]}`.
//! Invariant: an [`Entry`] exists only where SPDK's loader would take the text it comes from, so that
//! nothing of a configuration fails for its shape once an application has begun to start.

use core::fmt;

use serde_json::value::RawValue;

use super::members::{Member, describe, elements, members, string};
use crate::json::{nesting, parse_json};

/// The deepest nesting that SPDK's JSON parser takes.
const DEEPEST: usize = 64;

/// An entry of a subsystem's `config`: a call, or an array of calls that belong together.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) subsystem: String,
    pub(crate) place: Place,
    /// One call, unless the entry is an array.
    pub(crate) calls: Vec<Call>,
}

/// A method and what it is given.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) place: Place,
    pub(crate) method: String,
    /// The text of an object.
    pub(crate) params: Option<Box<RawValue>>,
}

/// Where something stands in a configuration, as one would write it in JavaScript.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    subsystem: usize,
    entry: Option<usize>,
    member: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subsystems[{}]", self.subsystem)?;
        if let Some(entry) = self.entry {
            write!(f, ".config[{entry}]")?;
        }
        self.member.map_or(Ok(()), |member| write!(f, "[{member}]"))
    }
}

/// Whether SPDK would take `text` as a configuration: its syntax (`//` and `/* */` comments are
/// allowed) and its shape. Methods and their parameters are not looked at. Callable from any thread.
///
/// # Errors
///
/// What is wrong and where, as half a sentence.
pub fn check_config(text: &[u8]) -> Result<(), String> {
    read_config(text).map(drop)
}

/// The entries of a configuration, in order. Trailing NULs are those of a C string.
pub(crate) fn read_config(text: &[u8]) -> Result<Vec<Entry>, String> {
    if text.iter().all(|&byte| byte == 0) {
        return Err("it is empty".to_owned());
    }
    let root: Box<RawValue> =
        parse_json(text).map_err(|error| format!("it is no JSON: {error}"))?;
    if nesting(text) > DEEPEST {
        return Err(format!("it is nested deeper than {DEEPEST} levels"));
    }
    let root_members = members(&root).map_err(|reason| format!("the outermost object {reason}"))?;
    let Some(root_members) = root_members else {
        return Err(format!("the outermost value must be an object, not {}", describe(&root)));
    };
    let Some((_, subsystems)) = root_members.into_iter().find(|(key, _)| key == "subsystems")
    else {
        return Ok(Vec::new());
    };
    let found = describe(&subsystems);
    let subsystems = elements(&subsystems)
        .ok_or_else(|| format!("\"subsystems\" must be an array, not {found}"))?;
    let mut entries = Vec::new();
    for (index, value) in subsystems.iter().enumerate() {
        read_subsystem(index, value, &mut entries)?;
    }
    Ok(entries)
}

fn read_subsystem(index: usize, value: &RawValue, entries: &mut Vec<Entry>) -> Result<(), String> {
    let place = Place { subsystem: index, entry: None, member: None };
    let mut object = Object::read(place, value)?;
    let subsystem = object.required("subsystem", "a string", string)?;
    let config = object.required("config", "an array or null", |value| match value.get() {
        "null" => Some(Vec::new()),
        _ => elements(value),
    })?;
    object.end("\"subsystem\" and \"config\"")?;
    for (index, value) in config.iter().enumerate() {
        let place = Place { entry: Some(index), ..place };
        let calls = match elements(value) {
            None => vec![read_call(place, value)?],
            Some(batch) => (batch.iter().enumerate())
                .map(|(index, value)| read_call(Place { member: Some(index), ..place }, value))
                .collect::<Result<_, _>>()?,
        };
        entries.push(Entry { subsystem: subsystem.clone(), place, calls });
    }
    Ok(())
}

fn read_call(place: Place, value: &RawValue) -> Result<Call, String> {
    let mut object = Object::read(place, value)?;
    let method = object.required("method", "a string", string)?;
    if method.contains('\0') {
        return Err(format!("{place}: \"method\" holds a NUL"));
    }
    // The second would wait for what comes after it.
    if ["framework_start_init", "framework_wait_init"].contains(&method.as_str()) {
        return Err(format!("{place}: the application starts its subsystems; remove {method}"));
    }
    let params = object.optional("params", "an object", |value| {
        value.get().starts_with('{').then(|| value.to_owned())
    })?;
    object.end("\"method\" and perhaps \"params\"")?;
    Ok(Call { place, method, params })
}

/// An object of which every key has to be asked for.
struct Object {
    place: Place,
    members: Vec<Member>,
}

impl Object {
    fn read(place: Place, value: &RawValue) -> Result<Self, String> {
        match members(value) {
            Ok(Some(members)) => Ok(Self { place, members }),
            Ok(None) => Err(format!("{place} must be an object, not {}", describe(value))),
            Err(reason) => Err(format!("{place} {reason}")),
        }
    }

    fn optional<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&RawValue) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let Some(at) = self.members.iter().position(|member| member.0 == key) else {
            return Ok(None);
        };
        let (_, value) = self.members.remove(at);
        read(&value).map(Some).ok_or_else(|| {
            format!("{}: \"{key}\" must be {expected}, not {}", self.place, describe(&value))
        })
    }

    fn required<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&RawValue) -> Option<T>,
    ) -> Result<T, String> {
        self.optional(key, expected, read)?
            .ok_or_else(|| format!("{}: \"{key}\" is missing", self.place))
    }

    fn end(self, known: &str) -> Result<(), String> {
        match self.members.first() {
            None => Ok(()),
            Some((key, _)) => {
                Err(format!("{}: \"{key}\" is not known here; there are {known}", self.place))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        assert_eq!(read_config(text.as_bytes()).map(drop), Err(reason.to_owned()), "{text}");
    }

    fn with_entry(entry: &str) -> String {
        format!(r#"{{"subsystems":[{{"subsystem":"bdev","config":[{entry}]}}]}}"#)
    }

    #[test]
    fn each_wrong_shape_has_its_sentence() {
        refused("", "it is empty");
        refused("\0", "it is empty");
        refused("[]", "the outermost value must be an object, not an array");
        refused(r#"{"a":1,"a":2}"#, "the outermost object has the key \"a\" twice");
        refused(r#"{"subsystems":5}"#, "\"subsystems\" must be an array, not 5");
        refused(r#"{"subsystems":[5]}"#, "subsystems[0] must be an object, not 5");
        refused(r#"{"subsystems":[{"config":[]}]}"#, "subsystems[0]: \"subsystem\" is missing");
        refused(r#"{"subsystems":[{"subsystem":"bdev"}]}"#, "subsystems[0]: \"config\" is missing");
        refused(
            r#"{"subsystems":[{"subsystem":1,"config":[]}]}"#,
            "subsystems[0]: \"subsystem\" must be a string, not 1",
        );
        refused(
            r#"{"subsystems":[{"subsystem":"a","config":[]},{"subsystem":"b","config":{}}]}"#,
            "subsystems[1]: \"config\" must be an array or null, not an object",
        );
        refused(
            r#"{"subsystems":[{"subsystem":"a","config":[],"x":1}]}"#,
            "subsystems[0]: \"x\" is not known here; there are \"subsystem\" and \"config\"",
        );
    }

    #[test]
    fn each_wrong_entry_has_its_sentence() {
        for (entry, reason) in [
            ("5", " must be an object, not 5"),
            ("{}", ": \"method\" is missing"),
            (r#"{"method":5}"#, ": \"method\" must be a string, not 5"),
            (r#"{"method":"a\u0000b"}"#, ": \"method\" holds a NUL"),
            (r#"{"method":"a","method":"b"}"#, " has the key \"method\" twice"),
            (r#"{"method":"a","params":[]}"#, ": \"params\" must be an object, not an array"),
            (r#"{"method":"a","params":null}"#, ": \"params\" must be an object, not null"),
            (
                r#"{"method":"a","id":1}"#,
                ": \"id\" is not known here; there are \"method\" and perhaps \"params\"",
            ),
            (
                r#"{"method":"framework_start_init"}"#,
                ": the application starts its subsystems; remove framework_start_init",
            ),
            (
                r#"{"method":"framework_wait_init"}"#,
                ": the application starts its subsystems; remove framework_wait_init",
            ),
        ] {
            refused(&with_entry(entry), &format!("subsystems[0].config[0]{reason}"));
            let batch = with_entry(&format!(r#"{{"method":"m"}},[{{"method":"m"}},{entry}]"#));
            refused(&batch, &format!("subsystems[0].config[1][1]{reason}"));
        }
    }

    #[test]
    fn what_spdk_takes_is_taken() {
        for text in [
            "{}\0",
            r#"{"subsystems":[]}"#,
            r#"{"other":[1,{"x":2}],"subsystems":[{"subsystem":"a","config":null}]} // end"#,
            &with_entry("[]"),
        ] {
            read_config(text.as_bytes()).expect(text);
        }
        let text = with_entry(r#"{"params":{"a":[1e3,{"b":null}]},"method":"m"},[{"method":"n"}]"#);
        let entries = read_config(text.as_bytes()).expect(&text);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].calls[0].method, "m");
        let params = entries[0].calls[0].params.as_ref().expect("there are some");
        assert_eq!(params.get(), r#"{"a":[1e3,{"b":null}]}"#);
        assert_eq!(entries[1].calls[0].place.to_string(), "subsystems[0].config[1][0]");
    }

    #[test]
    fn nesting_is_limited_as_in_spdk() {
        let nested = |levels: usize| {
            format!("{{\"x\":{}\"[[[\"{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
        };
        read_config(nested(DEEPEST).as_bytes()).expect("64 levels");
        refused(&nested(DEEPEST + 1), "it is nested deeper than 64 levels");
    }
}
