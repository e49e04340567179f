//! A record on the heap: the `IoCompletion` that C works on, and its form with the payload's type
//! forgotten.
//!
//! Invariants:
//!
//! 1. A `HeapRecord` owns one `IoCompletion<C, P>` made by `Box::into_raw`, where `C` and `P` are
//!    those of its vtable. Nothing refers to the completion but C and the `HeapRecord`.
//! 2. The completion is only handled through its raw pointer until C has let go of it.

use core::ptr::NonNull;
use std::any::TypeId;

use futures_channel::oneshot;

use crate::{OnceCallback, Payload, unwind};

/// What a callback reports, or the panic of reading it.
pub(super) type Report<C> =
    std::thread::Result<Result<<C as OnceCallback>::Value, <C as OnceCallback>::Error>>;

/// A call's state on the heap, which its future receives when it is complete. Its sender completes the
/// waiting task.
pub(super) struct IoCompletion<C: OnceCallback, P> {
    /// First, so that it is dropped first: it may be a resource whose parents are in the payload.
    pub(super) report: Option<Report<C>>,
    pub(super) payload: P,
    sender: Option<oneshot::Sender<Box<Self>>>,
}

impl<C: OnceCallback, P> IoCompletion<C, P> {
    /// One that waits for its report, and the way to the future.
    pub(super) fn new(payload: P) -> (Box<Self>, oneshot::Receiver<Box<Self>>) {
        let (sender, receiver) = oneshot::channel();
        (Box::new(Self { report: None, payload, sender: Some(sender) }), receiver)
    }
}

/// An [`IoCompletion`] whose payload type is forgotten.
pub(super) struct HeapRecord {
    completion: NonNull<()>,
    vtable: &'static Vtable,
}

struct Vtable {
    callback: fn() -> TypeId,
    /// Sends the completion with the report, which is read from the pointer to it.
    complete: unsafe fn(NonNull<()>, *mut ()),
}

// SAFETY: `new` asks for a payload and a report that are `Send`, and the sender is.
unsafe impl Send for HeapRecord {}

impl HeapRecord {
    pub(super) fn new<C, P>(completion: Box<IoCompletion<C, P>>) -> Self
    where
        C: OnceCallback<Value: Send, Error: Send>,
        P: Payload + Send,
    {
        let completion = NonNull::from(Box::leak(completion)).cast();
        Self {
            completion,
            vtable: const { &Vtable { callback: TypeId::of::<C>, complete: complete::<C, P> } },
        }
    }

    /// The completion, for the thread that is making the call.
    pub(super) const fn as_ptr(&self) -> NonNull<()> {
        self.completion
    }

    /// Whether the record is for callback `C`.
    pub(super) fn is_for<C: OnceCallback>(&self) -> bool {
        (self.vtable.callback)() == TypeId::of::<C>()
    }

    /// Wakes the task with the completion and the report.
    pub(super) fn complete<C: OnceCallback>(self, report: Report<C>) {
        assert!(self.is_for::<C>(), "a record was completed by a callback of another type");
        let mut report = core::mem::ManuallyDrop::new(report);
        // SAFETY: invariant 1: the vtable is for `C` (just checked), so the pointer is to a report
        // of that type, which `ManuallyDrop` keeps from being dropped again.
        unsafe { (self.vtable.complete)(self.completion, (&raw mut report).cast()) };
    }

    /// Takes the completion back, for a call that C refused.
    ///
    /// # Safety
    ///
    /// - The record was made with these `C` and `P`.
    pub(super) unsafe fn into_completion<C: OnceCallback, P>(self) -> Box<IoCompletion<C, P>> {
        // SAFETY: invariant 1, with the types that the caller vouches for.
        unsafe { Box::from_raw(self.completion.cast::<IoCompletion<C, P>>().as_ptr()) }
    }
}

/// # Safety
///
/// - `completion` is that of a `HeapRecord` for `C` and `P`, and is not used again.
/// - `report` points to a `Report<C>`, which is not used again.
unsafe fn complete<C: OnceCallback, P>(completion: NonNull<()>, report: *mut ()) {
    let completion = completion.cast::<IoCompletion<C, P>>().as_ptr();
    // SAFETY: invariants 1 and 2: the caller passes the pointer of the box on, and C has let go.
    let mut completion = unsafe { Box::from_raw(completion) };
    // SAFETY: the caller promises a report to take.
    completion.report = Some(unsafe { report.cast::<Report<C>>().read() });
    let sender = completion.sender.take().expect("a record is completed once");
    // Last, because it wakes. A future that is gone leaves the completion to us.
    if let Err(unwanted) = sender.send(completion)
        && matches!(unwanted.report, Some(Err(_)))
    {
        unwind::unheard(C::NAME);
    }
}
