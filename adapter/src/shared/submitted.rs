//! A call that has been made with a heap record: `Send`, awaited anywhere.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::panic::resume_unwind;

use futures_channel::oneshot;

use super::heap_record::{HeapRecord, IoCompletion};
use super::registry::{self, Entry};
use crate::call::{Call, Submit};
use crate::{CallError, OnceCallback, Payload, Refusal, report, unwind};

/// The outcome of a call that [`Call::submit`] made. May be awaited on any thread and runtime, and
/// dropped at any time: the record stays with C until its callback.
#[must_use = "the outcome of the call is lost, and with it what the record keeps"]
pub struct Submitted<C: OnceCallback, P: Payload> {
    stage: Stage<C, P>,
}

enum Stage<C: OnceCallback, P> {
    Accepted(&'static str, oneshot::Receiver<Box<IoCompletion<C, P>>>),
    Refused(Refusal, P),
    Finished,
}

// Nothing here is ever pinned: what C touches is behind the record's own allocation.
impl<C: OnceCallback, P: Payload> Unpin for Submitted<C, P> {}

impl<C, P> Submitted<C, P>
where
    C: OnceCallback<Value: Send, Error: Send>,
    P: Payload + Send,
{
    pub(crate) fn submit<S: Submit<C, P>>(call: Call<C, P, S>) -> Self {
        Self::submit_with(call, None)
    }

    pub(super) fn submit_with<S: Submit<C, P>>(
        call: Call<C, P, S>,
        visitor: Option<std::sync::Arc<dyn std::any::Any + Send + Sync>>,
    ) -> Self {
        let Call { name: &name, payload, mut submit, .. } = call;
        let (completion, receiver) = IoCompletion::<C, P>::new(payload);
        let record = HeapRecord::new(completion);
        let completion = record.as_ptr().cast::<IoCompletion<C, P>>().as_ptr();
        let ticket = registry::insert(name, Entry::Once { record, visitor });
        // SAFETY: the completion is alive (A9): nobody but C has the ticket, and C gets it below.
        let payload = unsafe { &raw mut (*completion).payload };
        // No reference to the payload may live here: a callback on another thread may free it
        // before C returns.
        let accepted = unwind::guard(name, || submit(payload, C::BOXED, ticket.to_cb_arg()));
        let Err(refusal) = accepted else {
            return Self { stage: Stage::Accepted(name, receiver) };
        };
        match registry::take_if(ticket, |entry| matches!(entry, Entry::Once { .. })) {
            Some(Entry::Once { record, .. }) => {
                // SAFETY: this very function made the record, with these types.
                let completion = unsafe { record.into_completion::<C, P>() };
                Self { stage: Stage::Refused(refusal, completion.payload) }
            }
            // C refused and called back all the same. The call counts as made: its payload went
            // with the callback.
            _ => {
                report::stray(C::NAME);
                Self { stage: Stage::Accepted(name, receiver) }
            }
        }
    }
}

impl<C: OnceCallback, P: Payload> Future for Submitted<C, P> {
    type Output = P::Reply<C::Value, C::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Stage::Accepted(name, receiver) = &mut self.stage {
            let name = *name;
            let sent = ready!(Pin::new(receiver).poll(cx));
            self.stage = Stage::Finished;
            let Some(IoCompletion { report: Some(report), payload, .. }) =
                sent.ok().map(|completion| *completion)
            else {
                unreachable!("`{name}`: a record sends its report before it is freed")
            };
            return match report {
                Ok(result) => Poll::Ready(payload.reply(result.map_err(CallError::Failed))),
                Err(panic) => resume_unwind(panic),
            };
        }
        match core::mem::replace(&mut self.stage, Stage::Finished) {
            Stage::Refused(refusal, payload) => {
                Poll::Ready(payload.reply(Err(CallError::Refused(refusal))))
            }
            _ => panic!("`{}` was polled after it had completed", C::NAME),
        }
    }
}

impl<C: OnceCallback, P: Payload> fmt::Debug for Submitted<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted").field("callback", &C::NAME).finish_non_exhaustive()
    }
}
