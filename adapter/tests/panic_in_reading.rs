//! A panic while a report is read goes to the task that awaits it; with no task left, the process
//! ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use callback_adapter::Kept;

use crate::common::callbacks::during_next_read;
use crate::common::death::dies;
use crate::common::library::{Library, Script};
use crate::common::storage::{Kind, for_both_storages, pending, poll, pool, ready};
use crate::common::strays::strays_of;

for_both_storages!(goes_to_the_task, goes_to_the_first_poll, dropped_unread, after_a_stray);

fn goes_to_the_task(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, &library.trace.waker("task"));
    during_next_read(|| panic!("cannot read"));
    library.complete(0);
    library.trace.expect(["call", "wake task"]);
    let panic = catch_unwind(AssertUnwindSafe(|| poll(&mut future, Waker::noop())));
    let panic = panic.expect_err("the panic goes on in the task");
    assert_eq!(panic.downcast_ref(), Some(&"cannot read"));
    library.trace.expect(["drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn goes_to_the_first_poll(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    during_next_read(|| panic!("cannot read"));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        ready(&mut kind.start(&pool, library.call(Script::Inline(0), ())))
    }));
    let panic = panic.expect_err("the panic goes on in the task");
    assert_eq!(panic.downcast_ref(), Some(&"cannot read"));
    assert_eq!(pool.in_use(), 0);
}

/// The task had its chance: dropping its future drops the panic.
fn dropped_unread(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Later, payload));
    pending(&mut future, Waker::noop());
    during_next_read(|| panic!("cannot read"));
    library.complete(0);
    drop(future);
    library.trace.expect(["call", "drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

const UNHEARD: &str = "done_cb: reading a report panicked, and no task waits for it";

fn for_an_orphan(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut future = kind.start(&pool, library.call(Script::Later, ()));
    pending(&mut future, Waker::noop());
    drop(future);
    during_next_read(|| panic!("cannot read"));
    library.complete(0);
}

#[test]
fn for_an_orphan_pooled() {
    dies("panic_in_reading::for_an_orphan_pooled", UNHEARD, || for_an_orphan(Kind::Pooled));
}

#[test]
fn for_an_orphan_boxed() {
    dies("panic_in_reading::for_an_orphan_boxed", UNHEARD, || for_an_orphan(Kind::Boxed));
}

/// A stray comes first from inside of the reading; the panic is still that of the first report.
fn after_a_stray(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut future = kind.start(&pool, library.call(Script::Later, ()));
    pending(&mut future, Waker::noop());
    let context = library.next();
    let strays = strays_of(|| {
        during_next_read(move || {
            context.complete(0);
            panic!("cannot read");
        });
        context.complete(0);
    });
    assert_eq!(strays, 1);
    let panic = catch_unwind(AssertUnwindSafe(|| poll(&mut future, Waker::noop())));
    let panic = panic.expect_err("the panic goes on in the task");
    assert_eq!(panic.downcast_ref(), Some(&"cannot read"));
    assert_eq!(pool.in_use(), 0);
}

/// Reading drops the future and panics: nobody is left to hear of it.
#[test]
fn for_a_future_dropped_meanwhile() {
    dies("panic_in_reading::for_a_future_dropped_meanwhile", UNHEARD, || {
        let (library, pool) = (Library::new(), pool());
        let mut future = library.call(Script::Later, ()).on(&pool);
        pending(&mut future, Waker::noop());
        during_next_read(move || {
            drop(future);
            panic!("cannot read");
        });
        library.complete(0);
    });
}
