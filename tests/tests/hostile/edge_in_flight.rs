//! Edge 4: C has accepted and not called back.

use spdk_async_tests::hostile::{Event, Script, When};

use crate::case::{Case, callback, called, returned, woken};

pub(crate) fn keeps_the_latest_waker(case: &Case) {
    let wakers = [1, 2, 3].map(|number| case.waker(number));
    let mut flight = case.start(Script::new(When::Later));
    for (index, waker) in wakers.iter().enumerate() {
        for _ in 0..2 {
            assert!(flight.poll(waker.waker()).is_none());
            let held: Vec<_> = wakers.iter().map(|waker| waker.is_held()).collect();
            let latest: Vec<_> = (0..wakers.len()).map(|other| other == index).collect();
            assert_eq!(held, latest, "the latest waker and no other");
        }
    }
    case.expect([called()]);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(3), returned()]);
    assert!(!wakers.iter().any(|waker| waker.is_held()), "the waker was used up");
    case.expect_value(&flight.poll(wakers[0].waker()).expect("it is completed"));
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

/// The callback never comes, as far as anybody can see, and the future has gone long ago.
pub(crate) fn waits_for_ever(case: &Case) {
    let waker = case.waker(1);
    let mut flight = case.in_flight(Script::new(When::Never), &waker);
    for _ in 0..3 {
        assert_eq!(case.world.poll(), 0);
        assert!(flight.poll(waker.waker()).is_none());
    }
    drop(flight);
    assert_eq!(case.world.poll(), 0);
    case.expect([]);
    assert_eq!(listed(case), [case.row.function], "what is stuck is listed by its name");
    // Only so that the test leaks nothing.
    case.world.let_go();
    assert_eq!(case.world.poll(), 1);
    let dropped = case.dropped(Event::DroppedFull);
    case.expect([callback(), case.freed(), case.closed(), dropped, returned()]);
    assert_eq!(listed(case), [""; 0]);
}

/// The functions of the calls in flight.
fn listed(case: &Case) -> Vec<&'static str> {
    let pooled = case.pool.in_flight().into_iter().map(|call| call.function);
    let boxed = callback_adapter::boxed_in_flight().into_iter().map(|call| call.function);
    pooled.chain(boxed).collect()
}
