//! Edge 1, and what comes before it: nothing happens until a call is polled or submitted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use callback_adapter::{Home, Kept, Pool};

use crate::common::library::{Library, Script};
use crate::common::storage::{Kind, for_both_storages, poll, pool, ready};

for_both_storages!(a_call_that_is_not_made_frees_its_payload, polled_again_after_its_end);

fn a_call_that_is_not_made_frees_its_payload(kind: Kind) {
    let library = Library::new();
    let call = library.call(Script::Later, Kept(library.trace.probe("payload")));
    library.trace.expect([]);
    match kind {
        Kind::Pooled => {
            let future = call.on(&pool());
            library.trace.expect([]);
            drop(future);
        }
        Kind::Boxed => drop(call),
    }
    library.trace.expect(["drop payload"]);
    assert_eq!(library.outstanding(), 0);
}

fn polled_again_after_its_end(kind: Kind) {
    let library = Library::new();
    let mut future = kind.start(&pool(), library.call(Script::Inline(0), ()));
    assert_eq!(ready(&mut future), Ok(()));
    assert_panics("`done_cb` was polled after it had completed", || {
        let _ = poll(&mut future, Waker::noop());
    });
}

#[test]
fn a_submitted_call_is_made_at_once() {
    let library = Library::new();
    let future = library.call(Script::Later, ()).submit();
    library.trace.expect(["call"]);
    library.complete(0);
    drop(future);
}

#[test]
fn an_awaited_call_uses_the_entered_pool() {
    let (library, outer, inner) = (Library::new(), pool(), pool());
    assert!(Pool::entered().is_none());
    outer.enter(|| {
        let mut first = library.call(Script::Later, ()).into_future();
        inner.enter(|| {
            let mut second = library.call(Script::Later, ()).into_future();
            assert!(poll(&mut second, Waker::noop()).is_pending());
            assert_eq!((outer.in_use(), inner.in_use()), (0, 1));
        });
        assert!(poll(&mut first, Waker::noop()).is_pending());
        assert_eq!((outer.in_use(), inner.in_use()), (1, 1));
    });
    assert!(Pool::entered().is_none());
    library.complete(0);
    library.complete(0);
    assert_eq!((outer.in_use(), inner.in_use()), (0, 0));
}

#[test]
fn the_entered_pool_is_left_by_a_panic_too() {
    let unwound = catch_unwind(AssertUnwindSafe(|| pool().enter(|| panic!("inside"))));
    assert!(unwound.is_err());
    assert!(Pool::entered().is_none());
}

#[test]
fn awaited_without_a_pool() {
    let library = Library::new();
    let payload = Kept(library.trace.probe("payload"));
    let mut future = library.call(Script::Later, payload).into_future();
    assert_panics("`lib_work` was awaited outside of an executor", || {
        let _ = poll(&mut future, Waker::noop());
    });
    library.trace.expect(["drop payload"]);
}

#[test]
fn polled_away_from_its_home() {
    let library = Library::new();
    let there = std::thread::spawn(Home::os_thread).join().expect("the other thread ends well");
    let elsewhere = Pool::new(there);
    let mut future = library.call(Script::Later, ()).on(&elsewhere);
    assert_panics("a call that `done_cb` completes was polled away from its thread", || {
        let _ = poll(&mut future, Waker::noop());
    });
    library.trace.expect([]);
    assert_eq!(elsewhere.in_use(), 0);
}

#[track_caller]
fn assert_panics(message: &str, body: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(body)).expect_err("it panics");
    let text = panic.downcast_ref::<String>().expect("the message is formatted");
    assert!(text.contains(message), "it said: {text}");
}
