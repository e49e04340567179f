//! The part of an executor that other threads reach: its inbox, and the way to wake its host.

use core::fmt;
use core::future::Future;
use std::collections::VecDeque;
use std::sync::Arc;

use async_task::Runnable;

use super::join::JoinHandle;
use super::local::Ready;
use super::task::Task;
use crate::Home;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, PoisonError, UnsafeCell};

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
    /// The queue for wake-ups at home. Touched only while `home` is current; `None` once the
    /// executor has ended.
    ready: UnsafeCell<Option<Ready>>,
}

struct Inbox {
    mail: VecDeque<Runnable>,
    open: bool,
}

// SAFETY: `ready` is the only field that is not `Send` and `Sync` by itself, and it is touched only
// where `home` is current, which is on one thread at a time (see `Home::current`).
unsafe impl Send for Shared {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shared {}

impl Shared {
    pub(super) fn new(home: Home, wakeup: Box<dyn Wakeup>, ready: Ready) -> Self {
        Self {
            home,
            wakeup,
            inbox: Mutex::new(Inbox { mail: VecDeque::new(), open: true }),
            has_mail: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            ready: UnsafeCell::new(Some(ready)),
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a task that was woken, on whichever thread.
    pub(super) fn schedule(&self, runnable: Runnable) {
        if self.home.is_current() {
            let ready = self.ready.with(|ready| {
                // SAFETY: `home` is current, so no other thread touches `ready`; the clone ends the
                // access before anything else runs.
                unsafe { (*ready).clone() }
            });
            if let Some(ready) = ready {
                ready.push(runnable);
                self.ask();
                return;
            }
        }
        self.post(runnable);
    }

    fn post(&self, runnable: Runnable) {
        let mut inbox = self.inbox();
        if !inbox.open {
            drop(inbox);
            // The executor has dropped each future that was ever polled; what is left here holds
            // at most a `Send` generator.
            drop(runnable);
            return;
        }
        inbox.mail.push_back(runnable);
        self.has_mail.store(true, Ordering::Release);
        // Under the lock, so that the executor cannot end, and its host with it, in between.
        if !self.asked.swap(true, Ordering::AcqRel) {
            self.wakeup.wake();
        }
    }

    /// Asks the host for a run, at home, unless it has been asked.
    fn ask(&self) {
        if !self.is_asked() && !self.asked.swap(true, Ordering::AcqRel) {
            self.wakeup.wake();
        }
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// From here on there are no runs to ask for.
    pub(super) fn ask_no_more(&self) {
        self.asked.store(true, Ordering::Release);
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

    /// Moves the mail to `to`.
    pub(super) fn collect(&self, to: &Ready) {
        if !self.has_mail.load(Ordering::Acquire) {
            return;
        }
        let mail = {
            let mut inbox = self.inbox();
            self.has_mail.store(false, Ordering::Release);
            core::mem::take(&mut inbox.mail)
        };
        to.append(mail);
    }

    /// Ends the inbox, if it is empty.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut inbox = self.inbox();
        if !inbox.mail.is_empty() {
            return false;
        }
        inbox.open = false;
        drop(inbox);
        let ready = self.ready.with_mut(|ready| {
            // SAFETY: called at home by the executor's end, with no other access in progress.
            unsafe { (*ready).take() }
        });
        drop(ready);
        true
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
        if !self.0.inbox().open {
            return Err(Closed);
        }
        let shared = Arc::clone(&self.0);
        let future = Task::new(async move { generator().await });
        // SAFETY: until its first poll the future holds nothing but the generator, which is `Send`;
        // it is polled only by `Executor::run`, at home; once polled it is listed as active, so the
        // executor drops it at home before it ends. The output is `Send`. Nothing is borrowed.
        let (runnable, task) = unsafe {
            async_task::spawn_unchecked(future, move |runnable| shared.schedule(runnable))
        };
        runnable.schedule();
        Ok(JoinHandle::new(task.fallible()))
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
