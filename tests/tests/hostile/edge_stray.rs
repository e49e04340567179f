//! Edge 10: callbacks that no call waits for. Each is counted, and changes nothing.

use core::task::Waker;

use spdk_async_tests::hostile::{Again, Event, Flight, Lends, Outcome, Row, Script, Storage, When};

use crate::case::{Case, callback, called, returned, woken};

/// A callback that comes again, bringing what is gone.
fn stray() -> Vec<Event> {
    [callback(), returned()].concat()
}

/// Where C is given something back from inside of the callback.
pub(crate) const fn releasing(row: &Row, _: Storage) -> bool {
    !matches!(row.lends, Lends::Nothing)
}

pub(crate) const fn freeing(row: &Row, _: Storage) -> bool {
    matches!(row.lends, Lends::Io)
}

fn take_value(case: &Case, mut flight: Flight) {
    let settled = flight.poll(Waker::noop()).expect("it is completed");
    case.expect_value(&settled);
    drop(settled);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

pub(crate) fn twice_while_unread(case: &Case) {
    let waker = case.waker(1);
    let flight = case.in_flight(Script::new(When::Later).twice(Again::AtOnce), &waker);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(1), returned(), stray()]);
    take_value(case, flight);
}

pub(crate) fn twice_inline(case: &Case) {
    let mut flight = case.start(Script::new(When::Inline).twice(Again::AtOnce));
    let settled = flight.poll(Waker::noop()).expect("the callback has come");
    case.expect([called(), callback(), case.freed(), returned(), stray()]);
    case.expect_value(&settled);
    drop(settled);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

pub(crate) fn twice_for_an_orphan(case: &Case) {
    let waker = case.waker(1);
    drop(case.in_flight(Script::new(When::Later).twice(Again::AtOnce), &waker));
    assert_eq!(case.world.poll(), 1);
    let dropped = case.dropped(Event::DroppedFull);
    case.expect([callback(), case.freed(), case.closed(), dropped, returned(), stray()]);
}

/// A call that has ended well, whose callback C owes once more.
fn ended(case: &Case) {
    let waker = case.waker(1);
    let flight = case.in_flight(Script::new(When::Later).twice(Again::NextRound), &waker);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(1), returned()]);
    take_value(case, flight);
}

pub(crate) fn again_after_the_end(case: &Case) {
    ended(case);
    assert_eq!(case.world.poll(), 1);
    case.expect([stray()]);
}

/// The record serves another call of the same kind when the old callback comes again.
pub(crate) fn again_for_a_record_in_use(case: &Case) {
    ended(case);
    let waker = case.waker(2);
    let mut flight = case.in_flight(Script::new(When::Later), &waker);
    assert_eq!(case.world.poll_at_most(1), 1);
    case.expect([stray()]);
    assert!(flight.poll(waker.waker()).is_none(), "the other call is still in flight");
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), woken(2), returned()]);
    take_value(case, flight);
}

pub(crate) fn again_on_another_thread(case: &Case) {
    ended(case);
    assert_eq!(case.world.poll_elsewhere(), 1);
    case.expect([stray()]);
}

pub(crate) fn after_a_refusal(case: &Case) {
    let refusal = case.row.refusal.expect("the row can be refused");
    let mut flight = case.start(Script::new(When::LaterRefused));
    let settled = flight.poll(Waker::noop()).expect("a refusal is the end");
    assert_eq!(settled.outcome, Outcome::Refused(refusal));
    case.expect([called()]);
    assert_eq!(case.world.poll(), 1);
    case.expect([stray()]);
    drop(settled);
    case.expect([case.dropped(Event::DroppedTouched)]);
}

/// C calls back and then says that it will not. Whom to believe is the storage's choice: a pooled
/// call is refused, and one on the heap has been completed by then. Nothing is lost either way.
pub(crate) fn before_a_refusal(case: &Case) {
    let refusal = case.row.refusal.expect("the row can be refused");
    let mut flight = case.start(Script::new(When::InlineRefused));
    let settled = flight.poll(Waker::noop()).expect("it has ended one way or the other");
    let thrown_away = match case.storage {
        Storage::Pooled => {
            assert_eq!(settled.outcome, Outcome::Refused(refusal));
            case.closed()
        }
        Storage::Boxed => {
            assert_eq!(settled.outcome, Outcome::Value(case.row.value.into()));
            vec![]
        }
    };
    case.expect([called(), callback(), case.freed(), returned(), thrown_away]);
    assert_eq!(settled.load.content(), case.row.keeps.then_some(Event::DroppedFull));
    drop(settled);
    let closed = if case.storage == Storage::Boxed { case.closed() } else { vec![] };
    case.expect([closed, case.dropped(Event::DroppedFull)]);
}

/// While the callback gives the I/O back, C calls back again, and lends the same I/O.
pub(crate) fn from_inside_the_release(case: &Case) {
    let waker = case.waker(1);
    let flight = case.in_flight(Script::new(When::Later).twice(Again::InRelease), &waker);
    assert_eq!(case.world.poll(), 1);
    case.expect([callback(), case.freed(), stray(), woken(1), returned()]);
    take_value(case, flight);
}

pub(crate) fn from_inside_the_release_inline(case: &Case) {
    let mut flight = case.start(Script::new(When::Inline).twice(Again::InRelease));
    let settled = flight.poll(Waker::noop()).expect("the callback has come");
    case.expect([called(), callback(), case.freed(), stray(), returned()]);
    case.expect_value(&settled);
    drop(settled);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

/// As above, also where a handle is closed because nobody takes it.
pub(crate) fn from_inside_the_release_for_an_orphan(case: &Case) {
    let waker = case.waker(1);
    drop(case.in_flight(Script::new(When::Later).twice(Again::InRelease), &waker));
    assert_eq!(case.world.poll(), 1);
    let dropped = case.dropped(Event::DroppedFull);
    case.expect([callback(), case.freed(), case.closed(), stray(), dropped, returned()]);
}
