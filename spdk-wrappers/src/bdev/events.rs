//! What happens to an open bdev.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::adapter;
use crate::raw::bdev::spdk_bdev_event_cb_t;

/// An event of an open bdev.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BdevEvent {
    /// The bdev goes away, as soon as each of its descriptors is dropped.
    Remove,
    /// The number of blocks has changed.
    Resize,
    /// The medium has something to report.
    MediaManagement,
}

/// The stream of [`Descriptor::events`](super::Descriptor::events), in the order in which SPDK
/// raised them.
///
/// ```no_run
/// use std::{future::poll_fn, pin::Pin};
/// use futures_core::Stream;
/// use spdk_async::bdev::BdevEvent;
///
/// # async fn example() -> spdk_async::Result<()> {
/// # let descriptor = spdk_async::bdev::Bdev::open("Malloc0").await?;
/// let mut events = descriptor.events();
/// while let Some(event) = poll_fn(|cx| Pin::new(&mut events).poll_next(cx)).await {
///     if event == BdevEvent::Remove {
///         break;
///     }
/// }
/// drop(descriptor);
/// # Ok(())
/// # }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Events(adapter::Events<spdk_bdev_event_cb_t>);

impl Events {
    pub(super) const fn new(events: adapter::Events<spdk_bdev_event_cb_t>) -> Self {
        Self(events)
    }
}

impl Stream for Events {
    type Item = BdevEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<BdevEvent>> {
        loop {
            let Some(event) = ready!(Pin::new(&mut self.0).poll_next(cx)) else {
                return Poll::Ready(None);
            };
            let event = match event {
                spdk_sys::SPDK_BDEV_EVENT_REMOVE => BdevEvent::Remove,
                spdk_sys::SPDK_BDEV_EVENT_RESIZE => BdevEvent::Resize,
                spdk_sys::SPDK_BDEV_EVENT_MEDIA_MANAGEMENT => BdevEvent::MediaManagement,
                unknown => {
                    tracing::debug!(unknown, "an event that this crate does not know");
                    continue;
                }
            };
            return Poll::Ready(Some(event));
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}
