//! C calls back while another callback runs: from inside of a wake, a drop, or a release.

use core::task::Waker;

use spdk_async_tests::drive::{self, Mode};
use spdk_async_tests::hostile::{
    Event, Flight, Lends, Outcome, ROWS, Script, TestWaker, When, hostile_plain,
};

use crate::case::{Case, EIO, callback, called, returned, woken};

/// Another call of the same storage, in flight, with waker 2.
fn other(case: &Case) -> Flight {
    let plain = ROWS.iter().find(|row| row.name == "hostile_plain").expect("it is a row");
    case.world.script(Script::new(When::Later));
    let load = spdk_async_tests::hostile::Load::Empty;
    let mut flight = (plain.prepare)(case.storage, load).start(&case.pool);
    assert!(flight.poll(case.waker(2).waker()).is_none());
    case.expect([called()]);
    flight
}

/// The other call's callback, from begin to end.
fn nested() -> Vec<Event> {
    [callback(), woken(2), returned()].concat()
}

fn take_both(case: &Case, mut flight: Flight, mut other: Flight) {
    let settled = flight.poll(Waker::noop()).expect("it is completed");
    case.expect_value(&settled);
    drop(settled);
    let _ = case.trace.take();
    let settled = other.poll(Waker::noop()).expect("it is completed");
    assert_eq!(settled.outcome, Outcome::Value("nothing".into()));
}

fn poll_c() {
    drive::poll_c();
}

pub(crate) fn from_inside_a_wake(case: &Case) {
    let waker = TestWaker::then(&case.trace, 1, poll_c);
    let flight = case.in_flight(Script::new(When::Later), &waker);
    let other = other(case);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(1), nested(), returned()]);
    take_both(case, flight, other);
}

pub(crate) fn from_inside_a_payloads_drop(case: &Case) {
    let mut flight = case.start_with(Script::new(When::Later), case.load_that(poll_c));
    assert!(flight.poll(Waker::noop()).is_none());
    drop(flight);
    case.expect([called()]);
    let mut other = other(case);
    assert_eq!(case.world.poll(), 1);
    let dropped = case.dropped(Event::DroppedFull);
    case.expect([callback(), case.freed(), case.closed(), dropped, nested(), returned()]);
    let settled = other.poll(Waker::noop()).expect("it is completed");
    assert_eq!(settled.outcome, Outcome::Value("nothing".into()));
}

/// An I/O is freed inside of the callback in any case, an object if the call has failed.
pub(crate) fn from_inside_a_release(case: &Case) {
    let waker = case.waker(1);
    let status = if case.row.lends == Lends::Object { EIO } else { 0 };
    let mut flight = case.in_flight(Script::new(When::Later).status(status), &waker);
    let mut other = other(case);
    case.world.nest();
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), case.closed(), nested(), woken(1), returned()]);
    assert!(flight.poll(Waker::noop()).is_some());
    case.expect([case.dropped(Event::DroppedFull)]);
    assert!(other.poll(Waker::noop()).is_some());
}

/// The woken one makes a call at once, which C completes at once.
pub(crate) fn calls_again_from_inside_a_wake(case: &Case) {
    let waker = TestWaker::then(&case.trace, 1, || {
        drive::set(Mode::Inline, 0);
        // SAFETY: the library uses nothing but the callback and the context.
        let again = unsafe { hostile_plain() }.submit();
        assert_eq!(futures_util::FutureExt::now_or_never(again), Some(Ok(())));
    });
    let mut flight = case.in_flight(Script::new(When::Later), &waker);
    assert_eq!(case.world.poll(), 1);
    let again = [called(), callback(), returned()].concat();
    case.expect([callback(), case.freed(), woken(1), again, returned()]);
    let settled = flight.poll(Waker::noop()).expect("it is completed");
    case.expect_value(&settled);
    drop(settled);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}
