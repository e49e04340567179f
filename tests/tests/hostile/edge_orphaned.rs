//! Edges 6 and 7: the future is dropped while C works, and the callback finds an orphan.

use std::thread;

use callback_adapter::{Home, Pool};
use spdk_async_tests::hostile::{Event, Script, When};

use crate::case::{Case, EIO, callback, returned};

pub(crate) fn is_freed_by_the_callback(case: &Case) {
    let waker = case.waker(1);
    let flight = case.in_flight(Script::new(When::Later), &waker);
    drop(flight);
    case.expect([]);
    assert!(!waker.is_held(), "nobody is woken any more");
    assert_eq!(case.world.poll(), 1);
    let events = case.trace.take_with_threads();
    assert!(events.iter().all(|(_, thread)| *thread == thread::current().id()));
    let events: Vec<_> = events.into_iter().map(|(event, _)| event).collect();
    // A handle that nobody takes is closed before the payload, which may hold its parents.
    let dropped = case.dropped(Event::DroppedFull);
    let expected = [callback(), case.freed(), case.closed(), dropped, returned()];
    assert_eq!(events, expected.concat());
}

pub(crate) fn a_failure_is_thrown_away(case: &Case) {
    let waker = case.waker(1);
    drop(case.in_flight(Script::new(When::Later).status(EIO), &waker));
    assert_eq!(case.world.poll(), 1);
    let dropped = case.dropped(Event::DroppedFull);
    case.expect([callback(), case.freed(), case.closed(), dropped, returned()]);
}

/// The pool's last handle goes before the callback.
pub(crate) fn outlives_its_pool(case: &Case) {
    let waker = case.waker(1);
    let pool = Pool::new(Home::os_thread());
    case.world.script(Script::new(When::Later));
    let mut flight = case.prepare(case.load()).start(&pool);
    assert!(flight.poll(waker.waker()).is_none());
    drop(pool);
    drop(flight);
    let _ = case.trace.take();
    assert_eq!(case.world.poll(), 1);
    let dropped = case.dropped(Event::DroppedFull);
    case.expect([callback(), case.freed(), case.closed(), dropped, returned()]);
}
