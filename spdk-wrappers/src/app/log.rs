//! SPDK's log: handed to `tracing`, and searched for the reason of a failed start.
//!
//! The embedded backend logs through `tracing` by itself. C's `va_list` has a form for each
//! architecture; where it is not that of x86-64, SPDK prints its log to standard error.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use spdk_sys::{__va_list_tag, spdk_log_cb};

use crate::adapter::guard;

/// The first error of the running application. Later ones tend to be its consequences.
static FIRST_ERROR: Mutex<Option<String>> = Mutex::new(None);

/// The least important level that is handed on.
static LEVEL: AtomicI32 = AtomicI32::new(spdk_sys::SPDK_LOG_ERROR);

/// Longer lines are cut, in bytes.
const LINE: usize = 1024;

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

/// What SPDK logged first at level error.
pub(super) fn first_error() -> Option<String> {
    FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
            let mut first = FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| one_line(text));
        }
        if level <= LEVEL.load(Ordering::Relaxed) {
            trace(level, &func.to_string_lossy(), text);
        }
    });
}

/// Some of SPDK's messages span lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
