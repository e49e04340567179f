//! Edge 1 has not been gone: a call that is never polled, or submitted, is not made.

use core::task::Waker;

use spdk_async_tests::hostile::{Event, Script, Storage, When};

use crate::case::Case;

pub(crate) fn is_not_called(case: &Case) {
    let prepared = case.prepare(case.load());
    case.expect([]);
    if case.storage == Storage::Pooled {
        // A future that was not polled is no call either.
        drop(prepared.start(&case.pool));
    } else {
        drop(prepared);
    }
    case.expect([case.dropped(Event::DroppedBlank)]);
    assert_eq!(case.world.poll(), 0, "C has nothing to call back");
    first_poll_calls(case);
}

/// The counterpart, so that the above cannot pass for want of calls.
fn first_poll_calls(case: &Case) {
    let mut flight = case.start(Script::new(When::Later));
    assert!(flight.poll(Waker::noop()).is_none());
    assert_eq!(case.trace.take(), [Event::Called]);
    assert_eq!(case.world.poll(), 1);
    case.expect_value(&flight.poll(Waker::noop()).expect("it is completed"));
    let _ = case.trace.take();
}
