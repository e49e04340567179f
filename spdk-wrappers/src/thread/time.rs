//! Time on the current `spdk_thread`, by its timed pollers.

use core::ffi::{c_int, c_void};
use core::fmt;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use pin_project_lite::pin_project;
use slab::Slab;
use spdk_sys::spdk_poller;

use super::registry::Owner;
use super::runtime::Runtime;
use crate::adapter::guard;

/// Completes when `duration` has passed, to the granularity of the thread's turns. Behind it is one
/// `spdk_poller`, registered at the first poll. A `Sleep` that is dropped wakes nobody; one that is
/// forgotten runs out by itself.
///
/// # Panics
///
/// When polled where the current thread is no `spdk_thread` with a runtime.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { duration, set: None }
}

/// The future of [`sleep`].
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    duration: Duration,
    set: Option<SetAlarm>,
}

/// An alarm that is set, on its owner.
struct SetAlarm {
    alarm: Rc<Alarm>,
    owner: Owner,
    key: usize,
}

/// What a poller works on.
struct Alarm {
    poller: Cell<*mut spdk_poller>,
    /// How many periods of the poller are left of the time.
    left: Cell<u64>,
    waker: RefCell<Waker>,
}

/// The alarms that are set on a thread. They own what SPDK's pollers work on; a `Sleep` may be
/// dropped, or forgotten, anywhere.
#[derive(Default)]
pub(super) struct Alarms(RefCell<Slab<Rc<Alarm>>>);

impl Alarms {
    fn set(&self, duration: Duration, waker: &Waker) -> (usize, Rc<Alarm>) {
        let (period, periods) = divide(duration);
        let alarm = Rc::new(Alarm {
            poller: Cell::new(ptr::null_mut()),
            left: Cell::new(periods),
            waker: RefCell::new(waker.clone()),
        });
        let ctx = Rc::as_ptr(&alarm).cast_mut().cast();
        // SAFETY: these alarms' thread is current; the alarm is unregistered before it leaves them.
        let poller = unsafe {
            spdk_sys::spdk_poller_register_named(Some(ring), ctx, period, c"sleep".as_ptr())
        };
        assert!(!poller.is_null(), "sleep: spdk_poller_register had no memory");
        alarm.poller.set(poller);
        (self.0.borrow_mut().insert(Rc::clone(&alarm)), alarm)
    }

    fn stop(&self, key: usize) {
        let alarm = self.0.borrow_mut().try_remove(key);
        if let Some(alarm) = alarm {
            alarm.stop();
        }
    }

    /// Stops each alarm; for the end of the thread.
    pub(super) fn clear(&self) {
        let alarms = self.0.take();
        for (_, alarm) in alarms {
            alarm.stop();
        }
    }
}

/// The longest period of a poller, in microseconds. SPDK keeps an unregistered timed poller until its
/// time has come; until then it costs memory, and its thread does not count as unused.
const LONGEST_PERIOD: u64 = 100_000;

/// A duration as a period in microseconds, and how many of them it takes. Never shortened.
fn divide(duration: Duration) -> (u64, u64) {
    // A period of zero would be an active poller.
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1);
    let periods = micros.div_ceil(LONGEST_PERIOD);
    (micros.div_ceil(periods), periods)
}

impl Alarm {
    /// Unregisters the poller, on the thread of the alarms that hold this one.
    fn stop(&self) {
        let mut poller = self.poller.replace(ptr::null_mut());
        // SAFETY: the poller was registered on this thread, and is unregistered once.
        unsafe { spdk_sys::spdk_poller_unregister(&raw mut poller) };
    }
}

/// The alarm goes off.
///
/// # Safety
///
/// - `ctx` is an alarm whose poller is registered.
unsafe extern "C" fn ring(ctx: *mut c_void) -> c_int {
    guard("a sleeping task's poller", || {
        // SAFETY: the caller's promise.
        let alarm = unsafe { &*ctx.cast_const().cast::<Alarm>() };
        let left = alarm.left.get();
        alarm.left.set(left.saturating_sub(1));
        if left != 1 {
            return 0;
        }
        let waker = alarm.waker.borrow().clone();
        // Last: the task may drop the alarm.
        waker.wake();
        1
    })
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(set) = &self.set else {
            let runtime = match Runtime::current("sleep") {
                Ok(runtime) => runtime,
                Err(error) => panic!("{error}"),
            };
            let (key, alarm) = runtime.alarms().set(self.duration, cx.waker());
            self.set = Some(SetAlarm { alarm, owner: Owner::new(&runtime), key });
            return Poll::Pending;
        };
        if set.alarm.left.get() == 0 {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let old = set.alarm.waker.replace(waker);
        drop(old);
        Poll::Pending
    }
}

impl Drop for SetAlarm {
    fn drop(&mut self) {
        let key = self.key;
        self.owner.run(move |runtime| runtime.alarms().stop(key));
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("duration", &self.duration).finish_non_exhaustive()
    }
}

/// The time of a [`timeout`] has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Elapsed;

/// Awaits `future` for at most `duration`, then drops it.
///
/// Dropping an I/O leaves it, with its buffer, to SPDK; the buffer is freed when the I/O completes.
///
/// ```no_run
/// use std::time::Duration;
/// use spdk_async::{Elapsed, timeout};
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let channel = spdk_async::bdev::Bdev::open("Malloc0").await?.channel()?;
/// match timeout(Duration::from_millis(100), channel.read(vec![0; 512], 0)).await {
///     Ok((result, buf)) => result.map(|()| drop(buf))?,
///     Err(Elapsed) => eprintln!("the read is left to SPDK"),
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Elapsed`] when the time is over first.
///
/// # Panics
///
/// As [`sleep`].
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    Timeout { future, sleep: sleep(duration) }.await
}

pin_project! {
    struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let timeout = self.project();
        if let Poll::Ready(output) = timeout.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(timeout.sleep).poll(cx).map(|()| Err(Elapsed))
    }
}
