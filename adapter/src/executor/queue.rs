//! The tasks that are ready, in the order in which they were woken. Linked through the tasks
//! themselves, so that queueing allocates nothing.

use super::reference::Local;
use crate::sync::Cell;

/// A queue; a task is in it at most once, as its state says.
pub(super) struct Queue {
    first: Cell<Option<Local>>,
    /// A further reference to the last one.
    last: Cell<Option<Local>>,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { first: Cell::new(None), last: Cell::new(None) }
    }

    pub(super) fn push(&self, task: Local) {
        match self.last.replace(Some(task.clone())) {
            Some(last) => last.next.set(Some(task)),
            None => self.first.set(Some(task)),
        }
    }

    pub(super) fn pop(&self) -> Option<Local> {
        let task = self.first.take()?;
        match task.next.take() {
            Some(next) => self.first.set(Some(next)),
            None => drop(self.last.take()),
        }
        Some(task)
    }

    pub(super) fn is_empty(&self) -> bool {
        let first = self.first.take();
        let empty = first.is_none();
        self.first.set(first);
        empty
    }
}
