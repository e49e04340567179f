//! What an operation does while no `spdk_bdev_io` is free.
//!
//! SPDK wakes who waits in its queue only when an `spdk_bdev_io` of the same thread is freed, and as
//! long as anybody waits there it gives this thread none from the shared pool. A thread that waits
//! while it has no I/O in flight would therefore wait for ever once other threads hold the pool. So
//! the queue is used only where an I/O of this thread is bound to complete; otherwise the operation
//! is tried again after a while.

use core::time::Duration;

use spdk_sys::spdk_bdev_opts;

use super::IoChannel;
use crate::adapter::Callback;
use crate::raw::bdev as raw;
use crate::thread::{sleep, yield_now};

/// The pause between two tries of a thread that has no I/O in flight.
const PAUSE: Duration = Duration::from_micros(100);

/// The callbacks that free an `spdk_bdev_io` of the thread.
const FREEING: [&str; 2] = [raw::spdk_bdev_io_completion_cb::NAME, raw::spdk_bdev_seek_cb::NAME];

/// Whether SPDK keeps `spdk_bdev_io`s for each thread. If not, it never looks at the queue.
fn has_cache() -> bool {
    let mut opts = spdk_bdev_opts::default();
    // SAFETY: the options are written up to the size that is passed.
    unsafe { spdk_sys::spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>()) };
    opts.bdev_io_cache_size > 0
}

/// Waits until another try is worth while.
pub(super) async fn wait(channel: &IoChannel) {
    let pool = channel.runtime().pool();
    if !has_cache()
        || !pool.any_in_flight(|call| !call.completed && FREEING.contains(&call.callback))
    {
        sleep(PAUSE).await;
        return;
    }
    let bdev = channel.descriptor().bdev_ptr();
    // SAFETY: the channel's descriptor keeps the bdev open, and the channel is of this thread.
    let call = unsafe { raw::spdk_bdev_queue_io_wait(bdev, channel.keep()) };
    let (result, _) = call.on(pool).await;
    if result.is_err() {
        // One is free already; whoever is ready goes first, so that nobody spins.
        yield_now().await;
    }
}
