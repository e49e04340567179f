//! Wake-ups of tasks from where their `spdk_thread` is not current.
//!
//! For a waker, another OS thread is one where another `spdk_thread` is current, or none. So it is
//! enough that none is while the wakers are called, and what is counted does not depend on how the
//! system schedules threads.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::ptr;
use core::task::{Poll, Waker};
use std::rc::Rc;

use spdk_async::spawn_local;
use spdk_async::spdk_sys::{self, spdk_thread};

use super::counted::counted;

/// What the tasks share.
#[derive(Default)]
struct Shared {
    sleepers: RefCell<Vec<Waker>>,
    /// How many have not run in this wave.
    left: Cell<usize>,
    waiting: Cell<Option<Waker>>,
    over: Cell<bool>,
}

/// Wakes `depth` tasks, waits until all have run, and does so `waves` times.
pub(super) async fn wake(waves: u64, depth: usize) {
    let shared = Rc::new(Shared::default());
    shared.left.set(depth);
    let sleepers: Vec<_> = (0..depth).map(|_| spawn_local(sleep(Rc::clone(&shared)))).collect();
    shared.all_ran().await;
    let wakers = shared.sleepers.take();
    for wave in 1..=waves {
        shared.left.set(depth);
        shared.over.set(wave == waves);
        {
            let _away = Away::go();
            for waker in &wakers {
                counted(|| waker.wake_by_ref());
            }
        }
        shared.all_ran().await;
    }
    for sleeper in sleepers {
        sleeper.await.expect("the task neither panics nor is cancelled");
    }
}

/// Hands its waker over, and then says each time that it was woken.
async fn sleep(shared: Rc<Shared>) {
    poll_fn(|cx| {
        shared.sleepers.borrow_mut().push(cx.waker().clone());
        Poll::Ready(())
    })
    .await;
    poll_fn(|_| {
        shared.ran();
        if shared.over.get() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Shared {
    fn ran(&self) {
        self.left.update(|left| left - 1);
        if self.left.get() == 0
            && let Some(waker) = self.waiting.take()
        {
            waker.wake();
        }
    }

    async fn all_ran(&self) {
        poll_fn(|cx| {
            if self.left.get() == 0 {
                return Poll::Ready(());
            }
            self.waiting.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// While this lives, no `spdk_thread` is current.
struct Away(*mut spdk_thread);

impl Away {
    fn go() -> Self {
        // SAFETY: no precondition.
        let home = unsafe { spdk_sys::spdk_get_thread() };
        // SAFETY: as on any thread that is none of SPDK's; the drop sets it back before anything else
        // of SPDK is called.
        unsafe { spdk_sys::spdk_set_thread(ptr::null_mut()) };
        Self(home)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        // SAFETY: the thread was current here, and is polled by this OS thread.
        unsafe { spdk_sys::spdk_set_thread(self.0) };
    }
}
