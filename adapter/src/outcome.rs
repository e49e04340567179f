//! How a call can end: accepted and completed, refused by the call itself, or failed through its
//! callback.

use core::convert::Infallible;
use core::ffi::c_int;

use crate::Errno;

/// The C function said no, so its callback never comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The function returned a negative `errno`.
    #[error("refused: {0}")]
    Errno(Errno),
    /// The function returned a non-zero value that is no `errno`.
    #[error("refused with status {0}")]
    Status(c_int),
    /// The function returned `NULL`.
    #[error("refused: the function returned NULL")]
    Null,
    /// The function returned `false`.
    #[error("refused: the function returned false")]
    False,
}

impl Refusal {
    /// The `errno`, where the function reports one.
    #[must_use]
    pub const fn errno(self) -> Option<Errno> {
        match self {
            Self::Errno(errno) => Some(errno),
            Self::Status(_) | Self::Null | Self::False => None,
        }
    }
}

/// Why a call did not yield its value. `E` is what its callback reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError<E> {
    /// The function refused the call; nothing was started.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The function took the call and its callback reported a failure.
    #[error("failed: {0}")]
    Failed(E),
}

impl<E> CallError<E> {
    /// The `errno` of a refusal, if that is what this is.
    #[must_use]
    pub const fn refused_errno(&self) -> Option<Errno> {
        match self {
            Self::Refused(refusal) => refusal.errno(),
            Self::Failed(_) => None,
        }
    }
}

impl CallError<Infallible> {
    /// The refusal of a call whose callback cannot report a failure.
    #[must_use]
    pub const fn into_refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Failed(never) => match never {},
        }
    }
}

/// The callback said `false` and C offers no further reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the callback reported failure")]
pub struct Failed;
