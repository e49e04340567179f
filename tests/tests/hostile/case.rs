//! One cell of the table: a shape of call, a storage and a size of payload, in a world of its own.

use callback_adapter::{Home, Pool};
use spdk_async_tests::hostile::{
    Event, Flight, Lends, Load, Mem, Outcome, Prepared, Row, Script, Settled, Storage, TestWaker,
    Trace, World,
};

/// The status that failing callbacks report.
pub(crate) const EIO: i32 = 5;

/// A cell, and all that a scenario needs to play it.
pub(crate) struct Case {
    pub(crate) row: &'static Row,
    pub(crate) storage: Storage,
    large: bool,
    pub(crate) trace: Trace,
    pub(crate) world: World,
    pub(crate) pool: Pool,
}

impl Case {
    pub(crate) fn new(row: &'static Row, storage: Storage, large: bool) -> Self {
        let trace = Trace::default();
        let world = World::new(&trace);
        Self { row, storage, large, trace, world, pool: Pool::new(Home::os_thread()) }
    }

    /// A payload of the row's kind.
    pub(crate) fn load(&self) -> Load {
        self.load_that(|| {})
    }

    /// A payload that runs `at_drop` when it is dropped.
    pub(crate) fn load_that(&self, at_drop: impl Fn() + Send + 'static) -> Load {
        match (self.row.keeps, self.large) {
            (false, _) => Load::Empty,
            (true, false) => Load::Small(Mem::new(&self.trace).at_drop(at_drop)),
            (true, true) => Load::Large(Mem::new(&self.trace).at_drop(at_drop)),
        }
    }

    /// The call, not made.
    pub(crate) fn prepare(&self, load: Load) -> Prepared {
        (self.row.prepare)(self.storage, load)
    }

    /// The call's future, by this script; a pooled call is made when it is polled.
    pub(crate) fn start(&self, script: Script) -> Flight {
        self.start_with(script, self.load())
    }

    pub(crate) fn start_with(&self, script: Script, load: Load) -> Flight {
        self.world.script(script);
        self.prepare(load).start(&self.pool)
    }

    /// A future that was polled once with `waker` and is pending.
    #[track_caller]
    pub(crate) fn in_flight(&self, script: Script, waker: &TestWaker) -> Flight {
        let mut flight = self.start(script);
        assert!(flight.poll(waker.waker()).is_none(), "the call is accepted, not completed");
        self.expect([called()]);
        flight
    }

    /// A waker of this number.
    pub(crate) fn waker(&self, number: u32) -> TestWaker {
        TestWaker::new(&self.trace, number)
    }

    /// Asserts that these parts are all that has happened since the last time.
    #[track_caller]
    pub(crate) fn expect<const N: usize>(&self, parts: [Vec<Event>; N]) {
        let expected: Vec<_> = parts.into_iter().flatten().collect();
        assert_eq!(self.trace.take(), expected, "what happened, and what should have");
    }

    /// Asserts that the call succeeded with the row's value, and that C wrote to what comes back.
    #[track_caller]
    pub(crate) fn expect_value(&self, settled: &Settled) {
        assert_eq!(settled.outcome, Outcome::Value(self.row.value.into()));
        assert_eq!(settled.load.content(), self.row.keeps.then_some(Event::DroppedFull));
    }

    /// What a callback does with what C lent it, before it says anything to anybody.
    pub(crate) fn freed(&self) -> Vec<Event> {
        if self.row.lends == Lends::Io { vec![Event::IoFreed] } else { vec![] }
    }

    /// What becomes of a handle that nobody has.
    pub(crate) fn closed(&self) -> Vec<Event> {
        if self.row.lends == Lends::Object { vec![Event::Closed] } else { vec![] }
    }

    /// The end of the payload, if the row keeps one.
    pub(crate) fn dropped(&self, how: Event) -> Vec<Event> {
        if self.row.keeps { vec![how] } else { vec![] }
    }

    /// Asserts what holds after each scenario: nobody owes anybody anything.
    pub(crate) fn finish(self) {
        self.expect([]);
        assert_eq!(self.world.debts(), Default::default(), "what is lent came back, once");
        assert_eq!(self.pool.in_use(), 0, "every record went back");
    }
}

pub(crate) fn called() -> Vec<Event> {
    vec![Event::Called]
}

pub(crate) fn callback() -> Vec<Event> {
    vec![Event::CallBack]
}

pub(crate) fn returned() -> Vec<Event> {
    vec![Event::Returned]
}

pub(crate) fn woken(number: u32) -> Vec<Event> {
    vec![Event::Woken(number)]
}
