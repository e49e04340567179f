//! What is in flight can be listed and waited for.

use std::task::Waker;

use callback_adapter::{Kept, boxed_in_flight};

use crate::common::library::{Library, Script};
use crate::common::storage::{pending, pool, ready};

#[test]
fn in_flight_lists_names_and_ages() {
    let (library, pool) = (Library::new(), pool());
    assert_eq!(pool.in_flight(), []);
    pool.set_clock(u32::MAX - 1);
    let mut read = library.named(&"lib_read", Script::Later, ()).on(&pool);
    let mut write = library.named(&"lib_write", Script::Later, Kept([0_u8; 4096])).on(&pool);
    pending(&mut read, Waker::noop());
    pool.set_clock(3);
    pending(&mut write, Waker::noop());
    drop(write);
    pool.set_clock(10);
    let mut list: Vec<_> = pool.in_flight();
    list.sort_by_key(|call| call.function);
    let seen: Vec<_> =
        list.iter().map(|call| (call.function, call.callback, call.age, call.orphaned)).collect();
    let expected = [("lib_read", "done_cb", 12, false), ("lib_write", "done_cb", 7, true)];
    assert_eq!(seen, expected, "the clock may wrap");
    library.complete(0);
    let completed = |call: &callback_adapter::InFlight| (call.function, call.completed);
    let mut list: Vec<_> = pool.in_flight().iter().map(completed).collect();
    list.sort_unstable();
    assert_eq!(
        list,
        [("lib_read", true), ("lib_write", false)],
        "a result that waits is told apart"
    );
    library.complete(0);
    assert_eq!(pool.in_flight().iter().map(completed).collect::<Vec<_>>(), [("lib_read", true)]);
    assert_eq!(ready(&mut read), Ok(()));
    assert_eq!(pool.in_flight(), []);
}

/// The search ends with the first that is wanted, and may make calls of its own meanwhile.
#[test]
fn any_in_flight_finds_one() {
    let (library, pool) = (Library::new(), pool());
    assert!(!pool.any_in_flight(|_| true));
    let make = || {
        let mut future = library.call(Script::Later, ()).on(&pool);
        pending(&mut future, Waker::noop());
        future
    };
    let mut futures: Vec<_> = (0..3).map(|_| make()).collect();
    let mut looked_at = 0;
    let found = pool.any_in_flight(|call| {
        looked_at += 1;
        // More than there is room for, so that the pool grows.
        futures.extend((0..100).map(|_| make()));
        call.function == "lib_work" && looked_at == 2
    });
    assert!(found);
    assert_eq!(looked_at, 2);
    assert!(!pool.any_in_flight(|call| call.orphaned));
    futures.truncate(202);
    assert!(pool.any_in_flight(|call| call.orphaned));
    (0..203).for_each(|_| library.complete(0));
    assert!(!pool.any_in_flight(|call| !call.completed));
    drop(futures);
    assert!(!pool.any_in_flight(|_| true));
}

#[test]
fn boxed_calls_in_flight_are_listed() {
    let library = Library::new();
    let count = || {
        let list = boxed_in_flight();
        list.iter().filter(|call| call.function == "lib_listed").count()
    };
    let first = library.named(&"lib_listed", Script::Later, ()).submit();
    let second = library.named(&"lib_listed", Script::Later, ()).submit();
    drop(second);
    assert_eq!(count(), 2);
    library.complete(0);
    assert_eq!(count(), 1);
    library.complete(0);
    assert_eq!(count(), 0);
    let refused = library.named(&"lib_listed", Script::Refuse(-libc::EIO), ()).submit();
    assert_eq!(count(), 0);
    drop((first, refused));
}

#[test]
fn an_idle_pool_is_drained() {
    let pool = pool();
    let mut drained = Box::pin(pool.drained());
    ready(&mut drained);
}

#[test]
fn drained_when_the_last_record_goes() {
    let (library, pool) = (Library::new(), pool());
    let mut first = library.call(Script::Later, ()).on(&pool);
    let mut second = library.call(Script::Later, ()).on(&pool);
    pending(&mut first, Waker::noop());
    pending(&mut second, Waker::noop());
    let mut drained = Box::pin(pool.drained());
    let mut also_drained = Box::pin(pool.drained());
    let host = library.trace.waker("host");
    pending(&mut drained, &host);
    pending(&mut drained, &host);
    pending(&mut also_drained, &library.trace.waker("other host"));
    library.trace.take();
    drop(first);
    library.complete(0);
    library.complete(0);
    library.trace.expect([]);
    pending(&mut drained, &host);
    assert_eq!(ready(&mut second), Ok(()));
    library.trace.expect(["wake host", "wake other host"]);
    ready(&mut drained);
    ready(&mut also_drained);
}

/// Who waits for the drain may be the last to hold the pool.
#[test]
fn drained_by_an_orphan_of_a_dropped_pool() {
    let (library, pool) = (Library::new(), pool());
    let mut future = library.call(Script::Later, ()).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    let mut drained = Box::pin(async move { pool.drained().await });
    pending(&mut drained, &library.trace.waker("host"));
    library.complete(0);
    library.trace.expect(["call", "wake host"]);
    ready(&mut drained);
}
