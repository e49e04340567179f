//! Callbacks that come many times: a subscription feeds a stream.

use core::ffi::c_int;
use core::pin::Pin;
use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;

use callback_adapter::__private::registration;
use callback_adapter::{Events, Subscription};
use futures_util::{FutureExt, Stream, StreamExt};

use crate::common::callbacks::{Done, Event, EventFn};
use crate::common::library::{Library, Script, elsewhere};
use crate::common::strays::strays_of;
use crate::common::trace::Trace;
use crate::common::wakers::{Hooks, hooked};

/// What the library keeps of a registration.
#[derive(Clone, Copy)]
struct Registered(EventFn, *mut core::ffi::c_void);

// SAFETY: C hands contexts from thread to thread.
unsafe impl Send for Registered {}

impl Registered {
    fn of(subscription: &Subscription<Event>) -> Self {
        let (callback, cb_arg) = registration(subscription);
        Self(callback, cb_arg)
    }

    fn report(self, event: c_int) {
        // SAFETY: the callback and the context of one registration.
        unsafe { (self.0)(self.1, event) }
    }
}

fn next(events: &mut Events<Event>) -> Poll<Option<c_int>> {
    Pin::new(events).poll_next(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn events_arrive_in_order() {
    let (subscription, mut events) = Subscription::new("lib_watch");
    let library = Registered::of(&subscription);
    assert_eq!(next(&mut events), Poll::Pending);
    (1..=3).for_each(|event| library.report(event));
    let taken: Vec<_> = (0..3).map(|_| next(&mut events)).collect();
    assert_eq!(taken, [1, 2, 3].map(|event| Poll::Ready(Some(event))));
    assert_eq!(next(&mut events), Poll::Pending);
}

#[test]
fn a_waiting_task_is_woken() {
    let trace = Trace::new();
    let (subscription, mut events) = Subscription::new("lib_watch");
    let waker = trace.waker("task");
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(&mut events).poll_next(&mut cx).is_pending());
    Registered::of(&subscription).report(1);
    trace.expect(["wake task"]);
    assert_eq!(next(&mut events), Poll::Ready(Some(1)));
}

#[test]
fn registrations_do_not_mix() {
    let (first, mut first_events) = Subscription::new("lib_watch");
    let (second, mut second_events) = Subscription::new("lib_watch");
    assert_ne!(first.cb_arg(), second.cb_arg());
    Registered::of(&second).report(2);
    Registered::of(&first).report(1);
    assert_eq!(next(&mut first_events), Poll::Ready(Some(1)));
    assert_eq!(next(&mut second_events), Poll::Ready(Some(2)));
    drop(first);
    Registered::of(&second).report(3);
    assert_eq!(next(&mut first_events), Poll::Ready(None));
    assert_eq!(next(&mut second_events), Poll::Ready(Some(3)));
}

#[test]
fn the_stream_ends_with_its_subscription() {
    let (subscription, mut events) = Subscription::new("lib_watch");
    let library = Registered::of(&subscription);
    library.report(1);
    drop(subscription);
    assert_eq!(strays_of(|| library.report(2)), 0, "an event may come late");
    assert_eq!(next(&mut events), Poll::Ready(Some(1)), "what came in time is kept");
    assert_eq!(next(&mut events), Poll::Ready(None));
}

/// The place in the table goes to another registration; the old context does not reach it.
#[test]
fn a_late_event_misses_the_next_registration() {
    let (old, _) = Subscription::<Event>::new("lib_watch");
    let late = Registered::of(&old);
    drop(old);
    let registrations: Vec<_> = (0..50).map(|_| Subscription::<Event>::new("lib_watch")).collect();
    late.report(1);
    for (subscription, mut events) in registrations {
        assert_eq!(next(&mut events), Poll::Pending);
        drop(subscription);
    }
}

#[test]
fn a_stream_that_is_gone_takes_nothing() {
    let (subscription, events) = Subscription::new("lib_watch");
    drop(events);
    assert_eq!(strays_of(|| Registered::of(&subscription).report(1)), 0);
}

#[test]
fn several_streams_of_one_registration() {
    let (subscription, mut first) = Subscription::new("lib_watch");
    let library = Registered::of(&subscription);
    library.report(1);
    let mut second = subscription.events();
    library.report(2);
    assert_eq!(next(&mut first), Poll::Ready(Some(1)));
    assert_eq!(next(&mut first), Poll::Ready(Some(2)));
    assert_eq!(next(&mut second), Poll::Ready(Some(2)), "what is reported from now on");
    drop(first);
    library.report(3);
    assert_eq!(next(&mut second), Poll::Ready(Some(3)));
    drop(subscription);
    assert_eq!(next(&mut second), Poll::Ready(None));
}

/// The task of a stream that is gone is woken when the next event finds that out; it may ask for
/// another stream, or bring another event, right there.
#[test]
fn a_new_stream_from_inside_an_event() {
    struct AsksAgain(Subscription<Event>, RefCell<Option<Events<Event>>>);
    impl Hooks for AsksAgain {
        fn woken(&self) {
            if self.1.borrow().is_none() {
                self.1.replace(Some(self.0.events()));
                Registered::of(&self.0).report(2);
            }
        }
    }
    let (subscription, mut events) = Subscription::new("lib_watch");
    let task = Rc::new(AsksAgain(subscription, RefCell::new(None)));
    let waker = hooked(Rc::clone(&task));
    assert!(Pin::new(&mut events).poll_next(&mut Context::from_waker(&waker)).is_pending());
    drop(events);
    Registered::of(&task.0).report(1);
    let mut events = task.1.take().expect("the task was woken");
    assert_eq!(next(&mut events), Poll::Ready(Some(2)));
}

#[test]
fn events_from_other_threads() {
    let (subscription, events) = Subscription::new("lib_watch");
    let library = Registered::of(&subscription);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || (0..100).for_each(|event| library.report(event)));
        }
    });
    drop(subscription);
    let sum = events.fold(0, async |sum, event| sum + event).now_or_never();
    assert_eq!(sum, Some(4 * (0..100).sum::<c_int>()));
}

#[test]
fn dropped_while_events_come() {
    for _ in 0..50 {
        let (subscription, mut events) = Subscription::new("lib_watch");
        let library = Registered::of(&subscription);
        thread::scope(|scope| {
            scope.spawn(move || (0..100).for_each(|event| library.report(event)));
            drop(subscription);
        });
        let mut expected = 0;
        while let Poll::Ready(Some(event)) = next(&mut events) {
            assert_eq!(event, expected, "no event is lost before the end");
            expected += 1;
        }
        assert_eq!(next(&mut events), Poll::Ready(None));
    }
}

/// The subscription may be dropped, and the stream read, on other threads.
#[test]
fn ends_on_another_thread() {
    let (subscription, mut events) = Subscription::new("lib_watch");
    Registered::of(&subscription).report(1);
    elsewhere(move || drop(subscription));
    elsewhere(move || {
        assert_eq!(next(&mut events), Poll::Ready(Some(1)));
        assert_eq!(next(&mut events), Poll::Ready(None));
    });
}

/// A context that names a call is no registration.
#[test]
fn the_context_of_a_call() {
    let library = Library::new();
    let future = library.call(Script::Later, ()).submit();
    let context = library.next();
    // SAFETY: the function takes any context number; it checks what it names.
    unsafe { <Event as callback_adapter::MultiCallback>::FN(context.cb_arg, 1) };
    context.complete(0);
    assert_eq!(future.now_or_never(), Some(Ok(())));
}

/// A context that names a registration is no call.
#[test]
fn the_context_of_a_registration() {
    let (subscription, mut events) = Subscription::<Event>::new("lib_watch");
    let strays = strays_of(|| {
        // SAFETY: the boxed function takes any context number; it checks what it names.
        unsafe { <Done as callback_adapter::OnceCallback>::BOXED(subscription.cb_arg(), 0) };
    });
    assert_eq!(strays, 1);
    Registered::of(&subscription).report(1);
    assert_eq!(next(&mut events), Poll::Ready(Some(1)));
}
