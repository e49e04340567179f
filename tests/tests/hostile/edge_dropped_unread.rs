//! Edge 8, the other half: the result is there, and the future is dropped without having looked.

use core::task::Waker;
use std::thread;

use spdk_async_tests::hostile::{Event, Script, Storage, When};

use crate::case::{Case, callback, called, returned, woken};

pub(crate) fn drops_the_result_and_the_payload(case: &Case) {
    let waker = case.waker(1);
    let flight = case.in_flight(Script::new(When::Later), &waker);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(1), returned()]);
    drop(flight);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

/// The callback came inside of the call. A pooled future has taken the result then; a submitted one
/// was never polled.
pub(crate) fn inline_or_submitted(case: &Case) {
    let mut flight = case.start(Script::new(When::Inline));
    let taken = match case.storage {
        Storage::Pooled => flight.poll(Waker::noop()),
        Storage::Boxed => None,
    };
    case.expect([called(), callback(), case.freed(), returned()]);
    drop(flight);
    drop(taken);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

pub(crate) fn on_another_thread(case: &Case) {
    let waker = case.waker(1);
    let flight = case.in_flight(Script::new(When::Later), &waker).sent();
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(1), returned()]);
    let there = thread::spawn(move || {
        drop(flight);
        thread::current().id()
    });
    let there = there.join().expect("the drop does not panic");
    let events = case.trace.take_with_threads();
    let expected = [case.closed(), case.dropped(Event::DroppedFull)].concat();
    let expected: Vec<_> = expected.into_iter().map(|event| (event, there)).collect();
    assert_eq!(events, expected);
}
