//! Seeds of random tests: new ones each time, unless one is asked for.
#![allow(dead_code, reason = "each test file uses a part of this")]

/// The environment variable that names a seed to repeat.
pub(crate) const VARIABLE: &str = "SPDK_ASYNC_TEST_SEED";

/// The seed that was asked for.
pub(crate) fn asked() -> Option<u64> {
    number(VARIABLE)
}

/// The seed that was asked for, or one that depends on the time.
pub(crate) fn first() -> u64 {
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970");
    // Short enough to be typed.
    asked().unwrap_or_else(|| u64::from(now().subsec_nanos()))
}

/// A number in the environment.
pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, and not `{text}`")))
}
