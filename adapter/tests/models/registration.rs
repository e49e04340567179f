//! Events that come on other threads while their registration ends.

use callback_adapter::{MultiCallback, Subscription};
use futures_util::StreamExt;
use loom::thread;

use super::common::explore::explore;
use super::common::library::Event;
use super::common::wakers::block_on;

/// The context of a registration, for the thread that the events come on.
struct Registered(*mut core::ffi::c_void);

// SAFETY: C may call back on any thread.
unsafe impl Send for Registered {}

impl Registered {
    fn of(subscription: &Subscription<Event>) -> Self {
        Self(subscription.cb_arg())
    }

    fn report(&self, number: i32) {
        // SAFETY: the context is that of a registration of this callback.
        unsafe { Event::FN(self.0, number) }
    }
}

#[test]
fn an_event_and_the_end_of_its_registration() {
    explore(|| {
        let (subscription, events) = Subscription::<Event>::new("register");
        let registered = Registered::of(&subscription);
        let c = thread::spawn(move || {
            registered.report(1);
            registered.report(2);
        });
        drop(subscription);
        // The stream ends, with a beginning of what was reported.
        let seen = block_on(events.collect::<Vec<_>>());
        assert!([1, 2].starts_with(&seen), "{seen:?}");
        c.join().unwrap();
    });
}

#[test]
fn an_event_and_the_registration_that_follows() {
    explore(|| {
        let (first, gone) = Subscription::<Event>::new("register");
        let registered = Registered::of(&first);
        let c = thread::spawn(move || registered.report(1));
        drop((first, gone));
        // Its row of the table is that of the first registration.
        let (second, events) = Subscription::<Event>::new("register");
        Registered::of(&second).report(2);
        c.join().unwrap();
        drop(second);
        assert_eq!(block_on(events.collect::<Vec<_>>()), [2]);
    });
}

#[test]
fn an_event_and_a_further_stream() {
    explore(|| {
        let (subscription, first) = Subscription::<Event>::new("register");
        let registered = Registered::of(&subscription);
        let c = thread::spawn(move || registered.report(1));
        let second = subscription.events();
        c.join().unwrap();
        Registered::of(&subscription).report(2);
        drop(subscription);
        assert_eq!(block_on(first.collect::<Vec<_>>()), [1, 2]);
        let seen = block_on(second.collect::<Vec<_>>());
        assert!(seen == [2] || seen == [1, 2], "{seen:?}");
    });
}
