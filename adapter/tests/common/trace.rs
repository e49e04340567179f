//! A trace of events, and values that note when and where they are dropped.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread::{self, ThreadId};

/// What happened, in order, with the OS thread that it happened on. Clones share one trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<(String, ThreadId)>>>);

impl Trace {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn note(&self, event: impl Into<String>) {
        let event = (event.into(), thread::current().id());
        self.0.lock().unwrap().push(event);
    }

    /// The events so far, which are forgotten.
    pub(crate) fn take(&self) -> Vec<String> {
        self.0.lock().unwrap().drain(..).map(|(event, _)| event).collect()
    }

    /// Asserts that these are the events so far, and forgets them.
    #[track_caller]
    pub(crate) fn expect<const N: usize>(&self, events: [&str; N]) {
        assert_eq!(self.take(), events);
    }

    /// The thread of the only event of this name.
    #[track_caller]
    pub(crate) fn thread_of(&self, event: &str) -> ThreadId {
        let events = self.0.lock().unwrap();
        let mut matching = events.iter().filter(|(name, _)| name == event);
        let (_, thread) = matching.next().expect("the event has happened");
        assert!(matching.next().is_none(), "`{event}` happened twice");
        *thread
    }

    /// A value that notes `drop <name>` when it is dropped.
    pub(crate) fn probe(&self, name: &'static str) -> Probe {
        Probe { trace: self.clone(), name }
    }

    /// A waker that notes `wake <name>` when it is woken.
    pub(crate) fn waker(&self, name: &'static str) -> Waker {
        Waker::from(Arc::new(NotingWaker { trace: self.clone(), name }))
    }
}

/// Notes its drop.
#[derive(Debug)]
pub(crate) struct Probe {
    trace: Trace,
    name: &'static str,
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.trace.note(format!("drop {}", self.name));
    }
}

struct NotingWaker {
    trace: Trace,
    name: &'static str,
}

impl Wake for NotingWaker {
    fn wake(self: Arc<Self>) {
        self.trace.note(format!("wake {}", self.name));
    }
}
