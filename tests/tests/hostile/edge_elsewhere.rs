//! Callbacks on other OS threads: welcome for a record on the heap, the end of the process for one
//! of a pool.

use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread, ThreadId};
use std::time::{Duration, Instant};

use spdk_async_tests::hostile::{Event, Flight, ROWS, Script, Settled, Storage, When};

use crate::case::{Case, callback, called, returned, woken};
use crate::death::dies;

const ROUNDS: usize = 8;
/// Never reached, unless a wake-up was lost.
const PATIENCE: Duration = Duration::from_secs(60);

struct Unparks(Thread);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Awaits on another thread, with a watchdog, and says what it took from there.
fn await_elsewhere(flight: Flight, look: impl FnOnce(Settled) + Send) {
    let mut future = flight.sent();
    let awaiting = move || {
        let waker = Waker::from(Arc::new(Unparks(thread::current())));
        let until = Instant::now() + PATIENCE;
        loop {
            if let Poll::Ready(settled) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return look(settled);
            }
            assert!(Instant::now() < until, "nobody woke the task: a wake-up was lost");
            thread::park_timeout(PATIENCE);
        }
    };
    thread::scope(|scope| scope.spawn(awaiting).join()).expect("the awaiting thread ends well");
}

/// Asserts that these are the events, all on one thread that is not this one.
#[track_caller]
fn all_elsewhere<const N: usize>(events: Vec<(Event, ThreadId)>, expected: [Vec<Event>; N]) {
    let there = events.first().expect("something happened").1;
    assert_ne!(there, thread::current().id());
    let expected = expected.concat().into_iter().map(|event| (event, there));
    assert_eq!(events, expected.collect::<Vec<_>>());
}

pub(crate) fn wakes_from_there(case: &Case) {
    let waker = case.waker(1);
    let flight = case.in_flight(Script::new(When::Later), &waker);
    assert_eq!(case.world.poll_elsewhere(), 1);
    let expected = [callback(), case.freed(), woken(1), returned()];
    all_elsewhere(case.trace.take_with_threads(), expected);
    let value = case.row.value;
    await_elsewhere(flight, |settled| {
        assert_eq!(settled.outcome, spdk_async_tests::hostile::Outcome::Value(value.into()));
    });
    let dropped = case.dropped(Event::DroppedFull);
    case.expect([case.closed(), dropped]);
}

pub(crate) fn is_done_before_the_call_returns(case: &Case) {
    let mut flight = case.start(Script::new(When::InlineElsewhere));
    case.expect([called(), callback(), case.freed(), returned()]);
    let settled = flight.poll(Waker::noop()).expect("the callback has come");
    case.expect_value(&settled);
    drop(settled);
    case.expect([case.closed(), case.dropped(Event::DroppedFull)]);
}

pub(crate) fn races_with_the_call(case: &Case) {
    for _ in 0..ROUNDS {
        let flight = case.start(Script::new(When::Thread));
        let (value, content) = (case.row.value, case.row.keeps.then_some(Event::DroppedFull));
        await_elsewhere(flight, |settled| {
            assert_eq!(settled.outcome, spdk_async_tests::hostile::Outcome::Value(value.into()));
            assert_eq!(settled.load.content(), content);
        });
        case.world.join();
        each_once(case);
    }
}

pub(crate) fn races_with_the_drop(case: &Case) {
    for round in 0..ROUNDS {
        let waker = case.waker(1);
        let mut flight = case.start(Script::new(When::Thread));
        if round % 2 == 0 {
            drop(flight.poll(waker.waker()));
        }
        drop(flight);
        case.world.join();
        each_once(case);
    }
}

/// Asserts that all that has to happen has, once, in whatever order.
#[track_caller]
fn each_once(case: &Case) {
    let mut events = case.trace.take();
    events.retain(|event| *event != Event::Woken(1));
    let dropped = case.dropped(Event::DroppedFull);
    let parts = [called(), callback(), returned(), case.freed(), case.closed(), dropped];
    for expected in parts.concat() {
        let at = events.iter().position(|event| *event == expected);
        let at = at.unwrap_or_else(|| panic!("{expected:?} did not happen"));
        events.swap_remove(at);
    }
    assert_eq!(events, [], "what happened twice");
}

pub(crate) fn frees_an_orphan_there(case: &Case) {
    let waker = case.waker(1);
    drop(case.in_flight(Script::new(When::Later), &waker));
    assert_eq!(case.world.poll_elsewhere(), 1);
    let dropped = case.dropped(Event::DroppedFull);
    let expected = [callback(), case.freed(), case.closed(), dropped, returned()];
    all_elsewhere(case.trace.take_with_threads(), expected);
}

/// What a declaration gets wrong that awaits such a callback with a pool.
#[test]
fn ends_the_process_if_pooled() {
    const TEST: &str = "edge_elsewhere::ends_the_process_if_pooled";
    let pooled = ROWS.iter().filter(|row| row.storages.contains(&Storage::Pooled));
    let mut count = 0;
    for row in pooled {
        let message = format!("{}: the callback came on another thread than the call", row.typedef);
        dies(TEST, &format!("{} awaited", row.name), &message, || {
            let case = Case::new(row, Storage::Pooled, false);
            let _flight = case.in_flight(Script::new(When::Later), &case.waker(1));
            case.world.poll_elsewhere();
        });
        dies(TEST, &format!("{} orphaned", row.name), &message, || {
            let case = Case::new(row, Storage::Pooled, false);
            drop(case.in_flight(Script::new(When::Later), &case.waker(1)));
            case.world.poll_elsewhere();
        });
        dies(TEST, &format!("{} inline", row.name), &message, || {
            let case = Case::new(row, Storage::Pooled, false);
            let mut flight = case.start(Script::new(When::InlineElsewhere));
            flight.poll(Waker::noop());
        });
        count += 3;
    }
    eprintln!("{TEST}: {count} cases");
}
