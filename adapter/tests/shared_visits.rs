//! Walks that visit on any thread, resume each visit, and complete at the end.

use core::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use callback_adapter::__private::errno_return;
use callback_adapter::{CallError, Submitted, submit_visit};
use futures_util::FutureExt;

use crate::common::callbacks::{Done, DoneFn, Place, Visited};
use crate::common::death::dies;
use crate::common::library::{Context, Library, custom_call, elsewhere};
use crate::common::strays::strays_of;

/// One visit, as the C side makes it; returns the status that it was resumed with.
fn visit(ctx: *mut c_void, place: c_int) -> c_int {
    let mut visited = Visited { place, ctx, resumed: None };
    // SAFETY: the callback and the context of a walk, and an iterator that lives through the visit.
    unsafe { <Place as callback_adapter::ResumedVisitorCallback>::FN(&raw mut visited) };
    visited.resumed.expect("each visit is resumed")
}

/// Makes the call with a C side that is `walk`.
fn submit(
    visitor: impl Fn(c_int) -> c_int + Send + Sync + 'static,
    mut walk: impl FnMut(Context) -> c_int + 'static,
) -> Submitted<Done, ()> {
    let call = custom_call::<Done, _, _>((), move |_, callback: DoneFn, cb_arg| {
        errno_return(walk(Context { callback, cb_arg }))
    });
    submit_visit::<Place, _, _, _>(call, visitor)
}

#[test]
fn visits_each_place_on_its_thread_then_completes() {
    let sum = Arc::new(AtomicI32::new(0));
    let counted = Arc::clone(&sum);
    let visitor = move |place| {
        counted.fetch_add(place, Ordering::Relaxed);
        0
    };
    let walking = submit(visitor, |context| {
        for place in 1..=4 {
            elsewhere(move || assert_eq!(visit({ context }.cb_arg, place), 0));
        }
        context.complete_elsewhere(0);
        0
    });
    assert_eq!(walking.now_or_never(), Some(Ok(())));
    assert_eq!(sum.load(Ordering::Relaxed), 10);
}

#[test]
fn an_answer_ends_the_walk() {
    let walking = submit(
        |place| if place == 2 { -libc::EIO } else { 0 },
        |context| {
            let status =
                (1..5).map(|place| visit(context.cb_arg, place)).find(|status| *status != 0);
            context.complete(status.expect("an answer was not zero"));
            0
        },
    );
    let Some(Err(CallError::Failed(errno))) = walking.now_or_never() else {
        panic!("the walk failed");
    };
    assert_eq!(errno.get(), libc::EIO);
}

#[test]
fn the_closure_goes_with_the_completion() {
    let library = Library::new();
    let probe = library.trace.probe("closure");
    let (later, kept) = (library.clone(), library.trace.clone());
    let walking = submit(
        move |_| {
            let _ = &probe;
            0
        },
        move |context| later.work(crate::common::library::Script::Later, context),
    );
    drop(walking);
    let context = library.next();
    assert_eq!(visit(context.cb_arg, 1), 0);
    kept.expect(["call"]);
    context.complete(0);
    kept.expect(["drop closure"]);
    let strays = strays_of(|| assert_ne!(visit(context.cb_arg, 2), 0, "C is told to stop"));
    assert_eq!(strays, 1);
}

#[test]
fn the_closure_goes_with_a_refusal() {
    let library = Library::new();
    let probe = library.trace.probe("closure");
    let walking = submit(
        move |_| {
            let _ = &probe;
            0
        },
        |_| -libc::ENOMEM,
    );
    library.trace.expect(["drop closure"]);
    assert!(matches!(walking.now_or_never(), Some(Err(CallError::Refused(_)))));
}

#[test]
fn a_call_without_a_closure_is_not_visited() {
    let library = Library::new();
    let future = library.call(crate::common::library::Script::Later, ()).submit();
    let context = library.next();
    let strays = strays_of(|| assert_ne!(visit(context.cb_arg, 1), 0));
    assert_eq!(strays, 1);
    context.complete(0);
    assert_eq!(future.now_or_never(), Some(Ok(())));
}

#[test]
fn a_panic_in_the_closure() {
    let message = "place_cb: a panic reached the border to C; the process ends here";
    dies("shared_visits::a_panic_in_the_closure", message, || {
        drop(submit(|_| panic!("cannot visit"), |context| visit(context.cb_arg, 1)));
    });
}
