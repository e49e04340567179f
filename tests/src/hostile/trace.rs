//! What happened, in order, with the OS thread that it happened on.

use core::task::Waker;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;
use std::thread::{self, ThreadId};

/// Something that the C library did, or that the adapter did to a test's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The C function was entered.
    Called,
    /// C begins to call back.
    CallBack,
    /// The callback has returned to C.
    Returned,
    /// An I/O that C had lent came back.
    IoFreed,
    /// An object that C had handed over was closed.
    Closed,
    /// A payload was dropped, and C had written to it at the last moment before its callback.
    DroppedFull,
    /// A payload was dropped that C had written to at its call only.
    DroppedTouched,
    /// A payload was dropped that C had never seen.
    DroppedBlank,
    /// A payload was dropped with bytes in it that C does not write.
    DroppedCorrupt,
    /// The waker with this number was woken.
    Woken(u32),
}

impl Event {
    pub(super) const fn from_c(event: u32) -> Self {
        match event {
            0 => Self::Called,
            1 => Self::CallBack,
            2 => Self::Returned,
            3 => Self::IoFreed,
            _ => Self::Closed,
        }
    }
}

/// A list of events. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<Vec<(Event, ThreadId)>>>);

impl Trace {
    /// Adds an event that happens now, on this thread.
    pub fn note(&self, event: Event) {
        let entry = (event, thread::current().id());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// The events since the last time, with their threads.
    #[must_use]
    pub fn take_with_threads(&self) -> Vec<(Event, ThreadId)> {
        core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The events since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        self.take_with_threads().into_iter().map(|(event, _)| event).collect()
    }
}

/// A waker that notes that it is woken, and then does what it was told to.
pub struct TestWaker {
    inner: Arc<Noting>,
    waker: Waker,
}

struct Noting {
    trace: Trace,
    number: u32,
    then: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.trace.note(Event::Woken(self.number));
        if let Some(then) = &self.then {
            then();
        }
    }
}

impl TestWaker {
    /// Notes `Woken(number)`.
    #[must_use]
    pub fn new(trace: &Trace, number: u32) -> Self {
        Self::with(trace, number, None)
    }

    /// Notes `Woken(number)`, then runs `then`, inside of the wake.
    pub fn then(trace: &Trace, number: u32, then: impl Fn() + Send + Sync + 'static) -> Self {
        Self::with(trace, number, Some(Box::new(then)))
    }

    fn with(trace: &Trace, number: u32, then: Option<Box<dyn Fn() + Send + Sync>>) -> Self {
        let inner = Arc::new(Noting { trace: trace.clone(), number, then });
        let waker = Waker::from(Arc::clone(&inner));
        Self { inner, waker }
    }

    /// The waker.
    #[must_use]
    pub const fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Whether anybody but the test still holds the waker.
    #[must_use]
    pub fn is_held(&self) -> bool {
        Arc::strong_count(&self.inner) > 2
    }
}

impl core::fmt::Debug for TestWaker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("TestWaker").field(&self.inner.number).finish()
    }
}
