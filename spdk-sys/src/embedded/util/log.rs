//! log.h: the levels and the log function of the program.
//!
//! The embedded backend itself logs through the `tracing` crate, so its messages obey the program's
//! tracing subscriber. The levels below are kept and given back, as programs set them at
//! start-up, but nothing obeys them, and a log function is never called. Any OS thread may call in here.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::sync::atomic::{AtomicI32, Ordering};

/// How urgent a message is; a level includes the ones below it in number.
pub type spdk_log_level = c_int;
/// No messages at all.
pub const SPDK_LOG_DISABLED: spdk_log_level = -1;
/// Errors.
pub const SPDK_LOG_ERROR: spdk_log_level = 0;
/// Warnings.
pub const SPDK_LOG_WARN: spdk_log_level = 1;
/// Notices.
pub const SPDK_LOG_NOTICE: spdk_log_level = 2;
/// Information.
pub const SPDK_LOG_INFO: spdk_log_level = 3;
/// Details for debugging.
pub const SPDK_LOG_DEBUG: spdk_log_level = 4;

/// C's `va_list` on x86-64, as far as a signature needs it.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct __va_list_tag {
    /// Offset of the next integer argument in the save area, in bytes.
    pub gp_offset: c_uint,
    /// Offset of the next floating-point argument in the save area, in bytes.
    pub fp_offset: c_uint,
    /// Arguments that were passed in memory.
    pub overflow_arg_area: *mut c_void,
    /// Arguments that were passed in registers.
    pub reg_save_area: *mut c_void,
}

/// A log function of the program.
pub type spdk_log_cb = Option<
    unsafe extern "C" fn(
        level: c_int,
        file: *const c_char,
        line: c_int,
        func: *const c_char,
        format: *const c_char,
        args: *mut __va_list_tag,
    ),
>;

static LEVEL: AtomicI32 = AtomicI32::new(SPDK_LOG_ERROR);
static PRINT_LEVEL: AtomicI32 = AtomicI32::new(SPDK_LOG_ERROR);

fn check(function: &str, level: spdk_log_level) {
    assert!(
        (SPDK_LOG_DISABLED..=SPDK_LOG_DEBUG).contains(&level),
        "{function}: {level} is no log level"
    );
}

/// Accepts the program's log function (NULL: the system log). This backend logs through `tracing` and
/// never calls it.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_log_open(_log: spdk_log_cb) {}

/// Undoes [`spdk_log_open`]: nothing to do, as messages go through `tracing`.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_log_close() {}

/// Sets the level of the system log.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_log_set_level(level: spdk_log_level) {
    check("spdk_log_set_level", level);
    LEVEL.store(level, Ordering::Relaxed);
}

/// The level of the system log; [`SPDK_LOG_ERROR`] at first.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_log_get_level() -> spdk_log_level {
    LEVEL.load(Ordering::Relaxed)
}

/// Sets the level of messages on the standard error output.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_log_set_print_level(level: spdk_log_level) {
    check("spdk_log_set_print_level", level);
    PRINT_LEVEL.store(level, Ordering::Relaxed);
}

/// The level of messages on the standard error output; [`SPDK_LOG_ERROR`] at first.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_log_get_print_level() -> spdk_log_level {
    PRINT_LEVEL.load(Ordering::Relaxed)
}
