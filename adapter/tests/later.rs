//! Edges 4 and 5: C accepts and calls back later. The waker of the latest poll is woken, last.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use callback_adapter::{CallError, Errno, Kept};

use crate::common::library::{Library, Script};
use crate::common::storage::{
    Kind, ReplyOf, Started, for_both_storages, pending, poll, pool, ready,
};
use crate::common::trace::Probe;
use crate::common::wakers::{Hooks, hooked};

for_both_storages!(
    woken_once_and_ready,
    the_waker_of_the_latest_poll_is_woken,
    woken_last,
    a_failure_is_reported,
    completions_out_of_order,
);

fn woken_once_and_ready(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, &library.trace.waker("task"));
    library.trace.expect(["call"]);
    library.complete(0);
    library.trace.expect(["wake task"]);
    let (result, payload) = ready(&mut future);
    assert_eq!(result, Ok(()));
    library.trace.expect([]);
    drop(payload);
    library.trace.expect(["drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn the_waker_of_the_latest_poll_is_woken(kind: Kind) {
    let library = Library::new();
    let mut future = kind.start(&pool(), library.call(Script::Later, ()));
    let (first, second) = (library.trace.waker("first"), library.trace.waker("second"));
    pending(&mut future, &first);
    pending(&mut future, &second);
    pending(&mut future, &second);
    pending(&mut future, &first);
    pending(&mut future, &second);
    library.complete(0);
    library.trace.expect(["call", "wake second"]);
    assert_eq!(ready(&mut future), Ok(()));
}

type Waiting = RefCell<Option<Started<crate::common::callbacks::Done, Kept<Probe>>>>;

/// Takes the outcome and drops the future while it is being woken.
struct TakesOutcome {
    future: Waiting,
    outcome: Cell<Option<ReplyOf<crate::common::callbacks::Done, Kept<Probe>>>>,
}

impl Hooks for TakesOutcome {
    fn woken(&self) {
        let mut future = self.future.take().expect("the future waits");
        if let Poll::Ready(outcome) = poll(&mut future, Waker::noop()) {
            self.outcome.set(Some(outcome));
        }
    }
}

/// When the waker runs, the record is complete: the task may take the result, drop the future and
/// the payload right there.
fn woken_last(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let task = Rc::new(TakesOutcome {
        future: RefCell::new(Some(kind.start(&pool, library.call(Script::Later, payload)))),
        outcome: Cell::new(None),
    });
    let waker = hooked(Rc::clone(&task));
    let mut future = task.future.take().expect("the future waits");
    pending(&mut future, &waker);
    task.future.replace(Some(future));
    library.complete(0);
    let (result, payload) = task.outcome.take().expect("the outcome was there when it woke");
    assert_eq!(result, Ok(()));
    drop(payload);
    library.trace.expect(["call", "drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn a_failure_is_reported(kind: Kind) {
    let library = Library::new();
    let mut future = kind.start(&pool(), library.call(Script::Later, ()));
    pending(&mut future, Waker::noop());
    library.complete(-libc::ENXIO);
    assert_eq!(ready(&mut future), Err(CallError::Failed(Errno::from_status(libc::ENXIO))));
}

fn completions_out_of_order(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut futures: Vec<_> =
        (0..5).map(|_| kind.start(&pool, library.call(Script::Later, ()))).collect();
    for future in &mut futures {
        pending(future, Waker::noop());
    }
    let contexts: Vec<_> = (0..5).map(|_| library.next()).collect();
    for index in [3, 0, 4, 1, 2] {
        contexts[index].complete(-(i32::try_from(index).unwrap() + 1));
        let Err(CallError::Failed(errno)) = ready(&mut futures[index]) else {
            panic!("call {index} was failed");
        };
        assert_eq!(usize::try_from(errno.get()), Ok(index + 1));
    }
    assert_eq!(pool.in_use(), 0);
}

/// The same waker is kept, not cloned again at each poll.
#[test]
fn the_same_waker_is_not_cloned_again() {
    #[derive(Default)]
    struct Counts {
        clones: Cell<u32>,
    }
    impl Hooks for Counts {
        fn cloned(&self) {
            self.clones.set(self.clones.get() + 1);
        }
    }
    let library = Library::new();
    let counts = Rc::new(Counts::default());
    let waker = hooked(Rc::clone(&counts));
    let mut future = library.call(Script::Later, ()).on(&pool());
    for _ in 0..4 {
        pending(&mut future, &waker);
    }
    assert_eq!(counts.clones.get(), 1);
    library.complete(0);
    assert_eq!(ready(&mut future), Ok(()));
    assert_eq!(Rc::strong_count(&counts), 2, "the record has let go of its clone");
}
