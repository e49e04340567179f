//! The executor itself, at home.

use core::fmt;
use core::future::{Future, poll_fn};
use core::task::Poll;
use std::rc::Rc;
use std::sync::Arc;

use super::core::Core;
use super::join::JoinHandle;
use super::remote::{Remote, Shared, Wakeup};
use super::task;
use crate::{Home, Pool};

/// Runs tasks on one [`Home`]. Dropping it drops the tasks, there.
///
/// A task that waits for a [pooled call](crate::Pooled) of the executor's own pool is resumed by the
/// callback itself, on its stack, where that is possible; other tasks wait for the next
/// [`run`](Self::run).
pub struct Executor {
    core: Rc<Core>,
}

impl Executor {
    /// An executor for the home of `pool`, whose tasks take their records from it.
    ///
    /// Executors that share a pool count as one while a task of either is polled: that task can neither run,
    /// cancel nor end the other.
    ///
    /// # Panics
    ///
    /// If that home is not current.
    #[must_use]
    pub fn new(pool: Pool, wakeup: impl Wakeup) -> Self {
        // The home is where the queue may be touched, so it must not be made anywhere else.
        assert!(pool.home().is_current(), "an executor was made away from its pool's thread");
        let shared = Arc::new(Shared::new(pool.home(), Box::new(wakeup)));
        Self { core: Core::new(pool, shared) }
    }

    /// The pool of the tasks' records.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.core.pool
    }

    /// The way here from other threads.
    #[must_use]
    pub fn remote(&self) -> Remote {
        Remote(Arc::clone(&self.core.shared))
    }

    /// The home that the tasks run on.
    #[must_use]
    pub fn home(&self) -> Home {
        self.pool().home()
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
        let (task, handle) = task::allocate(Arc::clone(&self.core.shared), future);
        self.core.admit(task);
        handle
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
        self.core.run(budget)
    }

    /// Whether no task is ready.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.core.is_idle()
    }

    /// Drops each task, at home; the handles report it. What is spawned later runs.
    ///
    /// # Panics
    ///
    /// When called by one of the tasks.
    pub fn cancel_tasks(&self) {
        assert!(!self.core.is_polling(), "an executor's tasks were cancelled by one of them");
        let asked = self.core.shared.ask_no_more();
        self.core.cancel_all();
        if !asked {
            self.core.shared.end_run(self.core.is_idle());
        }
    }

    /// How many tasks there are that have come here and are not finished.
    #[must_use]
    pub fn active(&self) -> usize {
        self.core.listed()
    }
}

impl Drop for Executor {
    /// [Cancels](Self::cancel_tasks) each task and takes no more. Ends the process when one of the
    /// tasks does it, for that task could neither go on nor be dropped.
    fn drop(&mut self) {
        if self.core.is_polling() {
            eprintln!("an executor was dropped by one of its tasks; the process ends here");
            std::process::abort();
        }
        self.core.shared.ask_no_more();
        // First, for what is sent after that goes back to its sender.
        self.core.shared.close();
        self.core.cancel_all();
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
