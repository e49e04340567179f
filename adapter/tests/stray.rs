//! Edge 10: a callback that no call waits for is counted and changes nothing.

use core::ffi::c_int;
use std::task::Waker;
use std::thread;

use callback_adapter::{Kept, OnceCallback};

use crate::common::callbacks::{Done, Object, Open, during_next_read};
use crate::common::library::{
    Context, Library, Opening, Script, elsewhere, next_of, open_call, slot_of,
};
use crate::common::storage::{Kind, for_both_storages, pending, pool, ready};
use crate::common::strays::strays_of;

for_both_storages!(
    twice_while_the_result_is_unread,
    twice_after_the_result_was_taken,
    twice_for_an_orphan,
    after_a_refusal,
    after_its_record_serves_another_call,
    on_another_thread,
    without_a_context,
    twice_from_inside_reading,
    for_another_call_from_inside_reading,
    an_object_of_a_stray_is_left_alone,
);

/// Makes one call to its end and returns its context.
fn spent(kind: Kind, library: &Library, pool: &callback_adapter::Pool) -> Context {
    let mut future = kind.start(pool, library.call(Script::Later, ()));
    pending(&mut future, Waker::noop());
    let context = library.next();
    context.complete(0);
    assert_eq!(ready(&mut future), Ok(()));
    context
}

fn twice_while_the_result_is_unread(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, &library.trace.waker("task"));
    let context = library.next();
    context.complete(0);
    assert_eq!(strays_of(|| context.complete(-libc::EIO)), 1);
    let (result, payload) = ready(&mut future);
    assert_eq!(result, Ok(()), "the first report counts");
    drop(payload);
    library.trace.expect(["call", "wake task", "drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn twice_after_the_result_was_taken(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let context = spent(kind, &library, &pool);
    assert_eq!(strays_of(|| (0..3).for_each(|_| context.complete(0))), 3);
    assert_eq!(pool.in_use(), 0);
}

fn twice_for_an_orphan(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, Waker::noop());
    drop(future);
    let context = library.next();
    context.complete(0);
    library.trace.expect(["call", "drop payload"]);
    assert_eq!(strays_of(|| context.complete(0)), 1);
    library.trace.expect([]);
    assert_eq!(pool.in_use(), 0);
}

fn after_a_refusal(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let contexts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&contexts);
    let call = crate::common::library::custom_call::<Done, _, _>(
        Kept(library.trace.probe("payload")),
        move |_, callback, cb_arg| {
            seen.lock().unwrap().push(Context { callback, cb_arg });
            callback_adapter::__private::errno_return(-libc::EAGAIN)
        },
    );
    let (result, payload) = ready(&mut kind.start(&pool, call));
    assert!(result.is_err());
    let context = contexts.lock().unwrap().pop().expect("the call was made");
    assert_eq!(strays_of(|| context.complete(0)), 1);
    library.trace.expect([]);
    drop(payload);
    library.trace.expect(["drop payload"]);
}

fn after_its_record_serves_another_call(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let old = spent(kind, &library, &pool);
    for round in 0..200 {
        let mut future = kind.start(&pool, library.call(Script::Later, Kept(round)));
        pending(&mut future, &library.trace.waker("task"));
        library.trace.take();
        let context = library.next();
        assert_ne!(context.cb_arg, old.cb_arg, "the same record, but not the same context");
        assert_eq!(strays_of(|| old.complete(-libc::EIO)), 1);
        library.trace.expect([]);
        pending(&mut future, &library.trace.waker("task"));
        context.complete(0);
        assert_eq!(ready(&mut future).1, round);
    }
}

fn on_another_thread(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let context = spent(kind, &library, &pool);
    let strays = strays_of(|| {
        let _ = context.complete_elsewhere(0);
    });
    assert_eq!(strays, 1);
}

fn without_a_context(kind: Kind) {
    let callback = match kind {
        Kind::Pooled => Done::POOLED,
        Kind::Boxed => Done::BOXED,
    };
    let context = Context { callback, cb_arg: core::ptr::null_mut() };
    assert_eq!(strays_of(|| context.complete(0)), 1);
}

/// Reading a report runs C code, which calls back for the same call: the inner one is the stray, for
/// the outer has begun to release what both bring.
fn twice_from_inside_reading(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, &library.trace.waker("task"));
    let context = library.next();
    let strays = strays_of(|| {
        during_next_read(move || context.complete(-libc::EIO));
        context.complete(0);
    });
    assert_eq!(strays, 1);
    let (result, payload) = ready(&mut future);
    assert_eq!(result, Ok(()), "the first report counts");
    drop(payload);
    library.trace.expect(["call", "wake task", "drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn for_another_call_from_inside_reading(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut outer = kind.start(&pool, library.call(Script::Later, ()));
    let mut inner = kind.start(&pool, library.call(Script::Later, ()));
    pending(&mut outer, &library.trace.waker("outer"));
    pending(&mut inner, &library.trace.waker("inner"));
    let (outer_context, inner_context) = (library.next(), library.next());
    during_next_read(move || inner_context.complete(0));
    assert_eq!(strays_of(|| outer_context.complete(0)), 0);
    library.trace.expect(["call", "call", "wake inner", "wake outer"]);
    assert_eq!((ready(&mut outer), ready(&mut inner)), (Ok(()), Ok(())));
}

/// The record of an orphan stays until the outer callback has read its report.
#[test]
fn an_orphan_called_back_twice_from_inside_reading() {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = library.call(Script::Later, payload).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    let context = library.next();
    let (trace, users) = (library.trace.clone(), pool.clone());
    let strays = strays_of(|| {
        during_next_read(move || {
            context.complete(0);
            trace.expect(["call"]);
            assert_eq!(users.in_use(), 1);
        });
        context.complete(0);
    });
    assert_eq!(strays, 1);
    library.trace.expect(["drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

/// The future is dropped while its report is read: the outer callback finds an orphan.
#[test]
fn dropped_from_inside_reading() {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = library.call(Script::Later, payload).on(&pool);
    pending(&mut future, &library.trace.waker("task"));
    let context = library.next();
    let strays = strays_of(|| {
        during_next_read(move || {
            drop(future);
            context.complete(0);
        });
        context.complete(0);
    });
    assert_eq!(strays, 1);
    library.trace.expect(["call", "drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

/// The mark of a report that is read does not outlive the record's use.
#[test]
fn reused_after_reading() {
    let (library, pool) = (Library::new(), pool());
    let old = spent(Kind::Pooled, &library, &pool);
    assert_eq!(strays_of(|| old.complete(-libc::EIO)), 1);
    let mut next = library.call(Script::Later, Kept(5)).on(&pool);
    pending(&mut next, Waker::noop());
    assert_eq!(strays_of(|| old.complete(-libc::EIO)), 1);
    library.complete(0);
    let (result, payload) = ready(&mut next);
    assert_eq!((result, payload), (Ok(()), 5));
}

/// What a stray brings is not looked at, even if it comes while the first report is read: it might
/// be the very object of the first.
fn an_object_of_a_stray_is_left_alone(kind: Kind) {
    let (library, opening) = (Library::new(), Opening::default());
    let mut future = kind.start(&pool(), open_call(&opening, ()));
    pending(&mut future, Waker::noop());
    let context = opening.lock().unwrap().take().expect("the call was made");
    let object = Object::opened(&library.trace);
    let strays = strays_of(|| {
        during_next_read(move || context.complete(object));
        context.complete(object);
    });
    assert_eq!(strays, 1);
    library.trace.expect([]);
    let handle = ready(&mut future).expect("it cannot fail").expect("an object came");
    assert_eq!(handle.0.as_ptr(), object);
    drop(handle);
    library.trace.expect(["close"]);
}

/// Records outlive their pool as memory: a late stray finds one that is free.
#[test]
fn after_its_pool_has_gone() {
    let (library, pool) = (Library::new(), pool());
    let context = spent(Kind::Pooled, &library, &pool);
    drop(pool);
    assert_eq!(strays_of(|| context.complete(0)), 1);
    let strays = strays_of(|| {
        let _ = context.complete_elsewhere(0);
    });
    assert_eq!(strays, 1);
}

/// The page of the record serves the pool of another thread meanwhile.
#[test]
fn after_its_page_has_gone_to_another_thread() {
    let (library, first) = (Library::new(), pool());
    let context = spent(Kind::Pooled, &library, &first);
    drop(first);
    elsewhere(move || {
        let (library, pool) = (Library::new(), pool());
        let mut futures: Vec<_> =
            (0..200).map(|_| library.call(Script::Later, ()).on(&pool)).collect();
        futures.iter_mut().for_each(|future| pending(future, Waker::noop()));
        assert_eq!(strays_of(|| context.complete(0)), 1);
        futures.iter_mut().for_each(|future| pending(future, Waker::noop()));
        (0..200).for_each(|_| library.complete(0));
        futures.iter_mut().for_each(|future| assert_eq!(ready(future), Ok(())));
    });
}

/// Strays on a foreign thread while the home works with the same record.
#[test]
fn a_storm_from_another_thread() {
    const STRAYS: u64 = 2000;
    let (library, pool) = (Library::new(), pool());
    let context = spent(Kind::Pooled, &library, &pool);
    let strays = strays_of(|| {
        thread::scope(|scope| {
            let storm = scope.spawn(move || (0..STRAYS).for_each(|_| context.complete(0)));
            while !storm.is_finished() {
                let _ = spent(Kind::Pooled, &library, &pool);
            }
        });
    });
    assert_eq!(strays, STRAYS);
    assert_eq!(pool.in_use(), 0);
}

/// The travelling generation comes round after 2^21 uses of a record; until then no context is like
/// an older one of the same record.
#[test]
fn generations_differ_for_a_long_time() {
    let (library, pool) = (Library::new(), pool());
    let first = spent(Kind::Pooled, &library, &pool).cb_arg;
    for _ in 0..70_000 {
        let context = spent(Kind::Pooled, &library, &pool).cb_arg;
        assert_eq!(slot_of(context), slot_of(first), "the record is reused at once");
        assert_ne!(context, first);
    }
}

/// So old a context that the generations have come round is like that of a call that has not begun.
#[test]
fn the_context_of_a_call_that_has_not_begun() {
    let (library, pool) = (Library::new(), pool());
    let mut context = spent(Kind::Pooled, &library, &pool);
    context.cb_arg = next_of(context.cb_arg);
    assert_eq!(strays_of(|| (0..2).for_each(|_| context.complete(0))), 2);
    assert_eq!(spent(Kind::Pooled, &library, &pool).cb_arg, context.cb_arg);
    assert_eq!(strays_of(|| context.complete(0)), 1);
    assert_eq!(pool.in_use(), 0);
}

/// Such a callback is as little for the home as one of any other thread, or after the pool.
#[test]
fn the_context_of_a_call_that_has_not_begun_elsewhere() {
    let (library, pool) = (Library::new(), pool());
    let mut context = spent(Kind::Pooled, &library, &pool);
    context.cb_arg = next_of(context.cb_arg);
    let elsewhere = || {
        let _ = context.complete_elsewhere(0);
    };
    assert_eq!(strays_of(elsewhere), 1);
    drop(pool);
    assert_eq!(strays_of(|| context.complete(0)), 1);
    assert_eq!(strays_of(elsewhere), 1);
}

/// A boxed context of another callback type is a stray, not a wrong cast.
#[test]
fn a_context_of_another_callback() {
    let library = Library::new();
    let mut future = library.call(Script::Later, Kept(1)).submit();
    let context = library.next();
    let mut object = Object(library.trace.clone());
    let strays = strays_of(|| {
        // SAFETY: the boxed callback takes any context number; it checks what it names.
        unsafe { Open::BOXED(context.cb_arg, &raw mut object) };
    });
    assert_eq!(strays, 1);
    pending(&mut future, Waker::noop());
    context.complete(0);
    let (result, kept): (Result<(), _>, c_int) = ready(&mut future);
    assert_eq!((result, kept), (Ok(()), 1));
}
