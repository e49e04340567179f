//! I/O that takes too long.

use core::ffi::c_void;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use futures_core::Stream;
use spdk_sys::spdk_bdev_io;

use super::descriptor::Descriptor;
use super::io_type::IoType;
use crate::adapter::{self, Subscription};
use crate::error::{Error, Result};
use crate::raw::bdev as raw;
use crate::thread::Runtime;

/// An I/O that was in flight for longer than the limit when it was reported. It still is, as far as
/// anybody knows.
#[derive(Clone, Debug)]
pub struct IoTimeout {
    io_type: Option<IoType>,
    age: Duration,
    cb_arg: usize,
}

impl IoTimeout {
    /// Reads what an I/O in flight is.
    ///
    /// # Safety
    ///
    /// - `bdev_io` is in flight, on the calling thread.
    pub(crate) unsafe fn read(bdev_io: *mut spdk_bdev_io) -> Self {
        // SAFETY: the caller's promise.
        let io_type = unsafe { (*bdev_io).type_ };
        // SAFETY: the caller's promise.
        let cb_arg = unsafe { spdk_sys::spdk_bdev_io_get_cb_arg(bdev_io) }.addr();
        // SAFETY: the caller's promise.
        let submitted = unsafe { spdk_sys::spdk_bdev_io_get_submit_tsc(bdev_io) };
        // SAFETY: no precondition once SPDK is up.
        let now = unsafe { spdk_sys::spdk_get_ticks() };
        let age = crate::env::ticks_to_duration(now.saturating_sub(submitted));
        Self { io_type: IoType::from_c(io_type.into()), age, cb_arg }
    }

    /// What kind of I/O it is; `None` for a kind that this crate does not name.
    #[must_use]
    pub const fn io_type(&self) -> Option<IoType> {
        self.io_type
    }

    /// How long it had been in flight.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }

    pub(super) const fn cb_arg(&self) -> *mut c_void {
        core::ptr::without_provenance_mut(self.cb_arg)
    }
}

/// The stream of [`Descriptor::timeouts`]. Dropping it stops the reports, on the thread that opened
/// the descriptor.
///
/// ```no_run
/// use std::{future::poll_fn, pin::Pin, time::Duration};
/// use futures_core::Stream;
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let descriptor = spdk_async::bdev::Bdev::open("Malloc0").await?;
/// let mut timeouts = descriptor.timeouts(Duration::from_secs(5))?;
/// while let Some(stuck) = poll_fn(|cx| Pin::new(&mut timeouts).poll_next(cx)).await {
///     eprintln!("{:?} has been in flight for {:?}", stuck.io_type(), stuck.age());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Timeouts {
    events: adapter::Events<raw::spdk_bdev_io_timeout_cb>,
    // Before the descriptor: SPDK is told to stop while that is open.
    _stop: Stop,
}

struct Stop {
    descriptor: Descriptor,
    /// Which of the descriptor's streams this is. Only the latest is SPDK's.
    number: u64,
    /// Ends the stream; later reports are ignored.
    _subscription: Subscription<raw::spdk_bdev_io_timeout_cb>,
}

impl Timeouts {
    pub(super) fn start(descriptor: &Descriptor, limit: Duration) -> Result<Self> {
        const OPERATION: &str = "spdk_bdev_set_timeout";
        let runtime = Runtime::current(OPERATION)?;
        if runtime.id() != descriptor.owner().id() {
            let reason = "timeouts are set on the thread that opened the descriptor";
            return Err(Error::invalid(OPERATION, reason));
        }
        if limit.as_secs() == 0 {
            return Err(Error::invalid(OPERATION, "the limit must be at least one second"));
        }
        let (subscription, events) = Subscription::new(OPERATION);
        // SAFETY: the descriptor is open and was opened on this thread; the subscription may end at
        // any time.
        let set = unsafe {
            raw::spdk_bdev_set_timeout(descriptor.as_ptr(), whole_seconds(limit), &subscription)
        };
        set.map_err(|refusal| Error::refused(OPERATION, refusal))?;
        let number = descriptor.next_timeouts();
        let stop = Stop { descriptor: descriptor.clone(), number, _subscription: subscription };
        Ok(Self { events, _stop: stop })
    }
}

/// The limit in SPDK's unit, never shortened; SPDK multiplies it by the clock's rate, so it is kept
/// where that cannot overflow.
fn whole_seconds(limit: Duration) -> u64 {
    const LONGEST: u64 = 1_000_000_000;
    let seconds = limit.as_secs().saturating_add(u64::from(limit.subsec_nanos() > 0));
    seconds.min(LONGEST)
}

impl Drop for Stop {
    fn drop(&mut self) {
        let (descriptor, number) = (self.descriptor.clone(), self.number);
        self.descriptor.owner().run(move |_| {
            if descriptor.latest_timeouts() != number {
                return;
            }
            // SAFETY: the descriptor is open, and this is the thread that opened it. No time means
            // no callback.
            let rc = unsafe {
                spdk_sys::spdk_bdev_set_timeout(descriptor.as_ptr(), 0, None, core::ptr::null_mut())
            };
            if rc != 0 {
                tracing::error!(rc, "spdk_bdev_set_timeout could not stop the reports");
            }
        });
    }
}

impl Stream for Timeouts {
    type Item = IoTimeout;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<IoTimeout>> {
        Pin::new(&mut self.events).poll_next(cx)
    }
}

impl fmt::Debug for Timeouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeouts").finish_non_exhaustive()
    }
}
