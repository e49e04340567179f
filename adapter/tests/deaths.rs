//! What ends the process, with a message that says where: nothing unwinds into C, and a pooled
//! record is completed at home or not at all.

use std::rc::Rc;
use std::task::Waker;

use callback_adapter::Kept;

use crate::common::callbacks::{Done, DoneFn, during_next_read};
use crate::common::death::dies;
use crate::common::library::{Context, Library, Script, custom_call};
use crate::common::storage::{Kind, pending, pool};
use crate::common::wakers::{Hooks, hooked};

const BORDER: &str = ": a panic reached the border to C; the process ends here";

/// What a callback must be that finds the wrong thread.
const WRONG_THREAD: &str = "done_cb: the callback came on another thread than the call";

#[test]
fn a_pooled_callback_on_another_thread() {
    dies("deaths::a_pooled_callback_on_another_thread", WRONG_THREAD, || {
        let library = Library::new();
        let mut future = library.call(Script::Later, ()).on(&pool());
        pending(&mut future, Waker::noop());
        library.next().complete_elsewhere(0);
    });
}

#[test]
fn an_orphans_callback_on_another_thread() {
    dies("deaths::an_orphans_callback_on_another_thread", WRONG_THREAD, || {
        let library = Library::new();
        let mut future = library.call(Script::Later, Kept(Rc::new(1))).on(&pool());
        pending(&mut future, Waker::noop());
        drop(future);
        library.next().complete_elsewhere(0);
    });
}

/// The C function has not returned yet, but its callback comes from elsewhere.
#[test]
fn an_inline_callback_on_another_thread() {
    dies("deaths::an_inline_callback_on_another_thread", WRONG_THREAD, || {
        let submit = |_, callback: DoneFn, cb_arg| {
            Context { callback, cb_arg }.complete_elsewhere(0);
            Ok(())
        };
        let mut future = custom_call::<Done, _, _>((), submit).on(&pool());
        pending(&mut future, Waker::noop());
    });
}

/// A thread that comes after the home has ended is not the home, even in its place.
#[test]
fn a_callback_after_the_home_has_ended() {
    dies("deaths::a_callback_after_the_home_has_ended", WRONG_THREAD, || {
        let library = Library::new();
        let there = library.clone();
        std::thread::spawn(move || {
            let mut future = there.call(Script::Later, Kept(Rc::new(1))).on(&pool());
            pending(&mut future, Waker::noop());
        })
        .join()
        .expect("the home ends well");
        let context = library.next();
        // The new thread most likely gets the memory of the old one.
        std::thread::spawn(move || context.complete(0)).join().expect("the callback returns");
    });
}

struct PanicsWhenWoken;

impl Hooks for PanicsWhenWoken {
    fn woken(&self) {
        panic!("cannot wake");
    }
}

fn wakes_a_panicking_waker(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut future = kind.start(&pool, library.call(Script::Later, ()));
    pending(&mut future, &hooked(Rc::new(PanicsWhenWoken)));
    library.complete(0);
}

#[test]
fn a_panic_in_a_waker_pooled() {
    dies("deaths::a_panic_in_a_waker_pooled", &format!("done_cb{BORDER}"), || {
        wakes_a_panicking_waker(Kind::Pooled);
    });
}

#[test]
fn a_panic_in_a_waker_boxed() {
    dies("deaths::a_panic_in_a_waker_boxed", &format!("done_cb{BORDER}"), || {
        wakes_a_panicking_waker(Kind::Boxed);
    });
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("cannot drop");
    }
}

fn abandons_a_panicking_payload(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let mut future = kind.start(&pool, library.call(Script::Later, Kept(PanicsWhenDropped)));
    pending(&mut future, Waker::noop());
    drop(future);
    library.complete(0);
}

#[test]
fn a_panic_in_an_orphans_payload_pooled() {
    dies("deaths::a_panic_in_an_orphans_payload_pooled", &format!("done_cb{BORDER}"), || {
        abandons_a_panicking_payload(Kind::Pooled);
    });
}

#[test]
fn a_panic_in_an_orphans_payload_boxed() {
    dies("deaths::a_panic_in_an_orphans_payload_boxed", &format!("done_cb{BORDER}"), || {
        abandons_a_panicking_payload(Kind::Boxed);
    });
}

/// Whether C has the record is unknown then.
fn unwinds_while_submitting(kind: Kind) {
    let call = custom_call::<Done, _, _>((), |_, _: DoneFn, _| panic!("cannot submit"));
    let mut future = kind.start(&pool(), call);
    pending(&mut future, Waker::noop());
}

#[test]
fn a_panic_while_submitting_pooled() {
    dies("deaths::a_panic_while_submitting_pooled", &format!("lib_custom{BORDER}"), || {
        unwinds_while_submitting(Kind::Pooled);
    });
}

#[test]
fn a_panic_while_submitting_boxed() {
    dies("deaths::a_panic_while_submitting_boxed", &format!("lib_custom{BORDER}"), || {
        unwinds_while_submitting(Kind::Boxed);
    });
}

#[test]
fn a_panic_while_an_event_is_read() {
    dies("deaths::a_panic_while_an_event_is_read", &format!("event_cb{BORDER}"), || {
        let (subscription, events) =
            callback_adapter::Subscription::<crate::common::callbacks::Event>::new("lib_watch");
        during_next_read(|| panic!("cannot read"));
        let context = subscription.cb_arg();
        // SAFETY: the callback and the context of this registration.
        unsafe { subscription.callback()(context, 1) };
        drop(events);
    });
}
