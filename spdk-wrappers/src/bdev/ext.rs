//! Options of the `_ext` reads and writes.

use bitflags::bitflags;
use spdk_sys::spdk_bdev_ext_io_opts;

use crate::adapter::Keep;

bitflags! {
    /// Checks of protection information.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct DifChecks: u32 {
        /// The reference tag.
        const REFERENCE_TAG = spdk_sys::SPDK_DIF_FLAGS_REFTAG_CHECK;
        /// The application tag.
        const APPLICATION_TAG = spdk_sys::SPDK_DIF_FLAGS_APPTAG_CHECK;
        /// The guard.
        const GUARD = spdk_sys::SPDK_DIF_FLAGS_GUARD_CHECK;
    }
}

/// Options of one read or write. The default asks for nothing special.
///
/// ```no_run
/// use spdk_async::bdev::{DifChecks, IoOptions};
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let channel = spdk_async::bdev::Bdev::open("Malloc0").await?.channel()?;
/// let options = IoOptions::default().exclude_dif_checks(DifChecks::GUARD);
/// let (result, bufs) = channel.readv_blocks_with(vec![vec![0; 512]], 0, options).await;
/// result?;
/// # drop(bufs);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoOptions {
    /// Checks of protection information to leave out.
    pub exclude_dif_checks: DifChecks,
}

impl IoOptions {
    /// Leaves out these checks of protection information.
    #[must_use]
    pub const fn exclude_dif_checks(mut self, checks: DifChecks) -> Self {
        self.exclude_dif_checks = checks;
        self
    }
}

/// The options in SPDK's form, for a record.
pub(crate) struct ExtOptions(spdk_bdev_ext_io_opts);

impl ExtOptions {
    pub(super) fn new(options: IoOptions) -> Self {
        Self(spdk_bdev_ext_io_opts {
            size: size_of::<spdk_bdev_ext_io_opts>(),
            dif_check_flags_exclude_mask: options.exclude_dif_checks.bits(),
            ..Default::default()
        })
    }
}

// SAFETY: the struct is part of the value, which the record does not move; it points to nothing.
unsafe impl Keep<*mut spdk_bdev_ext_io_opts> for ExtOptions {
    fn arg(&mut self) -> *mut spdk_bdev_ext_io_opts {
        &raw mut self.0
    }
}
