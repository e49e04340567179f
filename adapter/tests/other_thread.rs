//! Boxed calls: the callback may come on any OS thread, and the future may be awaited on any.

use std::sync::mpsc;
use std::task::Waker;
use std::thread;

use callback_adapter::__private::errno_return;
use callback_adapter::{CallError, Kept, Refusal};

use crate::common::callbacks::{Done, DoneFn};
use crate::common::library::{Context, Library, Script, custom_call, elsewhere};
use crate::common::storage::{pending, poll, ready};

#[test]
fn completed_on_another_thread() {
    let library = Library::new();
    let payload = Kept(library.trace.probe("payload"));
    let mut future = library.call(Script::Later, payload).submit();
    pending(&mut future, &library.trace.waker("task"));
    let there = library.next().complete_elsewhere(0);
    assert_eq!(library.trace.thread_of("wake task"), there);
    let (result, payload) = ready(&mut future);
    assert_eq!(result, Ok(()));
    drop(payload);
    library.trace.expect(["call", "wake task", "drop payload"]);
}

#[test]
fn awaited_on_another_thread() {
    let library = Library::new();
    let future = library.call(Script::Later, Kept(library.trace.probe("payload"))).submit();
    library.complete(0);
    let there = elsewhere(move || {
        let mut future = future;
        let (result, payload) = ready(&mut future);
        assert_eq!(result, Ok(()));
        drop(payload);
    });
    assert_eq!(library.trace.thread_of("drop payload"), there);
}

#[test]
fn an_orphan_is_freed_where_its_callback_comes() {
    let library = Library::new();
    drop(library.call(Script::Later, Kept(library.trace.probe("payload"))).submit());
    library.trace.expect(["call"]);
    let there = library.next().complete_elsewhere(0);
    assert_eq!(library.trace.thread_of("drop payload"), there);
    library.trace.expect(["drop payload"]);
}

/// The callback runs to its end on another thread while the C function has not returned yet; the
/// submitting closure holds nothing of the freed payload.
#[test]
fn called_back_on_another_thread_before_c_returns() {
    for _ in 0..100 {
        let submit = |_, callback: DoneFn, cb_arg| {
            Context { callback, cb_arg }.complete_elsewhere(0);
            errno_return(0)
        };
        let call = custom_call::<Done, _, _>(Kept(vec![7_u8; 64]), submit);
        let (result, payload) = ready(&mut call.submit());
        assert_eq!(result, Ok(()));
        assert_eq!(payload, [7; 64]);
    }
}

/// Completion and drop race; the payload is freed once, whoever wins.
#[test]
fn a_drop_races_the_callback() {
    let (contexts, completer) = mpsc::channel::<Context>();
    let completing = thread::spawn(move || completer.into_iter().for_each(|c| c.complete(0)));
    let library = Library::new();
    for round in 0..500 {
        let payload = Kept(library.trace.probe("payload"));
        let mut future = library.call(Script::Later, payload).submit();
        contexts.send(library.next()).expect("the completing thread runs");
        if round % 2 == 0 {
            let _ = poll(&mut future, Waker::noop());
        }
        drop(future);
    }
    drop(contexts);
    completing.join().expect("the completing thread ends well");
    let events = library.trace.take();
    assert_eq!(events.iter().filter(|event| *event == "drop payload").count(), 500);
}

/// A refusal that another thread's faulty callback overtakes still has one outcome.
#[test]
fn refused_here_and_called_back_there() {
    let strays = crate::common::strays::strays_of(|| {
        let submit = |_, callback: DoneFn, cb_arg| {
            Context { callback, cb_arg }.complete_elsewhere(0);
            errno_return(-libc::EIO)
        };
        let call = custom_call::<Done, _, _>(Kept(Box::new(1)), submit);
        let (result, payload) = ready(&mut call.submit());
        assert!(!matches!(result, Err(CallError::Refused(Refusal::Null))));
        assert_eq!(*payload, 1);
    });
    assert_eq!(strays, 1);
}
