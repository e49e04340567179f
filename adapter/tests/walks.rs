//! Callbacks that visit while their call runs: a closure on the stack.

use core::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use callback_adapter::__private::{stop, walk};

use crate::common::callbacks::{Visit, VisitFn};
use crate::common::trace::Trace;

/// The C function `int lib_walk(visit_cb cb, void *ctx)`: visits 0 to 4, stops at a non-zero answer
/// and returns it.
fn lib_walk(callback: VisitFn, ctx: *mut c_void) -> c_int {
    for number in 0..5 {
        // SAFETY: the callback and the context of one walk, which is running.
        let answer = unsafe { callback(ctx, number) };
        if answer != 0 {
            return answer;
        }
    }
    0
}

/// A library that does not heed the answer.
fn lib_walk_on(callback: VisitFn, ctx: *mut c_void) -> Vec<c_int> {
    // SAFETY: as in `lib_walk`.
    (0..5).map(|number| unsafe { callback(ctx, number) }).collect()
}

#[test]
fn each_is_visited() {
    let mut seen = Vec::new();
    let visitor = |number| {
        seen.push(number);
        0
    };
    assert_eq!(walk::<Visit, _, _>(visitor, lib_walk), 0);
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[test]
fn an_answer_stops_the_walk() {
    let visits = |number| if number == 2 { 42 } else { 0 };
    assert_eq!(walk::<Visit, _, _>(visits, lib_walk), 42);
}

#[test]
fn a_panic_goes_on_after_c_has_returned() {
    let trace = Trace::new();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let visitor = |number| {
            trace.note(format!("visit {number}"));
            assert_ne!(number, 1, "cannot visit");
            0
        };
        walk::<Visit, _, _>(visitor, |callback, ctx| {
            let answers = lib_walk_on(callback, ctx);
            trace.note("returned");
            assert_eq!(answers[0], 0);
            assert!(answers[1..].iter().all(|answer| *answer == stop::<c_int>()));
            assert_ne!(answers[1], 0);
        });
    }));
    let panic = panic.expect_err("the panic goes on");
    assert!(panic.downcast_ref::<String>().is_some_and(|text| text.contains("cannot visit")));
    trace.expect(["visit 0", "visit 1", "returned"]);
}

#[test]
fn a_walk_inside_a_walk() {
    let mut visits = 0;
    let visitor = |_| {
        walk::<Visit, _, _>(
            |_| {
                visits += 1;
                0
            },
            lib_walk,
        )
    };
    assert_eq!(walk::<Visit, _, _>(visitor, lib_walk), 0);
    assert_eq!(visits, 25);
}

#[test]
fn a_walk_without_visits() {
    let visitor = |_| unreachable!("nothing is visited");
    assert_eq!(walk::<Visit, _, _>(visitor, |_, _| "nothing"), "nothing");
}
