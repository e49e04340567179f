//! Edge 8: the result is there. It is taken, or dropped unread with everything the record kept.

use std::task::Waker;

use callback_adapter::Kept;

use crate::common::callbacks::Object;
use crate::common::library::{Library, Opening, Script, open_call};
use crate::common::storage::{Kind, for_both_storages, pending, pool, ready};

for_both_storages!(
    an_unread_result_is_dropped_with_the_future,
    an_unread_handle_is_closed_before_its_parents,
    a_taken_handle_is_the_takers,
    a_handle_given_up_is_not_closed,
);

fn an_unread_result_is_dropped_with_the_future(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, Waker::noop());
    library.complete(0);
    library.trace.expect(["call"]);
    drop(future);
    library.trace.expect(["drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn an_unread_handle_is_closed_before_its_parents(kind: Kind) {
    let (library, pool, opening) = (Library::new(), pool(), Opening::default());
    let mut future = kind.start(&pool, open_call(&opening, Kept(library.trace.probe("parent"))));
    pending(&mut future, Waker::noop());
    let context = opening.lock().unwrap().take().expect("the call was made");
    context.complete(Object::opened(&library.trace));
    library.trace.expect([]);
    drop(future);
    library.trace.expect(["close", "drop parent"]);
    assert_eq!(pool.in_use(), 0);
}

fn a_taken_handle_is_the_takers(kind: Kind) {
    let (library, opening) = (Library::new(), Opening::default());
    let mut future = kind.start(&pool(), open_call(&opening, ()));
    pending(&mut future, Waker::noop());
    let context = opening.lock().unwrap().take().expect("the call was made");
    let object = Object::opened(&library.trace);
    context.complete(object);
    let handle = ready(&mut future).expect("it cannot fail").expect("an object came");
    drop(future);
    assert_eq!(handle.0.as_ptr(), object);
    library.trace.expect([]);
    drop(handle);
    library.trace.expect(["close"]);
}

fn a_handle_given_up_is_not_closed(kind: Kind) {
    let (library, opening) = (Library::new(), Opening::default());
    let mut future = kind.start(&pool(), open_call(&opening, ()));
    pending(&mut future, Waker::noop());
    let context = opening.lock().unwrap().take().expect("the call was made");
    context.complete(Object::opened(&library.trace));
    let handle = ready(&mut future).expect("it cannot fail").expect("an object came");
    let object = handle.0.into_raw();
    library.trace.expect([]);
    // SAFETY: `opened` made it with a box, and the handle has given it up.
    drop(unsafe { Box::from_raw(object) });
    library.trace.expect([]);
}
