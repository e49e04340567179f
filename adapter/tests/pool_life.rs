//! A pool lives as long as a handle to it or a record in use, whichever goes last and wherever that is.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Waker;

use callback_adapter::{Kept, Pool, Refused, Remainder, Started};

use crate::common::callbacks::Done;
use crate::common::library::{Library, Script};
use crate::common::storage::{pending, poll, pool, ready};
use crate::common::strays::strays_of;
use crate::common::wakers::{Hooks, hooked};

/// What a pool refers to as long as it lives.
struct Life(Rc<()>);

impl Life {
    fn of(pool: &Pool) -> Self {
        let host = Rc::new(());
        pool.set_host(&host);
        Self(host)
    }

    fn has_ended(&self) -> bool {
        Rc::weak_count(&self.0) == 0
    }
}

/// A pool that has a page.
fn warm(library: &Library) -> (Pool, Life) {
    let pool = pool();
    let life = Life::of(&pool);
    assert_eq!(ready(&mut library.call(Script::Inline(0), ()).on(&pool)), Ok(()));
    (pool, life)
}

#[test]
fn ends_with_the_last_handle() {
    for is_warm in [false, true] {
        let library = Library::new();
        let (pool, life) = if is_warm {
            warm(&library)
        } else {
            let pool = pool();
            let life = Life::of(&pool);
            (pool, life)
        };
        let clone = pool.clone();
        drop(pool);
        assert!(!life.has_ended());
        let entered = clone.enter(Pool::entered);
        drop(clone);
        assert!(!life.has_ended());
        drop(entered);
        assert!(life.has_ended());
    }
}

#[test]
fn ends_with_the_last_of_its_records() {
    let library = Library::new();
    let (pool, life) = warm(&library);
    let futures = [(); 3].map(|()| {
        let mut future = library.call(Script::Later, ()).on(&pool);
        pending(&mut future, Waker::noop());
        future
    });
    drop(pool);
    let [mut taken, unread, orphaned] = futures;
    (0..2).for_each(|_| library.complete(0));
    drop(orphaned);
    assert_eq!(ready(&mut taken), Ok(()));
    drop(unread);
    assert!(!life.has_ended());
    library.complete(0);
    assert!(life.has_ended());
}

/// However many pages it has.
#[test]
fn ends_with_all_of_its_pages() {
    let library = Library::new();
    let (pool, life) = warm(&library);
    let mut small = [(); 300].map(|()| library.call(Script::Later, ()).on(&pool));
    small.iter_mut().for_each(|future| pending(future, Waker::noop()));
    let mut large = [(); 100].map(|()| library.call(Script::Later, Kept([0_u8; 100])).on(&pool));
    large.iter_mut().for_each(|future| pending(future, Waker::noop()));
    drop((small, pool));
    (0..300).for_each(|_| library.complete(0));
    drop(large);
    assert!(!life.has_ended());
    (0..100).for_each(|_| library.complete(0));
    assert!(life.has_ended());
}

fn remainder(pool: &Pool, library: &Library) -> Remainder<Done, Kept<Pool>> {
    let payload = Kept(pool.clone());
    match pool.start(Waker::noop(), || library.call(Script::Inline(0), payload)) {
        Started::Completed(completed) => {
            let (result, rest) = completed.take_result(|failure| failure.error);
            assert_eq!(result, Ok(()));
            rest
        }
        _ => panic!("the call is not completed"),
    }
}

fn refused(pool: &Pool, library: &Library, script: Script) -> Refused<Done, Kept<Pool>> {
    let payload = Kept(pool.clone());
    match pool.start(Waker::noop(), || library.call(script, payload)) {
        Started::Refused(refused) => refused,
        _ => panic!("the call is not refused"),
    }
}

/// What is left of a call is a record in use, and what it keeps may be the last handle.
#[test]
fn ends_with_what_is_left_of_a_call() {
    let library = Library::new();
    let (pool, life) = warm(&library);
    let rest = remainder(&pool, &library);
    drop(pool);
    assert!(!life.has_ended());
    drop(rest);
    assert!(life.has_ended());
    let (pool, life) = warm(&library);
    let rest = remainder(&pool, &library);
    drop(pool);
    let last = rest.into_payload();
    assert_eq!((last.0.in_use(), life.has_ended()), (0, false));
    drop(last);
    assert!(life.has_ended());
}

#[test]
fn ends_with_a_refused_call() {
    let library = Library::new();
    let strays = strays_of(|| {
        for script in [Script::Refuse(-1), Script::CallBackAndRefuse(-1)] {
            let (pool, life) = warm(&library);
            let unread = refused(&pool, &library, script);
            drop(pool);
            assert!(!life.has_ended());
            drop(unread);
            assert!(life.has_ended());
            let (pool, life) = warm(&library);
            let call = refused(&pool, &library, script);
            drop(pool);
            let last = call.into_payload();
            assert_eq!((last.0.in_use(), life.has_ended()), (0, false));
            drop(last);
            assert!(life.has_ended());
        }
    });
    assert_eq!(strays, 2);
}

/// Has a handle of the pool, and drops it when it is woken, or with itself.
struct Holds(RefCell<Option<Pool>>);

impl Hooks for Holds {
    fn woken(&self) {
        drop(self.0.take());
    }
}

fn holding(pool: Pool) -> Waker {
    hooked(Rc::new(Holds(RefCell::new(Some(pool)))))
}

/// Two wait, and the first that is woken drops the last handle.
#[test]
fn ends_while_those_are_woken_who_wait_for_the_drain() {
    let library = Library::new();
    let (pool, life) = warm(&library);
    let mut future = library.call(Script::Later, ()).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    {
        let mut waiting = [Box::pin(pool.drained()), Box::pin(pool.drained())];
        assert!(poll(&mut waiting[0], &holding(pool.clone())).is_pending());
        assert!(poll(&mut waiting[1], &library.trace.waker("second")).is_pending());
    }
    drop(pool);
    assert!(!life.has_ended());
    library.trace.take();
    library.complete(0);
    library.trace.expect(["wake second"]);
    assert!(life.has_ended());
}

/// Who waits for the drain makes the next call, for which others wait.
#[test]
fn is_used_again_while_those_are_woken_who_wait_for_the_drain() {
    struct CallsAgain(Library, RefCell<Option<Pool>>);
    impl Hooks for CallsAgain {
        fn woken(&self) {
            let pool = self.1.take().expect("it is woken once");
            let mut next = self.0.call(Script::Later, ()).on(&pool);
            pending(&mut next, Waker::noop());
            let mut waiting = Box::pin(pool.drained());
            pending(&mut waiting, &self.0.trace.waker("next"));
        }
    }
    let library = Library::new();
    let (pool, life) = warm(&library);
    let mut future = library.call(Script::Later, ()).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    let again = CallsAgain(library.clone(), RefCell::new(Some(pool.clone())));
    pending(&mut Box::pin(pool.drained()), &hooked(Rc::new(again)));
    drop(pool);
    library.trace.take();
    library.complete(0);
    library.trace.expect(["call"]);
    assert!(!life.has_ended());
    library.complete(0);
    library.trace.expect(["wake next"]);
    assert!(life.has_ended());
}

/// The waker in a record has the last handle: woken, replaced, or dropped with the future.
#[test]
fn ends_with_the_waker_of_a_record() {
    let library = Library::new();
    for what in ["woken", "replaced", "dropped"] {
        let (pool, life) = warm(&library);
        let mut future = library.call(Script::Later, ()).on(&pool);
        pending(&mut future, &holding(pool.clone()));
        drop(pool);
        match what {
            "woken" => library.complete(0),
            "replaced" => pending(&mut future, Waker::noop()),
            _ => {}
        }
        assert!(!life.has_ended(), "{what}: a record is in use");
        drop(future);
        assert_eq!(life.has_ended(), what == "woken");
        if what != "woken" {
            library.complete(0);
        }
        assert!(life.has_ended(), "{what}");
    }
}
