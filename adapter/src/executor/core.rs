//! The home's part of an executor: what is ready, who is listed, and the one place that polls.
//!
//! A callback resumes the task that waits for it at once, on its own stack, where nothing forbids it:
//! nothing is polled or cancelled on this OS thread (so neither the stack grows with a chain of tasks nor
//! does one meet itself), and fewer than [`RESUMES`] were resumed since the host's last run, so that no
//! source of callbacks keeps the host and the queue from their turn. Otherwise the task is queued.

use std::rc::Rc;
use std::sync::Arc;

use super::list::List;
use super::queue::Queue;
use super::reference::{Counted, Local};
use super::remote::Shared;
use super::task::State;
use crate::Pool;
use crate::sync::{Cell, Ordering};

/// Tasks that callbacks may resume from one run of the host to the next.
const RESUMES: usize = 1024;

pub(super) struct Core {
    pub(super) pool: Pool,
    pub(super) shared: Arc<Shared>,
    queue: Queue,
    /// The tasks that are not done.
    tasks: List,
    /// Whether a run is under way.
    running: Cell<bool>,
    /// How many tasks callbacks may resume until the next; none while tasks are cancelled.
    resumes: Cell<usize>,
}

impl Core {
    pub(super) fn new(pool: Pool, shared: Arc<Shared>) -> Rc<Self> {
        Rc::new(Self {
            pool,
            shared,
            queue: Queue::new(),
            tasks: List::default(),
            running: Cell::new(false),
            resumes: Cell::new(RESUMES),
        })
    }

    pub(super) fn is_polling(&self) -> bool {
        self.running.get() || !self.pool.polled().is_null()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.collect();
        self.queue.is_empty()
    }

    /// How many tasks are not done.
    pub(super) fn listed(&self) -> usize {
        self.tasks.len()
    }

    /// Lists and queues a task that has come home.
    pub(super) fn admit(&self, task: Counted) {
        task.core.set(self);
        // SAFETY: cores are used at home only (A8), and a task comes home once.
        let task = unsafe { task.into_local() };
        self.tasks.insert(task.clone());
        task.state.set(State::Idle);
        task.wake();
    }

    /// Takes in what other threads have woken and spawned.
    fn collect(&self) {
        let Some(mail) = self.shared.take_mail() else { return };
        for task in mail {
            // From here on a wake-up posts again; by this step we see what preceded the others.
            task.posted.swap(false, Ordering::AcqRel);
            if task.state.get() == State::New {
                self.admit(task);
            } else {
                // SAFETY: cores are used at home only (A8).
                unsafe { task.wake_at_home() };
            }
        }
    }

    /// Polls up to `budget` tasks of the queue and returns how many.
    pub(super) fn run(&self, budget: usize) -> usize {
        if self.is_polling() {
            return 0;
        }
        self.resumes.set(RESUMES);
        if !self.shared.is_asked() {
            return 0;
        }
        self.running.set(true);
        let ran = self.pool.enter_at_home(|| self.run_queue(budget));
        self.running.set(false);
        self.shared.end_run(self.queue.is_empty());
        ran
    }

    fn run_queue(&self, budget: usize) -> usize {
        self.collect();
        let mut ran = 0;
        while ran < budget
            && let Some(task) = self.queue.pop()
        {
            if task.state.get() == State::Done {
                continue;
            }
            ran += 1;
            if task.aborted.load(Ordering::Relaxed) {
                self.pool.enter_at_home(|| self.cancel(&task));
            } else {
                self.poll(task);
            }
        }
        ran
    }

    /// Polls an idle task on the stack of the callback that it waits for, if that may be.
    ///
    /// # Errors
    ///
    /// The task, if that may not be.
    #[inline(always)]
    pub(super) fn resume(&self, task: Local) -> Result<(), Local> {
        let left = self.resumes.get();
        // Whoever polls or cancels has entered its pool.
        if left == 0 || Pool::is_any_entered() {
            return Err(task);
        }
        self.resumes.set(left - 1);
        self.poll(task);
        Ok(())
    }

    /// Polls a task that is not done. Afterwards no pool is entered.
    #[inline(always)]
    fn poll(&self, task: Local) {
        task.state.set(State::Running);
        self.pool.begin_poll(task.as_ptr());
        // SAFETY: A16: the state was `Idle` or `Queued`, for nothing else polls; it has just been set.
        unsafe { task.turn() };
    }

    /// Ends the poll of a task that waits, or has been woken meanwhile.
    #[inline(always)]
    pub(super) fn pause(task: Local) {
        // SAFETY: task invariant 4.
        let core = unsafe { &*task.core.get() };
        if task.state.get() == State::Woken {
            requeue(core, task);
        } else {
            task.state.set(State::Idle);
            drop(task);
        }
        // Last: a host that ends the executor when it is asked for a run is told that it polls.
        core.pool.end_poll();
    }

    /// Ends the poll of a task that is done by it.
    #[inline(never)]
    pub(super) fn retire(task: Local) {
        // SAFETY: the executor has polled the task, and cannot end until that has ended below.
        let core = unsafe { &*task.core.get() };
        core.tasks.strike(&task);
        // Nothing of the user's goes with the task: its end has been told.
        drop(task);
        core.pool.end_poll();
    }

    /// Queues a task whose state says so. Returns whom the host has to be asked through, if it has to.
    ///
    /// To be done by the caller when nothing of the executor is borrowed: the host may end it then.
    #[must_use]
    pub(super) fn push(&self, task: Local) -> Option<Arc<Shared>> {
        self.queue.push(task);
        (!self.shared.is_asked()).then(|| Arc::clone(&self.shared))
    }

    fn cancel(&self, task: &Local) {
        // First, so that a cancellation inside the drop does not wait for this one.
        self.tasks.strike(task);
        // SAFETY: the task is `Idle` or `Queued`: it is not done, and nothing is being polled.
        unsafe { task.cancel() };
    }

    /// Drops each task that is here or has been sent here. What they spawn here in their drops is dropped too.
    pub(super) fn cancel_all(&self) {
        let resumes = self.resumes.replace(0);
        let cancel = || {
            // Once: other threads may go on to spawn faster than this cancels.
            self.collect();
            loop {
                let tasks = self.tasks.all();
                if tasks.is_empty() {
                    break;
                }
                for task in tasks.iter().filter(|task| task.state.get() != State::Done) {
                    self.cancel(task);
                }
            }
            while self.queue.pop().is_some() {}
        };
        // An executor may be dropped by its OS thread while that runs another home.
        if self.pool.home().is_current() {
            self.pool.enter_at_home(cancel);
        } else {
            cancel();
        }
        self.resumes.set(resumes);
    }
}

/// Of C's calling convention, as the end of a poll that cannot unwind either.
#[inline(never)]
extern "C" fn requeue(core: &Core, task: Local) {
    task.state.set(State::Queued);
    if let Some(host) = core.push(task) {
        host.ask();
    }
}
