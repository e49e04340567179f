//! Callbacks that come many times: a registration feeds a stream.

use core::ffi::c_void;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_core::Stream;

use super::registry::{self, Entry, Ticket};
use crate::MultiCallback;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// The registration's end of a stream: as long as it lives, calls of the callback reach the
/// [`Events`] that were made with it. Later calls are ignored, so C may be told to stop before or
/// after it is dropped.
#[must_use = "dropping the subscription ends its stream"]
pub struct Subscription<C: MultiCallback> {
    ticket: Ticket,
    mailbox: Arc<Mailbox<C>>,
}

/// The stream of what a callback reports, in order. It ends when its [`Subscription`] is dropped.
///
/// Reports wait here without limit until they are taken.
#[must_use = "streams do nothing unless polled"]
pub struct Events<C: MultiCallback> {
    receiver: UnboundedReceiver<C::Item>,
}

impl<C: MultiCallback> Subscription<C> {
    /// A registration for the C function `function`, and its stream.
    pub fn new(function: &'static str) -> (Self, Events<C>) {
        let mailbox = Arc::new(Mailbox::<C>(Mutex::default()));
        let events = mailbox.stream();
        let ticket = registry::insert(function, Entry::Multi(mailbox.clone()));
        (Self { ticket, mailbox }, events)
    }

    /// A further stream, of what is reported from now on.
    pub fn events(&self) -> Events<C> {
        self.mailbox.stream()
    }

    /// The callback that C must be given.
    #[must_use]
    pub const fn callback(&self) -> C::Fn {
        C::FN
    }

    /// The context that C must be given.
    #[must_use]
    pub fn cb_arg(&self) -> *mut c_void {
        self.ticket.to_cb_arg()
    }
}

impl<C: MultiCallback> Drop for Subscription<C> {
    fn drop(&mut self) {
        drop(registry::take_if(self.ticket, |entry| matches!(entry, Entry::Multi(_))));
    }
}

/// The streams of a registration.
struct Mailbox<C: MultiCallback>(Mutex<Vec<UnboundedSender<C::Item>>>);

impl<C: MultiCallback> Mailbox<C> {
    fn senders(&self) -> MutexGuard<'_, Vec<UnboundedSender<C::Item>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&self) -> Events<C> {
        let (sender, receiver) = unbounded();
        let mut senders = self.senders();
        // Streams that are gone make room. Nobody waits on them, so their senders wake nobody.
        let gone: Vec<_> = senders.extract_if(.., |sender| sender.is_closed()).collect();
        senders.push(sender);
        drop(senders);
        drop(gone);
        Events { receiver }
    }

    fn deliver(&self, item: &C::Item) {
        let (open, gone) = {
            let mut senders = self.senders();
            let gone: Vec<_> = senders.extract_if(.., |sender| sender.is_closed()).collect();
            (senders.clone(), gone)
        };
        // Outside of the lock, for both dropping and sending wake.
        drop(gone);
        for sender in open {
            // A stream that has just gone takes nothing, which is no fault.
            drop(sender.unbounded_send(item.clone()));
        }
    }
}

/// Hands a report to the stream of the registration that `cb_arg` names.
pub(crate) fn deliver<C: MultiCallback>(cb_arg: *mut c_void, item: C::Item) {
    let mailbox = registry::look(Ticket::from_cb_arg(cb_arg), |entry| match entry {
        Entry::Multi(mailbox) => Some(Arc::clone(mailbox)),
        Entry::Once { .. } => None,
    });
    let mailbox = mailbox.and_then(|mailbox| mailbox.downcast::<Mailbox<C>>().ok());
    match mailbox {
        Some(mailbox) => mailbox.deliver(&item),
        None => tracing::debug!(callback = C::NAME, "an event came after its registration ended"),
    }
}

impl<C: MultiCallback> Stream for Events<C> {
    type Item = C::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<C::Item>> {
        Pin::new(&mut self.receiver).poll_next(cx)
    }
}

impl<C: MultiCallback> Unpin for Events<C> {}

impl<C: MultiCallback> fmt::Debug for Subscription<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("callback", &C::NAME).finish_non_exhaustive()
    }
}

impl<C: MultiCallback> fmt::Debug for Events<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("callback", &C::NAME).finish_non_exhaustive()
    }
}
