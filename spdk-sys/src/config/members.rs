//! One level of a JSON value, its parts still text.

use core::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// A key and the text of its value.
pub(crate) type Member = (String, Box<RawValue>);

/// The members of an object, in order; `None` if it is something else.
///
/// # Errors
///
/// The key that is there twice: SPDK refuses that, where most readers would take one of the two.
pub(crate) fn members(value: &RawValue) -> Result<Option<Vec<Member>>, String> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<Member>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    if !value.get().starts_with('{') {
        return Ok(None);
    }
    let members = serde_json::Deserializer::from_str(value.get())
        .deserialize_map(Members)
        .map_err(|error| format!("has a part that cannot be read: {error}"))?;
    let twice = (1..members.len()).find(|&at| members[..at].iter().any(|m| m.0 == members[at].0));
    match twice {
        Some(at) => Err(format!("has the key \"{}\" twice", members[at].0)),
        None => Ok(Some(members)),
    }
}

/// The elements of an array; `None` if it is something else.
pub(super) fn elements(value: &RawValue) -> Option<Vec<Box<RawValue>>> {
    value.get().starts_with('[').then(|| serde_json::from_str(value.get()).ok()).flatten()
}

/// A string's text; `None` if it is something else.
pub(super) fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// What was found where something else was expected, in words.
pub(super) fn describe(value: &RawValue) -> &str {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        // The whole text of a long value helps nobody.
        _ if text.len() > 40 => "a longer text",
        _ => text,
    }
}
