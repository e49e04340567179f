//! Edge 2: C refuses, and no callback comes.

use core::task::Waker;

use spdk_async_tests::hostile::{Event, Outcome, Script, When};

use crate::case::{Case, callback, called, returned};

pub(crate) fn gives_everything_back(case: &Case) {
    let refusal = case.row.refusal.expect("the row can be refused");
    let mut flight = case.start(Script::new(When::Later).refused(1));
    let settled = flight.poll(Waker::noop()).expect("a refusal is the end");
    assert_eq!(settled.outcome, Outcome::Refused(refusal));
    assert_eq!(case.pool.in_use(), 0, "the record went back at once");
    // C has written to it while it refused: it is the very payload.
    assert_eq!(settled.load.content(), case.row.keeps.then_some(Event::DroppedTouched));
    assert_eq!(case.world.poll(), 0, "no callback comes");
    drop(flight);
    case.expect([called()]);
    drop(settled);
    case.expect([case.dropped(Event::DroppedTouched)]);
    accept_next(case);
}

/// `ENOMEM` a few times, then success, with one payload that goes in again.
pub(crate) fn is_made_again_until_accepted(case: &Case) {
    const REFUSALS: u32 = 3;
    let refusal = case.row.refusal.expect("the row can be refused");
    let mut load = case.load();
    case.world.script(Script::new(When::Inline).refused(REFUSALS));
    for _ in 0..REFUSALS {
        let mut flight = case.prepare(load).start(&case.pool);
        let settled = flight.poll(Waker::noop()).expect("a refusal is the end");
        assert_eq!(settled.outcome, Outcome::Refused(refusal));
        load = settled.load;
        case.expect([called()]);
    }
    let mut flight = case.prepare(load).start(&case.pool);
    let settled = flight.poll(Waker::noop()).expect("it is called back at once");
    case.expect([called(), callback(), case.freed(), returned()]);
    case.expect_value(&settled);
    drop(settled);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

/// The script holds until a call is accepted; this is that call.
fn accept_next(case: &Case) {
    let mut flight = case.prepare(case.load()).start(&case.pool);
    assert!(flight.poll(Waker::noop()).is_none(), "the second call is accepted");
    assert_eq!(case.world.poll(), 1);
    case.expect_value(&flight.poll(Waker::noop()).expect("it is completed"));
    let _ = case.trace.take();
}
