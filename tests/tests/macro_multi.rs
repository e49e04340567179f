//! Callbacks that come many times feed a stream.

use callback_adapter::{Errno, Events, Refusal, Subscription};
use futures_util::{FutureExt as _, StreamExt as _};
use spdk_async_tests::drive::{Mode, finish, set};
use spdk_async_tests::shapes::{self, shapes_event_cb, sys};

fn emit(kind: i32) {
    // SAFETY: every test has registered a callback on its thread before.
    unsafe { sys::shapes_emit(kind) }
}

fn next(events: &mut Events<shapes_event_cb>) -> Option<Option<(i32, Option<u64>)>> {
    let event = events.next().now_or_never()?;
    Some(event.map(|(kind, stat)| (kind, stat.map(|stat| stat.writes))))
}

#[test]
fn events_come_in_order_with_copies() {
    set(Mode::Deferred, 0);
    let (subscription, mut events) = Subscription::<shapes_event_cb>::new("shapes_watch");
    // SAFETY: the library uses nothing but the callback and the context.
    assert_eq!(unsafe { shapes::shapes_watch(&subscription) }, Ok(()));
    emit(1);
    emit(-1);
    assert_eq!(next(&mut events), Some(Some((1, Some(1)))));
    assert_eq!(next(&mut events), Some(Some((-1, None))));
    assert_eq!(next(&mut events), None);
    drop(subscription);
    assert_eq!(next(&mut events), Some(None));
    // A late event is no fault.
    emit(2);
}

#[test]
fn a_refused_registration_says_so() {
    set(Mode::Refused, 0);
    let (subscription, _events) = Subscription::<shapes_event_cb>::new("shapes_watch");
    let refused = Refusal::Errno(Errno::from_status(16));
    // SAFETY: as above.
    assert_eq!(unsafe { shapes::shapes_watch(&subscription) }, Err(refused));
    // SAFETY: as above, and any bytes are valid for what C writes.
    assert_eq!(unsafe { shapes::shapes_watch_one(&subscription) }, Err(refused));
}

#[test]
fn a_registration_returns_what_c_wrote() {
    set(Mode::Deferred, 0);
    let (subscription, mut events) = Subscription::<shapes_event_cb>::new("shapes_watch_one");
    // SAFETY: as above.
    assert_eq!(unsafe { shapes::shapes_watch_one(&subscription) }, Ok(1));
    // SAFETY: as above.
    assert_eq!(unsafe { shapes::shapes_watch_named(5, &subscription) }, Ok((6, 7)));
    emit(3);
    assert_eq!(next(&mut events), Some(Some((3, Some(3)))));
}

#[test]
fn a_registration_returns_the_object_that_c_returned() {
    set(Mode::Deferred, 0);
    let (subscription, _events) = Subscription::<shapes_event_cb>::new("shapes_register");
    // SAFETY: as above.
    let (object, id) = unsafe { shapes::shapes_register(&subscription) }.expect("it is accepted");
    // SAFETY: the object is a static of the library.
    assert_eq!((unsafe { (*object).id }, id), (77, 78));
    set(Mode::Refused, 0);
    // SAFETY: as above.
    let refused = unsafe { shapes::shapes_register(&subscription) };
    assert_eq!(refused, Err(Refusal::Null));
}

#[test]
fn a_call_can_register_one_callback_and_complete_through_another() {
    set(Mode::Deferred, 0);
    let (subscription, mut events) = Subscription::<shapes_event_cb>::new("shapes_attach");
    // SAFETY: as above.
    let call = unsafe { shapes::shapes_attach(&subscription) };
    assert_eq!(finish(call), Ok(()));
    emit(4);
    assert_eq!(next(&mut events), Some(Some((4, Some(4)))));
}

#[test]
fn a_call_does_not_borrow_the_subscription() {
    set(Mode::Deferred, 0);
    let (subscription, mut events) = Subscription::<shapes_event_cb>::new("shapes_attach");
    // SAFETY: as above.
    let call = unsafe { shapes::shapes_attach(&subscription) };
    drop(subscription);
    assert_eq!(finish(call), Ok(()));
    emit(4);
    assert_eq!(next(&mut events), Some(None));
}
