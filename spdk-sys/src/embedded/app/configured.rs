//! An application that starts with a configuration; the same function on both backends.

use core::ffi::{c_int, c_void};

use super::opts::spdk_app_opts;
use super::start::spdk_app_start;
use crate::spdk_msg_fn;

/// [`spdk_app_start`] with a configuration, which names the entry that fails, and which never leaves
/// C with what it has freed when an application after the first of a process fails to start.
///
/// Returns what [`spdk_app_start`] does; [`last_config_error`](crate::last_config_error) tells why.
///
/// # Errors
///
/// None in this backend. With an installed SPDK: the code of a start that was refused before SPDK
/// was asked, so that [`spdk_app_fini`](crate::spdk_app_fini) must not be called.
///
/// # Safety
///
/// - As [`spdk_app_start`]; `opts` is not null, and has neither `json_data` nor `json_config_file`.
pub unsafe fn start_configured(
    opts: *mut spdk_app_opts,
    config: Option<&[u8]>,
    start_fn: spdk_msg_fn,
    ctx: *mut c_void,
) -> Result<c_int, c_int> {
    if let Some(config) = config {
        // SAFETY: the caller's options are writable; the text is only read, and outlives the call.
        unsafe {
            (*opts).json_data = config.as_ptr().cast_mut().cast();
            (*opts).json_data_size = config.len();
        }
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { spdk_app_start(opts, start_fn, ctx) })
}

/// How many methods of configurations have begun. What C logs between two steps belongs to one.
///
/// Always 0 here: this backend's reasons are complete without C's log.
#[must_use]
pub fn config_steps() -> usize {
    0
}
