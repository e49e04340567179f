//! What an operation does while no `spdk_bdev_io` is free.
//!
//! SPDK wakes who waits in its queue only when an `spdk_bdev_io` of the same thread is freed, and as
//! long as anybody waits there it gives this thread none from the shared pool. So the queue is used
//! only where one of this thread's is bound to be freed; otherwise the operation is tried again after
//! a while.
//!
//! One is bound to be: SPDK takes nobody into the queue while the thread's cache holds an
//! `spdk_bdev_io`, and it fills the cache before a channel opens. Those of the cache are therefore all
//! in use, and each belongs to an I/O that will complete, but for those that zero-copies hold.

use core::time::Duration;

use spdk_sys::spdk_bdev_opts;

use std::rc::Rc;

use super::channel::ChannelInner;
use crate::raw::bdev as raw;
use crate::thread::{sleep, yield_now};

/// The pause between two tries where the queue could be waited in for ever.
const PAUSE: Duration = Duration::from_micros(100);

/// How many `spdk_bdev_io`s SPDK keeps for each thread. With none, it never looks at the queue.
fn cache_size() -> usize {
    let mut opts = spdk_bdev_opts::default();
    // SAFETY: the options are written up to the size that is passed.
    unsafe { spdk_sys::spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>()) };
    opts.bdev_io_cache_size as usize
}

/// Waits until another try is worth while.
pub(super) async fn wait(channel: &Rc<ChannelInner>) {
    let runtime = channel.runtime();
    if runtime.zero_copies.held() >= cache_size() {
        sleep(PAUSE).await;
        return;
    }
    let bdev = channel.descriptor().bdev_ptr();
    // SAFETY: the channel's descriptor keeps the bdev open, and the channel is of this thread.
    let call = unsafe { raw::spdk_bdev_queue_io_wait(bdev, Rc::clone(channel)) };
    let (result, _) = call.on(runtime.pool()).await;
    if result.is_err() {
        // One is free already; whoever is ready goes first, so that nobody spins.
        yield_now().await;
    }
}
