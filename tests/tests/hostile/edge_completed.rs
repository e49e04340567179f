//! Edges 5 and 8: C calls back later, and the task takes the result.

use spdk_async_tests::hostile::{Event, Outcome, Script, When};

use crate::case::{Case, EIO, callback, returned, woken};

/// C's memory is given back before anybody is woken, and nothing happens after that.
pub(crate) fn wakes_last(case: &Case) {
    let waker = case.waker(1);
    let mut flight = case.in_flight(Script::new(When::Later), &waker);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(1), returned()]);
    let settled = flight.poll(waker.waker()).expect("it is completed");
    case.expect_value(&settled);
    assert_eq!(case.pool.in_use(), 0, "the record went back with the result");
    drop(flight);
    // A handle stays open as long as somebody has it.
    case.expect([]);
    drop(settled.value);
    case.expect([case.closed()]);
    drop(settled.load);
    case.expect([case.dropped(Event::DroppedFull)]);
}

pub(crate) fn reports_a_failure(case: &Case) {
    let waker = case.waker(1);
    let mut flight = case.in_flight(Script::new(When::Later).status(EIO), &waker);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), case.closed(), woken(1), returned()]);
    let settled = flight.poll(waker.waker()).expect("it is completed");
    let failure = case.row.failure.expect("the row can fail");
    assert_eq!(settled.outcome, Outcome::Failed(failure.into()));
    drop(settled);
    case.expect([case.dropped(Event::DroppedFull)]);
}
