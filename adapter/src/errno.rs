//! The error number of a C call, always positive.

use core::ffi::c_int;
use core::fmt;

/// An `errno` value, kept positive (`ENOMEM` is 12, not -12).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errno(c_int);

impl Errno {
    /// An I/O buffer or request could not be allocated; the call may be repeated later.
    pub const ENOMEM: Self = Self(libc::ENOMEM);
    /// An argument is outside what the function accepts.
    pub const EINVAL: Self = Self(libc::EINVAL);

    /// Takes the number from a C status of either sign. C libraries report both `-EIO` and `EIO`.
    #[must_use]
    pub const fn from_status(status: c_int) -> Self {
        // `c_int::MIN` has no positive twin; no errno is near it.
        Self(status.saturating_abs())
    }

    /// The positive error number.
    #[must_use]
    pub const fn get(self) -> c_int {
        self.0
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&std::io::Error::from_raw_os_error(self.0), f)
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errno({}: {self})", self.0)
    }
}

impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}
