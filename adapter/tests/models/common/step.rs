//! Places where a schedule may switch, beside the ones that the checker knows.
//!
//! The checker knows the adapter's atomics, locks and cells. It does not know those of
//! `futures-channel`: what these do between two steps that it knows is one step to it, and it sees no
//! reason to try another order. So the models take a step of their own wherever two threads touch the
//! same channel.

use core::mem::ManuallyDrop;
use core::pin::pin;
use std::future::{Future, poll_fn};

use loom::sync::atomic::{AtomicUsize, Ordering};

loom::lazy_static! {
    // Never dropped: which thread takes the last step is not ordered by anything.
    static ref STEPS: ManuallyDrop<AtomicUsize> = ManuallyDrop::new(AtomicUsize::new(0));
}

/// A step that the checker orders before and after each step of the other threads. Relaxed, so that
/// it orders nothing else.
pub(crate) fn step() {
    STEPS.fetch_add(1, Ordering::Relaxed);
}

/// Takes a step before and after each poll of `future`.
pub(crate) async fn stepping<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        step();
        let poll = future.as_mut().poll(cx);
        step();
        poll
    })
    .await
}
