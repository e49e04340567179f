//! Edges 6 and 7: the future is dropped while C has the record. The payload stays until the
//! callback, which throws everything away on its thread.

use core::ffi::c_void;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;

use callback_adapter::{Kept, Pool};

use crate::common::callbacks::{Object, during_next_read};
use crate::common::library::{Library, Opening, Script, open_call};
use crate::common::storage::{Kind, for_both_storages, pending, pool, ready};
use crate::common::trace::{Probe, Trace};

for_both_storages!(
    the_payload_stays_until_the_callback,
    an_abandoned_handle_is_closed_before_its_parents,
    an_abandoned_call_may_find_nothing,
    many_orphans,
);

fn the_payload_stays_until_the_callback(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, &library.trace.waker("task"));
    drop(future);
    library.trace.expect(["call"]);
    library.complete(0);
    assert_eq!(library.trace.thread_of("drop payload"), thread::current().id());
    library.trace.expect(["drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn an_abandoned_handle_is_closed_before_its_parents(kind: Kind) {
    let (library, pool, opening) = (Library::new(), pool(), Opening::default());
    let mut future = kind.start(&pool, open_call(&opening, Kept(library.trace.probe("parent"))));
    pending(&mut future, Waker::noop());
    drop(future);
    let context = opening.lock().unwrap().take().expect("the call was made");
    context.complete(Object::opened(&library.trace));
    library.trace.expect(["close", "drop parent"]);
    assert_eq!(pool.in_use(), 0);
}

fn an_abandoned_call_may_find_nothing(kind: Kind) {
    let (library, pool, opening) = (Library::new(), pool(), Opening::default());
    let mut future = kind.start(&pool, open_call(&opening, Kept(library.trace.probe("parent"))));
    pending(&mut future, Waker::noop());
    drop(future);
    let context = opening.lock().unwrap().take().expect("the call was made");
    context.complete(core::ptr::null_mut());
    library.trace.expect(["drop parent"]);
}

fn many_orphans(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    for _ in 0..300 {
        let payload = Kept(library.trace.probe("payload"));
        let mut future = kind.start(&pool, library.call(Script::Later, payload));
        pending(&mut future, Waker::noop());
    }
    let events = library.trace.take();
    assert!(!events.iter().any(|event| event == "drop payload"));
    while library.outstanding() > 0 {
        library.complete(0);
    }
    assert_eq!(library.trace.take(), vec!["drop payload"; 300]);
    assert_eq!(pool.in_use(), 0);
}

/// A context says whether C has the record, also when nobody else could: from the call to the
/// callback, and not again when the record serves the next call.
#[test]
fn a_context_tells_whether_its_call_is_in_flight() {
    fn is_in_flight(cb_arg: *mut c_void) -> bool {
        // SAFETY: each is the context of a pooled call.
        unsafe { Pool::is_in_flight(cb_arg) }
    }
    let (library, pool) = (Library::new(), pool());
    let mut dropped = library.call(Script::Later, Kept(())).on(&pool);
    pending(&mut dropped, Waker::noop());
    let first = dropped.cb_arg().unwrap();
    assert!(is_in_flight(first));
    drop(dropped);
    assert!(is_in_flight(first));
    library.complete(0);
    assert!(!is_in_flight(first));
    let mut awaited = library.call(Script::Later, Kept(())).on(&pool);
    pending(&mut awaited, Waker::noop());
    let second = awaited.cb_arg().unwrap();
    assert!(is_in_flight(second) && !is_in_flight(first));
    library.complete(0);
    assert!(!is_in_flight(second), "C is done, whether or not the result was taken");
    drop(awaited);
    drop(pool);
    assert!(!is_in_flight(first) && !is_in_flight(second));
}

/// C has called back, though what it brings is only being read.
#[test]
fn a_call_whose_report_is_read_is_in_flight_no_more() {
    let (library, pool) = (Library::new(), pool());
    let mut future = library.call(Script::Later, Kept(())).on(&pool);
    pending(&mut future, Waker::noop());
    let cb_arg = future.cb_arg().unwrap();
    let looked = Rc::new(Cell::new(None));
    let look = Rc::clone(&looked);
    // SAFETY: it is the context of a pooled call.
    during_next_read(move || look.set(Some(unsafe { Pool::is_in_flight(cb_arg) })));
    library.complete(0);
    assert_eq!(looked.get(), Some(false));
    assert_eq!(ready(&mut future).0, Ok(()));
}

/// The record keeps its pool: the future, the handle of the pool and everything else may be gone.
#[test]
fn a_record_in_flight_keeps_its_pool() {
    let library = Library::new();
    let pool = pool();
    let payload = Kept((library.trace.probe("payload"), vec![1_u8; 4096]));
    let mut future = library.call(Script::Later, payload).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    drop(pool);
    library.trace.expect(["call"]);
    library.complete(0);
    library.trace.expect(["drop payload"]);
}

/// An orphan that is being freed is nobody's: C is done with it, and nobody can take its result.
#[test]
fn an_orphan_that_is_freed_is_not_listed() {
    struct Lists(Pool, Trace);
    impl Drop for Lists {
        fn drop(&mut self) {
            assert_eq!((self.0.in_flight(), self.0.in_use()), (Vec::new(), 1));
            self.1.note("listed");
        }
    }
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(Lists(pool.clone(), library.trace.clone()));
    let mut future = library.call(Script::Later, payload).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    assert!(pool.in_flight()[0].orphaned);
    library.complete(0);
    library.trace.expect(["call", "listed"]);
    assert_eq!(pool.in_use(), 0);
}

/// A payload may hold the pool itself; the release of its record then ends the pool.
#[test]
fn a_payload_that_holds_its_own_pool() {
    let library = Library::new();
    let pool = pool();
    let payload = Kept((pool.clone(), library.trace.probe("payload")));
    let mut future = library.call(Script::Later, payload).on(&pool);
    pending(&mut future, Waker::noop());
    drop((future, pool));
    library.complete(0);
    library.trace.expect(["call", "drop payload"]);
}

/// The drops of an orphan may start new calls in the same pool, and abandon them.
#[test]
fn an_orphans_payload_may_start_another_call() {
    struct StartsAnother(Library, Pool, Arc<Mutex<Vec<Probe>>>);
    impl Drop for StartsAnother {
        fn drop(&mut self) {
            let probe = self.2.lock().unwrap().pop().expect("one probe is left");
            let mut future = self.0.call(Script::Later, Kept(probe)).on(&self.1);
            pending(&mut future, Waker::noop());
        }
    }
    let (library, pool) = (Library::new(), pool());
    let probes = Arc::new(Mutex::new(vec![library.trace.probe("second")]));
    let payload = Kept(StartsAnother(library.clone(), pool.clone(), probes));
    let mut future = library.call(Script::Later, payload).on(&pool);
    pending(&mut future, Waker::noop());
    drop(future);
    library.complete(0);
    library.trace.expect(["call", "call"]);
    assert_eq!(pool.in_use(), 1);
    library.complete(0);
    library.trace.expect(["drop second"]);
    assert_eq!(pool.in_use(), 0);
}
