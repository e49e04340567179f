//! Edge 3: C calls back before it returns.

use spdk_async_tests::hostile::{Event, Flight, Outcome, Script, Settled, When};

use crate::case::{Case, EIO, callback, called, returned};

/// Polls once, with a waker that nobody may wake or keep.
fn ready(case: &Case, flight: &mut Flight) -> Settled {
    let waker = case.waker(1);
    let settled = flight.poll(waker.waker()).expect("the callback has come");
    assert!(!waker.is_held());
    settled
}

pub(crate) fn is_ready_at_once(case: &Case) {
    let mut flight = case.start(Script::new(When::Inline));
    let settled = ready(case, &mut flight);
    case.expect([called(), callback(), case.freed(), returned()]);
    case.expect_value(&settled);
    assert_eq!(case.pool.in_use(), 0);
    drop(settled);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

pub(crate) fn fails_at_once(case: &Case) {
    let mut flight = case.start(Script::new(When::Inline).status(EIO));
    let settled = ready(case, &mut flight);
    case.expect([called(), callback(), case.freed(), case.closed(), returned()]);
    let failure = case.row.failure.expect("the row can fail");
    assert_eq!(settled.outcome, Outcome::Failed(failure.into()));
    drop(settled);
    case.expect([case.dropped(Event::DroppedFull)]);
}
