//! How an I/O failed, read from its `spdk_bdev_io` before that is freed.

use core::ffi::c_int;
use core::fmt;

use spdk_sys::spdk_bdev_io;

use crate::adapter::Errno;

/// The status of an I/O that failed, as NVMe codes and, for file-backed bdevs, an error number.
///
/// SPDK maps every kind of failure to NVMe codes (`spdk_bdev_io_get_nvme_status`): 0/07h aborted,
/// 2/85h comparison failed, 0/06h anything without codes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IoStatus {
    status_code_type: u8,
    status_code: u8,
    cdw0: u32,
    errno: Option<Errno>,
}

const GENERIC: u8 = 0;
const MEDIA: u8 = 2;
const INTERNAL_DEVICE_ERROR: u8 = 0x06;
const ABORTED_BY_REQUEST: u8 = 0x07;
const COMPARE_FAILURE: u8 = 0x85;

impl IoStatus {
    /// Reads the outcome of a completed I/O.
    ///
    /// # Safety
    ///
    /// - `bdev_io` is a completed I/O that has not been freed, or `success` is true.
    #[inline]
    pub(crate) unsafe fn read(bdev_io: *mut spdk_bdev_io, success: bool) -> Result<(), Self> {
        if success {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        Err(unsafe { Self::of_failed(bdev_io) })
    }

    /// # Safety
    ///
    /// - `bdev_io` is a completed I/O that has not been freed.
    #[cold]
    unsafe fn of_failed(bdev_io: *mut spdk_bdev_io) -> Self {
        let (mut cdw0, mut sct, mut sc) = (0_u32, 0 as c_int, 0 as c_int);
        // SAFETY: the caller's promise; the places are valid.
        unsafe {
            spdk_sys::spdk_bdev_io_get_nvme_status(
                bdev_io,
                &raw mut cdw0,
                &raw mut sct,
                &raw mut sc,
            );
        }
        let mut aio: c_int = 0;
        // SAFETY: the caller's promise; the place is valid.
        unsafe { spdk_sys::spdk_bdev_io_get_aio_status(bdev_io, &raw mut aio) };
        // SPDK answers EIO where no system call is behind the failure.
        let errno = (aio != 0 && aio != -libc::EIO).then(|| Errno::from_status(aio));
        Self { status_code_type: sct as u8, status_code: sc as u8, cdw0, errno }
    }

    pub(crate) const fn from_errno(errno: Errno) -> Self {
        Self {
            status_code_type: GENERIC,
            status_code: INTERNAL_DEVICE_ERROR,
            cdw0: 0,
            errno: Some(errno),
        }
    }

    /// NVMe's status code type.
    #[must_use]
    pub const fn status_code_type(&self) -> u8 {
        self.status_code_type
    }

    /// NVMe's status code.
    #[must_use]
    pub const fn status_code(&self) -> u8 {
        self.status_code
    }

    /// The command-specific double word of an NVMe completion.
    #[must_use]
    pub const fn cdw0(&self) -> u32 {
        self.cdw0
    }

    /// The error number of the system call behind a file-backed bdev.
    #[must_use]
    pub const fn errno(&self) -> Option<Errno> {
        self.errno
    }

    /// Whether the I/O was aborted, by an abort or a reset.
    #[must_use]
    pub const fn is_aborted(&self) -> bool {
        matches!((self.status_code_type, self.status_code), (GENERIC, ABORTED_BY_REQUEST))
    }

    /// Whether a compare found a difference.
    #[must_use]
    pub const fn is_miscompare(&self) -> bool {
        matches!((self.status_code_type, self.status_code), (MEDIA, COMPARE_FAILURE))
    }
}

impl std::error::Error for IoStatus {}

impl fmt::Display for IoStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(errno) = self.errno {
            return write!(f, "the I/O failed: {errno}");
        }
        let (sct, sc) = (self.status_code_type, self.status_code);
        if self.is_aborted() {
            write!(f, "the I/O was aborted")
        } else if self.is_miscompare() {
            write!(f, "the comparison failed")
        } else {
            write!(f, "the I/O failed with NVMe status {sct:x}/{sc:02x}h")
        }
    }
}
