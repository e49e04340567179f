//! SPDK's log: handed to `tracing`, and searched for the reason of a failed start.
//!
//! The embedded backend logs through `tracing` by itself. C's `va_list` has a form for each
//! architecture; where it is not that of x86-64, SPDK prints its log to standard error.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use spdk_sys::{__va_list_tag, spdk_log_cb};

use crate::adapter::guard;

/// The first error since a method of the configuration began, or since the start: the number of
/// methods that had begun, and the text. Later ones tend to be its consequences.
static FIRST_ERROR: Mutex<Option<(usize, String)>> = Mutex::new(None);

/// The least important level that is handed on.
static LEVEL: AtomicI32 = AtomicI32::new(spdk_sys::SPDK_LOG_ERROR);

/// Longer lines are cut, in bytes.
const LINE: usize = 1024;

/// A hexadecimal number of so many digits is an address.
const ADDRESS: usize = 9;

// The one function of the C library that can format what SPDK's log callback is given.
unsafe extern "C" {
    fn vsnprintf(
        text: *mut c_char,
        size: usize,
        format: *const c_char,
        args: *mut __va_list_tag,
    ) -> c_int;
}

/// SPDK's log function, where its arguments can be read.
pub(super) const CALLBACK: spdk_log_cb =
    if cfg!(target_arch = "x86_64") { Some(hand_on) } else { None };

/// Starts over, for an application that wants lines up to `level`.
pub(super) fn reset(level: spdk_sys::spdk_log_level) {
    LEVEL.store(level, Ordering::Relaxed);
    FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner).take();
    // An application opens its log only after its environment, which may be what fails.
    // SAFETY: the callback may be called on any thread, at any time.
    unsafe { spdk_sys::spdk_log_open(CALLBACK) };
}

/// What SPDK logged first at level error in the start's latest step, or before there was one.
pub(super) fn first_error() -> Option<String> {
    let first = FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    first.as_ref().map(|(_, text)| text.clone())
}

/// What SPDK logged first at level error in the step of the start that is the latest now.
pub(super) fn first_error_of_step() -> Option<String> {
    let first = FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    let (step, text) = first.as_ref()?;
    (*step == spdk_sys::config_steps()).then(|| text.clone())
}

fn keep(text: &str) {
    let step = spdk_sys::config_steps();
    let mut first = FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    if first.as_ref().is_none_or(|(of, _)| *of != step) {
        *first = Some((step, readable(text)));
    }
}

/// Hands a line of SPDK's log on. May be called on any thread.
///
/// # Safety
///
/// - `format` and `args` are fit for `vsnprintf`, and `func` is null or ends in NUL.
unsafe extern "C" fn hand_on(
    level: c_int,
    _file: *const c_char,
    _line: c_int,
    func: *const c_char,
    format: *const c_char,
    args: *mut __va_list_tag,
) {
    guard("spdk_log_cb", || {
        let mut bytes = [0_u8; LINE];
        // SAFETY: the buffer has room for `LINE` bytes; the caller vouches for the rest.
        unsafe { vsnprintf(bytes.as_mut_ptr().cast(), LINE, format, args) };
        let text = CStr::from_bytes_until_nul(&bytes).unwrap_or_default().to_string_lossy();
        let text = text.trim_end();
        let func = if func.is_null() {
            c""
        } else {
            // SAFETY: the caller's promise.
            unsafe { CStr::from_ptr(func) }
        };
        if level == spdk_sys::SPDK_LOG_ERROR {
            keep(text);
        }
        if level <= LEVEL.load(Ordering::Relaxed) {
            trace(level, &func.to_string_lossy(), text);
        }
    });
}

/// Some of SPDK's messages span lines, and some hold addresses, which say nothing to anybody.
fn readable(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = line.split("0x");
    let mut readable = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        match part.len() - rest.len() {
            ADDRESS.. => readable.push('?'),
            digits => readable.extend(["0x", &part[..digits]]),
        }
        readable.push_str(rest);
    }
    readable
}

fn trace(level: c_int, func: &str, text: &str) {
    match level {
        spdk_sys::SPDK_LOG_ERROR => tracing::error!(target: "spdk", func, "{text}"),
        spdk_sys::SPDK_LOG_WARN => tracing::warn!(target: "spdk", func, "{text}"),
        spdk_sys::SPDK_LOG_NOTICE | spdk_sys::SPDK_LOG_INFO => {
            tracing::info!(target: "spdk", func, "{text}");
        }
        _ => tracing::debug!(target: "spdk", func, "{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn addresses_and_line_ends_are_left_out() {
        assert_eq!(readable("a 0x55d0c0ffee10:\n (desc=0x2000003ff0c0)"), "a ?: (desc=?)");
        assert_eq!(readable("[A,fdisk:0x7fa7e0027e20,0x]"), "[A,fdisk:?,0x]");
        for kept in ["", "flags 0x10, mask 0xffffffff", "10x20 bytes"] {
            assert_eq!(readable(kept), kept);
        }
    }
}
