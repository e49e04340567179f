//! The part of an executor that other threads reach: its inbox, and the way to wake its host.

use core::fmt;
use core::future::Future;
use std::collections::VecDeque;
use std::sync::Arc;

use super::join::JoinHandle;
use super::reference::Counted;
use super::task;
use crate::Home;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, PoisonError};

/// How an executor asks its host for a run.
///
/// The adapter calls [`wake`](Wakeup::wake) at most once from one run of the executor to the next,
/// and never after the executor has ended. It may be called from any thread, also at the end
/// of a run or from inside a callback. It must arrange for [`Executor::run`](super::Executor::run)
/// to be called later at the executor's home, and must not call it itself. It must not wake or
/// spawn tasks of the executor either, for the executor's inbox may be locked. A host that runs the
/// executor all the time has nothing to do.
pub trait Wakeup: Send + Sync + 'static {
    /// Arranges for a run.
    fn wake(&self);
}

/// The executor has ended; nothing can be spawned on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the executor has ended")]
pub struct Closed;

/// A way to an executor from any thread. Cheap to clone; does not keep the executor alive.
#[derive(Clone)]
pub struct Remote(pub(super) Arc<Shared>);

pub(super) struct Shared {
    home: Home,
    wakeup: Box<dyn Wakeup>,
    inbox: Mutex<Inbox>,
    /// Whether the inbox holds anything; read by each run without the lock.
    has_mail: AtomicBool,
    /// Whether a run is due or under way, so that the host need not be asked for one. False only
    /// while nothing is ready; whoever makes it true between runs asks the host.
    asked: AtomicBool,
}

struct Inbox {
    mail: VecDeque<Counted>,
    open: bool,
}

impl Shared {
    pub(super) fn new(home: Home, wakeup: Box<dyn Wakeup>) -> Self {
        Self {
            home,
            wakeup,
            inbox: Mutex::new(Inbox { mail: VecDeque::new(), open: true }),
            has_mail: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_home(&self) -> bool {
        self.home.is_current()
    }

    /// Sends a task home, to be woken there.
    ///
    /// # Errors
    ///
    /// The task, if the executor takes no more: it has ended, or its end has begun.
    pub(super) fn post(&self, task: Counted) -> Result<(), Counted> {
        let mut inbox = self.inbox();
        if !inbox.open {
            return Err(task);
        }
        inbox.mail.push_back(task);
        self.has_mail.store(true, Ordering::Release);
        // Under the lock, so that the executor cannot end, and its host with it, in between.
        if !self.asked.swap(true, Ordering::AcqRel) {
            self.wakeup.wake();
        }
        Ok(())
    }

    /// Asks the host for a run, at home, unless it has been asked.
    pub(super) fn ask(&self) {
        if !self.is_asked() && !self.asked.swap(true, Ordering::AcqRel) {
            self.wakeup.wake();
        }
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// From here on there are no runs to ask for. Says whether one has been asked for.
    pub(super) fn ask_no_more(&self) -> bool {
        self.asked.swap(true, Ordering::AcqRel)
    }

    /// Asks the host for the next run if anything is left over or has come since this one began.
    pub(super) fn end_run(&self, idle: bool) {
        if idle {
            // Read and written in one step: who has posted before it saw `asked` true and leaves
            // the asking to us, and by this step we see its mail; who posts after it asks.
            self.asked.swap(false, Ordering::AcqRel);
            if self.has_mail.load(Ordering::Acquire) {
                self.ask();
            }
        } else {
            self.wakeup.wake();
        }
    }

    /// Takes the mail, if there is any.
    pub(super) fn take_mail(&self) -> Option<VecDeque<Counted>> {
        if !self.has_mail.load(Ordering::Acquire) {
            return None;
        }
        let mut inbox = self.inbox();
        self.has_mail.store(false, Ordering::Release);
        Some(core::mem::take(&mut inbox.mail))
    }

    /// Ends the inbox. What is in it can still be taken.
    pub(super) fn close(&self) {
        self.inbox().open = false;
    }
}

impl Remote {
    /// Spawns the future that `generator` makes, on the executor's own thread, where it stays.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the executor has ended. If it ends later, the handle reports a cancelled task.
    pub fn spawn<G, F>(&self, generator: G) -> Result<JoinHandle<F::Output>, Closed>
    where
        G: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        if self.is_closed() {
            return Err(Closed);
        }
        // Until it comes home and is polled there, it holds nothing but the generator.
        let (task, handle) = task::allocate(Arc::clone(&self.0), async move { generator().await });
        task.posted.store(true, Ordering::Relaxed);
        if let Err(task) = self.0.post(task) {
            // SAFETY: the task has never left this thread, and holds no more than the generator.
            unsafe { task.turn_back() };
        }
        Ok(handle)
    }

    /// Whether the executor has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.0.inbox().open
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("home", &self.0.home).finish_non_exhaustive()
    }
}
