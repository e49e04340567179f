//! What an operation does while no `spdk_bdev_io` is free.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;

use super::IoChannel;
use crate::raw::bdev as raw;
use crate::thread::{sleep, yield_now};

/// SPDK wakes a waiter only when an I/O of the same thread is freed. If other threads hold the whole
/// pool and this one has nothing in flight, nobody would; so the submit is tried again after a while.
const RETRY: Duration = Duration::from_millis(1);

/// The wait of one operation. Its entry stays in SPDK's queue from one try to the next.
#[derive(Default)]
pub(super) struct Waiting {
    queued: Option<Pin<Box<dyn Future<Output = bool>>>>,
}

impl Waiting {
    /// Waits until another try is worth while.
    pub(super) async fn turn(&mut self, channel: &IoChannel) {
        let queued = self.queued.get_or_insert_with(|| Box::pin(queue(channel.clone())));
        let mut retry = pin!(sleep(RETRY));
        let woken = poll_fn(|cx| match queued.as_mut().poll(cx) {
            Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
            Poll::Pending => retry.as_mut().poll(cx).map(|()| None),
        })
        .await;
        match woken {
            None => {}
            Some(accepted) => {
                self.queued = None;
                if !accepted {
                    // One is free already; whoever is ready goes first, so that nobody spins.
                    yield_now().await;
                }
            }
        }
    }
}

/// Waits in SPDK's queue; `false` if it refused because an `spdk_bdev_io` is free.
async fn queue(channel: IoChannel) -> bool {
    let bdev = channel.descriptor().bdev_ptr();
    // SAFETY: the channel's descriptor keeps the bdev open, and the channel is of this thread.
    let call = unsafe { raw::spdk_bdev_queue_io_wait(bdev, channel.keep()) };
    let (result, _) = call.on(channel.runtime().pool()).await;
    result.is_ok()
}
