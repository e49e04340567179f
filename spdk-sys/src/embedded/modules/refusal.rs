//! The error of everything that is configured: a negative errno for C, a sentence for people.

use core::ffi::c_int;
use core::fmt;

/// Why a bdev could not be created or changed, or why a configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The negative errno that C callers see.
    pub code: c_int,
    /// One sentence that says what is wrong and where.
    pub message: String,
}

impl Refusal {
    /// A refusal with `code` (a negative errno) and its explanation.
    pub(in crate::embedded) fn new(code: c_int, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A refusal of something that is not valid.
    pub(in crate::embedded) fn invalid(message: impl Into<String>) -> Self {
        Self::new(-libc::EINVAL, message)
    }

    /// A refusal that only has an errno to explain it: `what` ended with `code` (negative).
    pub(in crate::embedded) fn errno(code: c_int, what: impl fmt::Display) -> Self {
        let reason = std::io::Error::from_raw_os_error(-code);
        Self::new(code, format!("{what}: {reason}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
