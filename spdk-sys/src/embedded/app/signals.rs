//! SIGINT, SIGTERM and SIGPIPE while an application runs.
//!
//! Owns the process's handlers of these three from [`SignalHandlers::install`] until drop, which
//! puts back what was there before. The handler only stores to an atomic; the main reactor takes
//! the request and starts the shutdown, so nothing else runs in signal context.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering};
use std::io;

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// Only the first signal of an application counts.
static TAKEN: AtomicBool = AtomicBool::new(false);

unsafe extern "C" fn on_signal(_signal: c_int) {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// Whether a signal has asked for the shutdown of the application: true once per application.
pub(super) fn take_shutdown_request() -> bool {
    REQUESTED.load(Ordering::Relaxed) && !TAKEN.swap(true, Ordering::Relaxed)
}

/// The handlers of a running application.
pub(super) struct SignalHandlers {
    before: Vec<(c_int, libc::sigaction)>,
}

impl SignalHandlers {
    /// Ignores SIGPIPE and makes SIGINT and SIGTERM ask for the shutdown.
    pub(super) fn install() -> io::Result<Self> {
        REQUESTED.store(false, Ordering::Relaxed);
        TAKEN.store(false, Ordering::Relaxed);
        let mut handlers = Self { before: Vec::with_capacity(3) };
        let handler = on_signal as unsafe extern "C" fn(c_int) as libc::sighandler_t;
        handlers.set(libc::SIGPIPE, libc::SIG_IGN)?;
        handlers.set(libc::SIGINT, handler)?;
        handlers.set(libc::SIGTERM, handler)?;
        unblock(&[libc::SIGINT, libc::SIGTERM])?;
        Ok(handlers)
    }

    fn set(&mut self, signal: c_int, handler: libc::sighandler_t) -> io::Result<()> {
        // SAFETY: all-zero is a valid sigaction: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
        action.sa_sigaction = handler;
        // SAFETY: as above; the call below overwrites it.
        let mut before: libc::sigaction = unsafe { core::mem::zeroed() };
        // SAFETY: both structures are valid; the handler is async-signal-safe (one atomic store).
        match unsafe { libc::sigaction(signal, &raw const action, &raw mut before) } {
            0 => self.before.push((signal, before)),
            _ => return Err(io::Error::last_os_error()),
        }
        Ok(())
    }
}

impl Drop for SignalHandlers {
    fn drop(&mut self) {
        for (signal, before) in self.before.drain(..).rev() {
            // SAFETY: `before` is what this process had installed for the signal.
            unsafe { libc::sigaction(signal, &raw const before, null_mut()) };
        }
    }
}

/// Unblocks the signals on the calling thread.
fn unblock(signals: &[c_int]) -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `set` is writable; sigemptyset initializes it before the other calls read it.
    let rc = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), null_mut())
    };
    match rc {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
