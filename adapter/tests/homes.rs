//! The unit of single-threadedness.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use callback_adapter::{Executor, Home, Kept, Pool};
use futures_util::future::pending as pending_for_ever;

use crate::common::host::Host;
use crate::common::library::{Library, Script, elsewhere};
use crate::common::storage::{pending, pool, ready};

#[test]
fn an_os_thread_is_its_own_home() {
    let here = Home::os_thread();
    assert!(here.is_current());
    assert_eq!(here.token(), Home::os_thread().token());
    assert_ne!(here.token(), 0);
    elsewhere(move || {
        assert!(!here.is_current());
        assert_ne!(here.token(), Home::os_thread().token());
    });
}

#[test]
fn a_home_does_not_come_back_with_a_later_thread() {
    let mut tokens = HashSet::new();
    for _ in 0..20 {
        let home = std::thread::spawn(Home::os_thread).join().expect("the thread ends well");
        assert!(tokens.insert(home.token()), "each thread has its own token");
    }
}

thread_local! {
    /// The light-weight thread that runs on this OS thread.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// Runs `body` as the light-weight thread `token`.
fn on<R>(token: usize, body: impl FnOnce() -> R) -> R {
    let outer = CURRENT.replace(token);
    let result = body();
    CURRENT.set(outer);
    result
}

fn current() -> Option<Home> {
    // SAFETY: each test uses its tokens on one OS thread at a time, and moves what belongs to a
    // token along with it.
    unsafe { Home::current(|| CURRENT.get()) }
}

#[test]
fn no_light_weight_thread_is_no_home() {
    assert!(current().is_none());
    on(7, || assert_eq!(current().expect("one is current").token(), 7));
}

#[test]
fn a_home_is_current_only_inside() {
    let home = on(7, current).expect("one is current");
    assert!(!home.is_current());
    on(7, || assert!(home.is_current()));
    on(8, || assert!(!home.is_current()));
}

/// It was polled in vain, and is that of its own pool as before, whichever is entered.
#[test]
fn a_call_that_was_polled_away_can_be_polled_at_home() {
    let (library, own) = (Library::new(), on(20, || Pool::new(current().expect("one is current"))));
    let mut future = library.call(Script::Later, ()).on(&own);
    let away = AssertUnwindSafe(|| on(21, || pending(&mut future, Waker::noop())));
    assert!(catch_unwind(away).is_err());
    CURRENT.set(0);
    library.trace.expect([]);
    let other = pool();
    on(20, || {
        other.enter(|| pending(&mut future, Waker::noop()));
        assert_eq!((own.in_use(), other.in_use()), (1, 0));
        library.complete(0);
        assert_eq!(ready(&mut future), Ok(()));
    });
}

/// It ends while another home is current. What is dropped goes home for a moment, where a callback comes.
#[test]
fn an_executor_that_ends_elsewhere_resumes_nothing() {
    struct CompletesAtHome(Library);
    impl Drop for CompletesAtHome {
        fn drop(&mut self) {
            on(22, || self.0.complete(0));
            self.0.trace.note("dropped");
        }
    }
    let library = Library::new();
    let executor = on(22, || {
        let pool = Pool::new(current().expect("one is current"));
        let executor = Executor::new(pool, Host::new());
        let (completes, call) = (CompletesAtHome(library.clone()), library.call(Script::Later, ()));
        drop(executor.spawn(async move {
            let _completes = completes;
            pending_for_ever::<()>().await;
        }));
        let trace = library.trace.clone();
        drop(executor.spawn(async move {
            call.await.expect("the call succeeds");
            trace.note("resumed");
        }));
        executor.run(usize::MAX);
        executor
    });
    on(23, || drop(executor));
    library.trace.expect(["call", "dropped"]);
}

#[test]
fn an_executor_runs_only_at_home() {
    let executor = on(10, || {
        let pool = Pool::new(current().expect("one is current"));
        let executor = Executor::new(pool, Host::new());
        drop(executor.spawn(async {}));
        executor
    });
    let away = catch_unwind(AssertUnwindSafe(|| executor.run(10)));
    assert!(away.is_err(), "no home is current");
    let away = catch_unwind(AssertUnwindSafe(|| on(11, || drop(executor.spawn(async {})))));
    assert!(away.is_err(), "another home is current");
    CURRENT.set(0);
    assert_eq!(on(10, || executor.run(10)), 1);
    on(10, || drop(executor));
}

#[test]
fn a_pool_is_entered_only_at_home() {
    let pool = on(12, || Pool::new(current().expect("one is current")));
    for token in [0, 13] {
        let away = catch_unwind(AssertUnwindSafe(|| on(token, || pool.enter(|| ()))));
        assert!(away.is_err(), "{token} is current");
        CURRENT.set(0);
    }
    assert!(Pool::entered().is_none());
    on(12, || pool.enter(|| assert!(Pool::entered().is_some())));
}

/// A thread that runs another one, whose tasks use what is the first one's.
#[test]
fn the_entered_pool_is_not_that_of_another_home() {
    let library = Library::new();
    let [outer, inner] =
        [14, 15].map(|token| on(token, || Pool::new(current().expect("one is current"))));
    on(14, || {
        outer.enter(|| {
            on(15, || {
                inner.enter(|| {
                    let mut call = library.call(Script::Later, ()).on(&outer);
                    let away = catch_unwind(AssertUnwindSafe(|| pending(&mut call, Waker::noop())));
                    assert!(away.is_err(), "the call is of another home than the entered one");
                });
            });
            CURRENT.set(14);
            pending(&mut library.call(Script::Later, ()).on(&outer), Waker::noop());
        });
        library.complete(0);
    });
    library.trace.expect(["call"]);
    assert_eq!((outer.in_use(), inner.in_use()), (0, 0));
}

/// A light-weight thread takes its records along when it moves to another OS thread.
#[test]
fn a_home_moves_between_os_threads() {
    struct Moved<T>(T);
    // SAFETY: what is moved is everything that belongs to the home, and the first OS thread does
    // not run the home again before it gets all of it back.
    unsafe impl<T> Send for Moved<T> {}

    let library = Library::new();
    let (pool, mut future) = on(9, || {
        let pool = Pool::new(current().expect("one is current"));
        let mut future = library.call(Script::Later, Kept(vec![1; 10])).on(&pool);
        pending(&mut future, Waker::noop());
        (pool, future)
    });
    let moved = Moved((pool, library.clone(), &mut future));
    elsewhere(move || {
        let moved = moved;
        let Moved((pool, library, future)) = moved;
        on(9, || {
            library.complete(0);
            assert_eq!(ready(future), (Ok(()), vec![1; 10]));
            assert_eq!(pool.in_use(), 0);
            drop(pool);
        });
    });
    drop(future);
}
