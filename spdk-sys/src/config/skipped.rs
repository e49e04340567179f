//! What is said of methods that a configuration names and this program does not have.
//!
//! SPDK skips methods under a subsystem that is not linked, for a configuration may be shared with an
//! application that has it. It skips them as well if nobody has such a subsystem, for then too it is
//! not linked; that is a slip of the pen, and worth a warning.

use core::ffi::CStr;

use super::read::Call;

/// The subsystems of SPDK v26.05.
pub(crate) const SUBSYSTEMS: [&CStr; 16] = [
    c"accel",
    c"bdev",
    c"fsdev",
    c"iobuf",
    c"iscsi",
    c"keyring",
    c"nbd",
    c"nvmf",
    c"scheduler",
    c"scsi",
    c"sock",
    c"ublk",
    c"vfio_user_target",
    c"vhost_blk",
    c"vhost_scsi",
    c"vmd",
];

/// Says that the method of `call` is unknown, stands under `subsystem`, and is skipped.
pub(crate) fn say_skipped(subsystem: &str, linked: bool, call: &Call) {
    let Call { place, method, .. } = call;
    if linked {
        tracing::error!(
            "{place}: there is no method {method} in subsystem {subsystem:?} (ignored)"
        );
    } else if SUBSYSTEMS.iter().any(|name| name.to_bytes() == subsystem.as_bytes()) {
        tracing::info!(
            "{place}: {method} is skipped, for subsystem {subsystem:?} is not part of this program"
        );
    } else {
        tracing::warn!(
            "{place}: {method} is skipped, for SPDK has no subsystem {subsystem:?}; correct its name"
        );
    }
}
