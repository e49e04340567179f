//! The parameters of one configuration method, decoded with SPDK's strictness.
//!
//! Invariant: a [`Params`] holds only names that its method takes, so that a misspelt optional
//! parameter is an error and never a silently used default.

use core::mem::MaybeUninit;
use std::ffi::CString;

use serde_json::{Map, Value};

use crate::Refusal;
use crate::{spdk_uuid, spdk_uuid_parse};

/// The parameters of one call, still to be decoded.
#[derive(Debug)]
pub(super) struct Params {
    method: &'static str,
    values: Map<String, Value>,
}

impl Params {
    /// Takes what the configuration gave to `method`, which takes the names in `known`.
    ///
    /// Fails with `-EINVAL` on the first name that is not among them.
    pub(super) fn new(
        method: &'static str,
        known: &[&str],
        values: Map<String, Value>,
    ) -> Result<Self, Refusal> {
        match values.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(Self { method, values }),
            Some(name) if known.is_empty() => Err(Refusal::invalid(format!(
                "{method}: parameter \"{name}\" is not known; the method takes none"
            ))),
            Some(name) => Err(Refusal::invalid(format!(
                "{method}: parameter \"{name}\" is not known; the method takes {}",
                known.join(", ")
            ))),
        }
    }

    /// The value of `name`, which must be given.
    pub(super) fn required<T: FromParam>(&mut self, name: &str) -> Result<T, Refusal> {
        self.optional(name)?.ok_or_else(|| {
            Refusal::invalid(format!("{}: parameter \"{name}\" is missing", self.method))
        })
    }

    /// The value of `name` if it is given.
    pub(super) fn optional<T: FromParam>(&mut self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.values.get(name) else { return Ok(None) };
        T::from_param(value).map(Some).ok_or_else(|| {
            Refusal::invalid(format!(
                "{}: parameter \"{name}\" must be {}, not {}",
                self.method,
                T::EXPECTED,
                describe(value)
            ))
        })
    }
}

impl Params {
    /// Refuses a bdev with metadata or protection information, which the embedded backend does not
    /// offer (`-ENOTSUP`). Values that ask for none are fine.
    pub(super) fn refuse_metadata(&mut self) -> Result<(), Refusal> {
        let md_size = self.optional::<u32>("md_size")?.unwrap_or(0);
        let dif_type = self.optional::<i32>("dif_type")?.unwrap_or(0);
        self.optional::<bool>("md_interleave")?;
        self.optional::<bool>("dif_is_head_of_md")?;
        self.optional::<u32>("dif_pi_format")?;
        if md_size == 0 && dif_type == 0 {
            return Ok(());
        }
        Err(Refusal::new(
            -libc::ENOTSUP,
            format!(
                "{}: the embedded backend has no metadata and no protection information; leave out \
                 \"md_size\" and \"dif_type\"",
                self.method
            ),
        ))
    }
}

/// What was found where something else was expected, in words.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("the string \"{text}\""),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A type that a parameter can be decoded to.
pub(super) trait FromParam: Sized {
    /// What the value has to be, as it reads after "must be".
    const EXPECTED: &'static str;

    /// The decoded value, or `None` if `value` is something else.
    fn from_param(value: &Value) -> Option<Self>;
}

/// An integer in any notation that has no fraction: SPDK takes `1e3` for 1000 as well.
fn integer(value: &Value) -> Option<i128> {
    let Value::Number(number) = value else { return None };
    if let Some(whole) = number.as_u64() {
        return Some(whole.into());
    }
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    let float = number.as_f64()?;
    // Every whole number up to here is exact in a double.
    let exact = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(float as i128)
}

macro_rules! integer_params {
    ($($ty:ty => $expected:literal),* $(,)?) => {$(
        impl FromParam for $ty {
            const EXPECTED: &'static str = $expected;

            fn from_param(value: &Value) -> Option<Self> {
                integer(value)?.try_into().ok()
            }
        }
    )*};
}

integer_params! {
    u8 => "an integer from 0 to 255",
    u32 => "an unsigned 32-bit integer",
    u64 => "an unsigned 64-bit integer",
    i32 => "a 32-bit integer",
}

impl FromParam for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_param(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromParam for CString {
    const EXPECTED: &'static str = "a string without NUL characters";

    fn from_param(value: &Value) -> Option<Self> {
        CString::new(value.as_str()?).ok()
    }
}

impl FromParam for [u8; 16] {
    const EXPECTED: &'static str = "a UUID such as \"2b1de8ae-1f0a-4c45-8a0e-5f3f6b0c9d11\"";

    fn from_param(value: &Value) -> Option<Self> {
        let text = CString::from_param(value)?;
        let mut uuid = MaybeUninit::<spdk_uuid>::zeroed();
        // SAFETY: `uuid` is writable for one spdk_uuid and `text` is NUL-terminated; both outlive
        // the call.
        let rc = unsafe { spdk_uuid_parse(uuid.as_mut_ptr(), text.as_ptr()) };
        // SAFETY: spdk_uuid is plain bytes, valid when zeroed and when written by the parser.
        (rc == 0).then(|| unsafe { uuid.assume_init().u.raw })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(value: Value) -> Result<Params, Refusal> {
        let Value::Object(map) = value else { panic!("parameters are an object") };
        Params::new("bdev_x", &["name", "size", "on"], map)
    }

    #[test]
    fn a_misspelt_name_is_refused_with_the_names_that_exist() {
        let refused = params(json!({"nmae": "a"})).expect_err("not a parameter");
        assert_eq!(refused.code, -libc::EINVAL);
        assert_eq!(
            refused.message,
            "bdev_x: parameter \"nmae\" is not known; the method takes name, size, on"
        );
    }

    #[test]
    fn missing_and_ill_typed_say_which_and_why() {
        let mut given = params(json!({"size": "big", "on": 1})).expect("all names exist");
        assert_eq!(
            given.required::<CString>("name").expect_err("not given").message,
            "bdev_x: parameter \"name\" is missing"
        );
        assert_eq!(
            given.required::<u32>("size").expect_err("a string").message,
            "bdev_x: parameter \"size\" must be an unsigned 32-bit integer, not the string \"big\""
        );
        assert_eq!(
            given.optional::<bool>("on").expect_err("a number").message,
            "bdev_x: parameter \"on\" must be true or false, not 1"
        );
    }

    #[test]
    fn integers_keep_their_range_and_take_any_whole_notation() {
        let mut given = params(json!({"size": 1e3})).expect("size exists");
        assert_eq!(given.required::<u64>("size"), Ok(1000));
        for (value, fits) in [(json!(255), true), (json!(256), false), (json!(1.5), false)] {
            assert_eq!(u8::from_param(&value).is_some(), fits, "{value}");
        }
        assert_eq!(u64::from_param(&json!(u64::MAX)), Some(u64::MAX));
        assert_eq!(u64::from_param(&json!(-1)), None);
        assert_eq!(i32::from_param(&json!(-1)), Some(-1));
    }
}
