//! Code of the user runs at every corner: when wakers are cloned, woken and dropped, when values
//! are dropped. Each may bring the very callback, or take and drop the very future.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use callback_adapter::Kept;

use crate::common::library::{Library, Script};
use crate::common::storage::{Kind, for_both_storages, pending, poll, pool, ready};
use crate::common::wakers::{Hooks, hooked};

for_both_storages!(completed_while_its_old_waker_is_dropped);

/// Completes the oldest call of the library, once, at one kind of event.
struct Completes {
    library: Library,
    at: At,
    armed: Cell<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Clone,
    Drop,
}

impl Completes {
    fn new(library: &Library, at: At) -> Rc<Self> {
        Rc::new(Self { library: library.clone(), at, armed: Cell::new(true) })
    }

    fn event(&self, at: At) {
        if self.at == at && self.library.outstanding() > 0 && self.armed.replace(false) {
            self.library.complete(0);
        }
    }
}

impl Hooks for Completes {
    fn cloned(&self) {
        self.event(At::Clone);
    }
    fn woken(&self) {
        self.library.trace.note("wake hooked");
    }
    fn dropped(&self) {
        self.event(At::Drop);
    }
}

#[test]
fn completed_while_its_waker_is_cloned_at_the_first_poll() {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = library.call(Script::Later, payload).on(&pool);
    let hooks = Completes::new(&library, At::Clone);
    let waker = hooked(Rc::clone(&hooks));
    let outcome = poll(&mut future, &waker);
    assert!(outcome.is_ready(), "the callback came before the poll ended");
    drop((outcome, waker));
    library.trace.expect(["call", "drop payload"]);
    assert_eq!(Rc::strong_count(&hooks), 1, "the record has not kept the clone");
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn completed_while_its_waker_is_cloned_at_a_later_poll() {
    let (library, pool) = (Library::new(), pool());
    let mut future = library.call(Script::Later, ()).on(&pool);
    pending(&mut future, &library.trace.waker("first"));
    let hooks = Completes::new(&library, At::Clone);
    let waker = hooked(Rc::clone(&hooks));
    assert!(poll(&mut future, &waker).is_ready(), "the callback came before the poll ended");
    drop(waker);
    assert_eq!(Rc::strong_count(&hooks), 1, "the record has let go of its clone");
    assert_eq!(pool.in_use(), 0);
}

fn completed_while_its_old_waker_is_dropped(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut future = kind.start(&pool, library.call(Script::Later, ()));
    let hooks = Completes::new(&library, At::Drop);
    hooks.armed.set(false);
    pending(&mut future, &hooked(Rc::clone(&hooks)));
    hooks.armed.set(true);
    let woken = library.trace.waker("task");
    if poll(&mut future, &woken).is_pending() {
        library.trace.expect(["call", "wake task"]);
        assert_eq!(ready(&mut future), Ok(()));
    }
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn completed_while_the_waker_of_a_dropped_future_is_dropped() {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = library.call(Script::Later, payload).on(&pool);
    let hooks = Completes::new(&library, At::Drop);
    hooks.armed.set(false);
    pending(&mut future, &hooked(Rc::clone(&hooks)));
    hooks.armed.set(true);
    drop(future);
    library.trace.expect(["call", "drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_waker_that_cannot_be_cloned() {
    struct CannotBeCloned;
    impl Hooks for CannotBeCloned {
        fn cloned(&self) {
            panic!("cannot clone");
        }
    }
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = library.call(Script::Later, payload).on(&pool);
    let waker = hooked(Rc::new(CannotBeCloned));
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = poll(&mut future, &waker);
    }));
    assert!(unwound.is_err());
    library.trace.expect(["call"]);
    assert!(pool.in_flight()[0].orphaned, "C has the record, and the future is lost");
    library.complete(0);
    library.trace.expect(["drop payload"]);
    drop(future);
}

/// The callback comes while the waker is cloned, so the clone is of no use; its drop panics.
#[test]
fn a_waker_of_no_use_that_cannot_be_dropped() {
    struct CannotBeDropped(Rc<Completes>, Cell<bool>);
    impl Hooks for CannotBeDropped {
        fn cloned(&self) {
            self.0.cloned();
        }
        fn dropped(&self) {
            assert!(self.1.replace(true), "cannot drop");
        }
    }
    for first in [true, false] {
        let (library, pool) = (Library::new(), pool());
        let payload = Kept(library.trace.probe("payload"));
        let mut future = library.call(Script::Later, payload).on(&pool);
        if !first {
            pending(&mut future, Waker::noop());
        }
        let completes = Completes::new(&library, At::Clone);
        let waker = hooked(Rc::new(CannotBeDropped(completes, Cell::new(false))));
        let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = poll(&mut future, &waker);
        }));
        assert!(unwound.is_err(), "{first}");
        drop((future, waker));
        library.trace.expect(["call", "drop payload"]);
        assert_eq!(pool.in_use(), 0, "{first}");
    }
}

#[test]
fn drained_while_the_waiting_waker_is_cloned() {
    let (library, pool) = (Library::new(), pool());
    let mut future = library.call(Script::Later, ()).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    let mut drained = Box::pin(pool.drained());
    let waker = hooked(Completes::new(&library, At::Clone));
    assert!(poll(&mut drained, &waker).is_ready(), "the last record went before the poll ended");
}

/// A woken task that polls another call of the same pool, which gets the record just freed.
#[test]
fn a_waker_that_makes_the_next_call() {
    struct MakesNext {
        library: Library,
        future: RefCell<Option<Box<dyn FnMut() -> bool>>>,
        next: RefCell<Option<Box<dyn FnOnce()>>>,
    }
    impl Hooks for MakesNext {
        fn woken(&self) {
            let mut take = self.future.take().expect("the first future waits");
            assert!(take(), "the result is there");
            drop(take);
            self.next.take().expect("there is a next call")();
            self.library.trace.note("woken");
        }
    }
    let (library, pool) = (Library::new(), pool());
    let second = Rc::new(RefCell::new(None));
    let (place, again, other) = (Rc::clone(&second), library.clone(), pool.clone());
    let hooks = Rc::new(MakesNext {
        library: library.clone(),
        future: RefCell::new(None),
        next: RefCell::new(Some(Box::new(move || {
            let mut next = again.call(Script::Later, Kept([1_u8; 32])).on(&other);
            pending(&mut next, &again.trace.waker("second"));
            place.replace(Some(next));
        }))),
    });
    let mut first = library.call(Script::Later, Kept([0_u8; 32])).on(&pool);
    pending(&mut first, &hooked(Rc::clone(&hooks)));
    hooks.future.replace(Some(Box::new(move || poll(&mut first, Waker::noop()).is_ready())));
    library.complete(0);
    library.trace.expect(["call", "call", "woken"]);
    assert_eq!(pool.in_use(), 1);
    library.complete(0);
    library.trace.expect(["wake second"]);
    let mut second = second.take().expect("the second call was made");
    assert_eq!(ready(&mut second), (Ok(()), [1; 32]));
}
