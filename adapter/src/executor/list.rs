//! The tasks of an executor that are not done, in no order. Each knows its place in the list.

use core::cell::RefCell;

use super::reference::Local;

/// The list; a task is in it at most once.
#[derive(Default)]
pub(super) struct List(RefCell<Vec<Local>>);

impl List {
    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn insert(&self, task: Local) {
        let mut tasks = self.0.borrow_mut();
        if tasks.len() == tasks.capacity() {
            // Not to twice as many places, as it would by itself: with a million tasks that counts.
            let more = (tasks.len() / 4).max(16);
            tasks.reserve_exact(more);
        }
        task.place.set(place(tasks.len()));
        tasks.push(task);
    }

    /// Takes a task off. The last one of the list takes its place.
    // Not a part of each poll, which is to fit into a callback.
    #[inline(never)]
    pub(super) fn strike(&self, task: &Local) {
        let mut tasks = self.0.borrow_mut();
        let at = task.place.get() as usize;
        let is_there = tasks.get(at).is_some_and(|listed| listed.is(task));
        assert!(is_there, "a task is listed, once, until it is done");
        let struck = tasks.swap_remove(at);
        if let Some(moved) = tasks.get(at) {
            moved.place.set(place(at));
        }
        // Outside of the borrow, for it may be the last reference to the task.
        drop(tasks);
        drop(struck);
    }

    /// Each task that is listed now.
    pub(super) fn all(&self) -> Vec<Local> {
        self.0.borrow().clone()
    }
}

/// Four bytes a task are spared by this limit, which takes hundreds of gigabytes to reach.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("an executor has fewer than 2^32 tasks")
}
