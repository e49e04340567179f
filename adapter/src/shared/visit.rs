//! Callbacks that visit: closures that C runs during a call, or once in each of several places.

use core::any::Any;
use core::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::registry::{self, Entry, Ticket};
use super::submitted::Submitted;
use crate::call::{Call, Submit};
use crate::{Answer, OnceCallback, Payload, ResumedVisitorCallback, VisitorCallback, report};

/// The context of a walk: the closure, and the panic that ended it.
struct Walk<F> {
    visitor: F,
    panic: Option<Box<dyn Any + Send>>,
}

/// Makes a call that runs `visitor` before it returns. A panic of the closure goes on after C has
/// returned; C is told to stop, and further visits are not made.
pub(crate) fn walk<C, F, R>(visitor: F, call: impl FnOnce(C::Fn, *mut c_void) -> R) -> R
where
    C: VisitorCallback,
    F: FnMut(C::Item) -> C::Answer,
{
    let mut walk = Walk { visitor, panic: None };
    let result = call(C::visit::<F>(), (&raw mut walk).cast());
    match walk.panic {
        Some(panic) => resume_unwind(panic),
        None => result,
    }
}

/// One visit of a walk.
///
/// # Safety
///
/// - `ctx` came from [`walk`] with the same `F`, whose call has not returned.
pub(crate) unsafe fn visit<C, F>(ctx: *mut c_void, item: impl FnOnce() -> C::Item) -> C::Answer
where
    C: VisitorCallback,
    F: FnMut(C::Item) -> C::Answer,
{
    // SAFETY: the caller promises a walk of this type, which `walk` keeps on its stack and does not
    // touch before C returns; C visits one item at a time.
    let walk = unsafe { &mut *ctx.cast::<Walk<F>>() };
    if walk.panic.is_some() {
        return C::Answer::STOP;
    }
    match catch_unwind(AssertUnwindSafe(|| (walk.visitor)(item()))) {
        Ok(answer) => answer,
        Err(panic) => {
            walk.panic = Some(panic);
            C::Answer::STOP
        }
    }
}

/// The closure of a walk that crosses threads.
type SharedVisitor<I> = Box<dyn Fn(I) -> c_int + Send + Sync>;

/// Makes a call that visits on other threads and then completes.
///
/// A panic of the closure ends the process with a message that names the callback: it happens on a
/// thread that nobody awaits, while C counts on the visit to be resumed.
pub fn submit_visit<V, C, P, S>(
    call: Call<C, P, S>,
    visitor: impl Fn(V::Item) -> c_int + Send + Sync + 'static,
) -> Submitted<C, P>
where
    V: ResumedVisitorCallback,
    C: OnceCallback<Value: Send, Error: Send>,
    P: Payload + Send,
    S: Submit<C, P>,
{
    let visitor: SharedVisitor<V::Item> = Box::new(visitor);
    Submitted::submit_with(call, Some(Arc::new(visitor)))
}

/// One visit of a shared walk; the answer is what C must be told when it resumes.
pub(crate) fn visit_shared<V: ResumedVisitorCallback>(ctx: *mut c_void, item: V::Item) -> c_int {
    let visitor = registry::look(Ticket::from_cb_arg(ctx), |entry| match entry {
        Entry::Once { visitor, .. } => visitor.clone(),
        Entry::Multi(_) => None,
    });
    let visitor = visitor.and_then(|visitor| visitor.downcast::<SharedVisitor<V::Item>>().ok());
    match visitor {
        Some(visitor) => visitor(item),
        None => {
            report::stray(V::NAME);
            c_int::STOP
        }
    }
}
