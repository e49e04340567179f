//! What can go wrong, always with the operation that it happened to.

use std::borrow::Cow;

use crate::adapter::{CallError, Errno, Failed, Refusal};
use crate::bdev::IoStatus;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// An operation that failed, and why.
///
/// ```no_run
/// # async fn example() -> spdk_async::Result<()> {
/// # let channel = spdk_async::bdev::Bdev::open("Malloc0").await?.channel()?;
/// if let (Err(error), _buf) = channel.read(vec![0; 512], 0).await {
///     eprintln!("{error}; try again: {}", error.is_retryable());
/// }
/// # Ok(())
/// # }
/// ```
// Behind a pointer, so that the results of operations that succeed are small.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Failure>);

#[derive(Clone, Debug, thiserror::Error)]
#[error("{operation}: {kind}")]
struct Failure {
    operation: &'static str,
    #[source]
    kind: ErrorKind,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// SPDK reported an error number.
    #[error("{0}")]
    Errno(Errno),
    /// An I/O completed with a failure.
    #[error("{0}")]
    Io(IoStatus),
    /// SPDK refused without a reason.
    #[error("SPDK refused the call")]
    Refused,
    /// There is no bdev of this name, or it is going away.
    #[error("there is no bdev named `{0}`")]
    NoSuchBdev(String),
    /// An argument cannot be used; the text says which and what it should be.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// The call needs an `spdk_thread` with a runtime.
    #[error("must be called on an spdk_thread with a runtime (inside of App::run or a Worker)")]
    NoThread,
    /// The thread or the application is ending.
    #[error("the thread is ending")]
    Ending,
    /// The application could not start or ended with this exit code; the text says why, if known.
    #[error("{reason} (exit code {code})")]
    App {
        /// What `spdk_app_start` returned.
        code: i32,
        /// What is known about the reason.
        reason: Cow<'static, str>,
    },
    /// The application was told to shut down before its main future had finished.
    #[error("shut down before the work was finished")]
    ShutDown,
}

impl Error {
    pub(crate) fn new(operation: &'static str, kind: ErrorKind) -> Self {
        Self(Box::new(Failure { operation, kind }))
    }

    pub(crate) fn errno_of(operation: &'static str, errno: Errno) -> Self {
        Self::new(operation, ErrorKind::Errno(errno))
    }

    pub(crate) fn no_memory(operation: &'static str) -> Self {
        Self::errno_of(operation, Errno::ENOMEM)
    }

    pub(crate) fn no_thread(operation: &'static str) -> Self {
        Self::new(operation, ErrorKind::NoThread)
    }

    pub(crate) fn ending(operation: &'static str) -> Self {
        Self::new(operation, ErrorKind::Ending)
    }

    pub(crate) fn invalid(operation: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(operation, ErrorKind::Invalid(why.into()))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn refused(operation: &'static str, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Errno(errno) => Self::errno_of(operation, errno),
            Refusal::Status(_) | Refusal::Null | Refusal::False => {
                Self::new(operation, ErrorKind::Refused)
            }
        }
    }

    /// The operation that failed: the C function, or what the safe API calls it.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Why it failed.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The error number of the failure, where there is one. An I/O of a file-backed bdev carries that
    /// of the system call; arguments that this crate itself refuses are `EINVAL`, as SPDK has it.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match &self.0.kind {
            ErrorKind::Errno(errno) => Some(*errno),
            ErrorKind::Io(status) => status.errno(),
            ErrorKind::Invalid(_) => Some(Errno::EINVAL),
            ErrorKind::NoSuchBdev(_) => Some(Errno::from_status(libc::ENODEV)),
            _ => None,
        }
    }

    /// The status of an I/O that completed with a failure.
    #[must_use]
    pub fn io_status(&self) -> Option<&IoStatus> {
        match &self.0.kind {
            ErrorKind::Io(status) => Some(status),
            _ => None,
        }
    }

    /// Whether the same operation may succeed later without anything else being changed: memory was
    /// short, another change was in progress, or an I/O was aborted.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Errno(errno) => {
                matches!(errno.get(), libc::ENOMEM | libc::EAGAIN | libc::EBUSY)
            }
            ErrorKind::Io(status) => status.is_aborted(),
            _ => false,
        }
    }
}

/// What a callback reports as its failure, as an error of this crate.
pub(crate) trait Report {
    fn into_kind(self) -> ErrorKind;
}

impl Report for IoStatus {
    fn into_kind(self) -> ErrorKind {
        ErrorKind::Io(self)
    }
}

impl Report for Errno {
    fn into_kind(self) -> ErrorKind {
        ErrorKind::Errno(self)
    }
}

impl Report for Failed {
    fn into_kind(self) -> ErrorKind {
        ErrorKind::Refused
    }
}

impl Report for core::convert::Infallible {
    fn into_kind(self) -> ErrorKind {
        match self {}
    }
}

impl Error {
    /// Names the operation that a call error belongs to.
    pub(crate) fn of<E: Report>(operation: &'static str) -> impl FnOnce(CallError<E>) -> Self {
        move |error| match error {
            CallError::Refused(refusal) => Self::refused(operation, refusal),
            CallError::Failed(report) => Self::new(operation, report.into_kind()),
        }
    }
}
