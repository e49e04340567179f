//! The executor itself, at home.

use core::cell::Cell;
use core::fmt;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use async_task::Runnable;

use super::join::JoinHandle;
use super::remote::{Remote, Shared, Wakeup};
use super::task::{Active, Task, running};
use crate::{Home, Pool, sync};

/// Runs tasks on one [`Home`]. Dropping it drops the tasks, there.
pub struct Executor {
    ready: Ready,
    active: Rc<Active>,
    shared: Arc<Shared>,
    pool: Pool,
    in_run: Cell<bool>,
}

/// The tasks that are ready, in the order in which they were woken.
#[derive(Clone)]
pub(super) struct Ready(Rc<RefCell<VecDeque<Runnable>>>);

impl Ready {
    fn new() -> Self {
        Self(Rc::default())
    }

    pub(super) fn push(&self, runnable: Runnable) {
        self.0.borrow_mut().push_back(runnable);
    }

    pub(super) fn append(&self, runnables: VecDeque<Runnable>) {
        self.0.borrow_mut().extend(runnables);
    }

    fn pop(&self) -> Option<Runnable> {
        self.0.borrow_mut().pop_front()
    }

    fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

impl Executor {
    /// An executor for the home of `pool`, whose tasks take their records from it.
    ///
    /// # Panics
    ///
    /// If that home is not current.
    #[must_use]
    pub fn new(pool: Pool, wakeup: impl Wakeup) -> Self {
        // The home is where the queue may be touched, so it must not be made anywhere else.
        assert!(pool.home().is_current(), "an executor was made away from its pool's thread");
        let ready = Ready::new();
        let shared = Arc::new(Shared::new(pool.home(), Box::new(wakeup), ready.clone()));
        Self { ready, active: Rc::default(), shared, pool, in_run: Cell::new(false) }
    }

    /// The pool of the tasks' records.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The way here from other threads.
    #[must_use]
    pub fn remote(&self) -> Remote {
        Remote(Arc::clone(&self.shared))
    }

    /// The home that the tasks run on.
    #[must_use]
    pub fn home(&self) -> Home {
        self.pool.home()
    }

    /// Spawns a task that stays here. It is first polled by the next [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// If the executor's home is not current.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        assert!(self.home().is_current(), "a task was spawned away from its executor's thread");
        let shared = Arc::clone(&self.shared);
        // SAFETY: the home is current, so the first `schedule` queues the task here. It is polled
        // only by `run`, at home; once polled it is listed as active, and before that it sits in
        // the queue: either way the executor drops it at home before it ends. A handle of an output
        // that is not `Send` is not `Send` either. Nothing is borrowed.
        let (runnable, task) = unsafe {
            async_task::spawn_unchecked(Task::new(future), move |runnable| {
                shared.schedule(runnable);
            })
        };
        runnable.schedule();
        JoinHandle::new(task.fallible())
    }

    /// Polls up to `budget` ready tasks and returns how many. To be called at the executor's home,
    /// by the host and never from inside a task.
    ///
    /// When tasks are left over, the host is asked for another run.
    ///
    /// # Panics
    ///
    /// If the executor's home is not current.
    pub fn run(&self, budget: usize) -> usize {
        assert!(self.home().is_current(), "an executor was run away from its thread");
        if !self.shared.is_asked() || self.in_run.replace(true) {
            return 0;
        }
        self.shared.collect(&self.ready);
        let mut ran = 0;
        self.pool.enter(|| {
            running(&self.active, || {
                while ran < budget
                    && let Some(runnable) = self.ready.pop()
                {
                    ran += 1;
                    runnable.run();
                }
            });
        });
        self.in_run.set(false);
        self.shared.end_run(self.ready.is_empty());
        ran
    }

    /// Whether no task is ready.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shared.collect(&self.ready);
        self.ready.is_empty()
    }

    /// Drops each task, at home; the handles report it. Waits, without sleeping long, for tasks that
    /// another thread is waking at this moment.
    ///
    /// # Panics
    ///
    /// When called by one of the tasks.
    pub fn cancel_tasks(&self) {
        assert!(!self.in_run.get(), "an executor's tasks were cancelled by one of them");
        self.shared.ask_no_more();
        self.pool.enter(|| {
            loop {
                // Waking an idle task is what brings its runnable here.
                let wakers: Vec<Waker> =
                    self.active.borrow().iter().map(|(_, waker)| waker.clone()).collect();
                wakers.into_iter().for_each(Waker::wake);
                self.shared.collect(&self.ready);
                while let Some(runnable) = self.ready.pop() {
                    drop(runnable);
                }
                if self.active.borrow().is_empty() {
                    break;
                }
                sync::yield_now();
            }
        });
    }

    /// How many tasks have been polled and are not finished.
    #[must_use]
    pub fn active(&self) -> usize {
        self.active.borrow().len()
    }
}

impl Drop for Executor {
    /// [Cancels](Self::cancel_tasks) each task and takes no more.
    fn drop(&mut self) {
        loop {
            self.cancel_tasks();
            if self.shared.close_if_empty() {
                break;
            }
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("home", &self.home())
            .field("active", &self.active())
            .finish_non_exhaustive()
    }
}

/// Lets the other ready tasks, and the host, go first.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
