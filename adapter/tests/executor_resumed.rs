//! What a task may do when a callback has resumed it, on the stack of that callback.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

use callback_adapter::{Executor, JoinError, JoinHandle, Pool};
use futures_util::FutureExt;
use futures_util::future::{pending, poll_fn};

use crate::common::host::Host;
use crate::common::library::{Library, Script};
use crate::common::trace::Trace;

const ALL: usize = usize::MAX;

/// What becomes of a task that is resumed and then does `what`.
fn resumed_to<T: 'static>(what: impl FnOnce(&Executor) -> T + 'static) -> Result<T, JoinError> {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let (call, executor) = (library.call(Script::Later, ()), Rc::new(executor));
    let inside = Rc::downgrade(&executor);
    let probe = library.trace.probe("task");
    let handle = executor.spawn(async move {
        let _probe = probe;
        call.await.expect("the call succeeds");
        what(&inside.upgrade().expect("the executor lives"))
    });
    executor.run(ALL);
    library.complete(0);
    library.trace.expect(["call", "drop task"]);
    assert!(handle.is_finished());
    assert!(Pool::entered().is_none());
    while executor.run(ALL) > 0 {}
    assert_eq!(executor.active(), 0);
    handle.now_or_never().expect("it is finished")
}

#[test]
fn to_finish() {
    assert!(matches!(resumed_to(|_| 7), Ok(7)));
}

#[test]
fn to_panic() {
    let outcome = resumed_to::<()>(|_| panic!("in the task"));
    assert!(matches!(outcome, Err(JoinError::Panicked(_))));
}

#[test]
fn to_spawn_another() {
    let spawned = resumed_to(|executor| executor.spawn(async { 3 })).expect("it ended well");
    assert!(matches!(spawned.now_or_never(), Some(Ok(3))));
}

#[test]
fn to_run_the_executor_in_vain() {
    let ran = resumed_to(|executor| {
        drop(executor.spawn(async {}));
        executor.run(ALL)
    });
    assert!(matches!(ran, Ok(0)));
}

#[test]
fn to_cancel_all_tasks_in_vain() {
    let outcome = resumed_to(Executor::cancel_tasks);
    assert!(matches!(outcome, Err(JoinError::Panicked(_))));
}

/// A task that has its own handle, and does `with` it when it is resumed.
fn with_its_own_handle(with: impl FnOnce(JoinHandle<()>) + 'static) -> Trace {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let handle = Rc::new(RefCell::new(None));
    let (own, call) = (Rc::clone(&handle), library.call(Script::Later, ()));
    let probe = library.trace.probe("task");
    let trace = library.trace.clone();
    handle.replace(Some(executor.spawn(async move {
        let _probe = probe;
        call.await.expect("the call succeeds");
        with(own.take().expect("it was put there"));
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Ready(())
        })
        .await;
        trace.note("resumed");
        pending::<()>().await;
    })));
    executor.run(ALL);
    library.complete(0);
    library.trace.expect(["call", "resumed"]);
    assert_eq!(host.asked(), 2, "for the spawned task, and for the one that woke itself");
    executor.run(ALL);
    library.trace
}

#[test]
fn to_abort_itself() {
    with_its_own_handle(|handle| handle.abort()).expect(["drop task"]);
}

#[test]
fn to_drop_its_own_handle() {
    with_its_own_handle(drop).expect(["drop task"]);
}
