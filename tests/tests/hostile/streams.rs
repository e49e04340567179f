//! Callbacks that come many times, from a library that picks its moments.

use core::ffi::c_int;
use core::task::{Context, Poll};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread;

use callback_adapter::{Errno, Events, Refusal, Subscription, stray_callbacks};
use futures_util::Stream as _;
use spdk_async_tests::hostile::{
    Bell, Event, Script, TestWaker, Trace, When, World, hostile_listen,
};
use spdk_async_tests::shapes::shapes_event_cb;

use crate::sweep::turn;

const BUSY: Refusal = Refusal::Errno(Errno::from_status(16));

/// A bell, and a stream of what it rings.
struct Scene {
    trace: Trace,
    world: World,
    bell: Bell,
    subscription: Subscription<shapes_event_cb>,
    events: Events<shapes_event_cb>,
}

impl Scene {
    fn new() -> Self {
        let trace = Trace::default();
        let world = World::new(&trace);
        let (subscription, events) = Subscription::new("hostile_listen");
        Self { trace, world, bell: Bell::default(), subscription, events }
    }

    fn listen(&self, script: Script) -> Result<(), Refusal> {
        self.world.script(script);
        // SAFETY: the bell's place lives as long as anybody rings.
        unsafe { hostile_listen(self.bell.place(), &self.subscription) }
    }

    /// A registration that C has accepted.
    fn listening() -> Self {
        let scene = Self::new();
        assert_eq!(scene.listen(Script::new(When::Later)), Ok(()));
        assert_eq!(scene.trace.take(), [Event::Called]);
        scene
    }
}

/// What the stream has: `None` while it waits, `Some(None)` at its end.
fn next(events: &mut Events<shapes_event_cb>, waker: &TestWaker) -> Option<Option<c_int>> {
    match Pin::new(events).poll_next(&mut Context::from_waker(waker.waker())) {
        Poll::Pending => None,
        Poll::Ready(event) => Some(event.map(|(kind, stat)| {
            let stat = stat.expect("the library sends statistics");
            assert_eq!((stat.reads, stat.writes), (1, u64::from(kind.cast_unsigned())));
            kind
        })),
    }
}

/// The statistics are scribbled over and freed as soon as the callback has returned.
#[test]
fn an_event_is_copied_and_the_latest_waker_is_woken_last() {
    let mut scene = Scene::listening();
    let wakers = [1, 2].map(|number| TestWaker::new(&scene.trace, number));
    for waker in &wakers {
        assert_eq!(next(&mut scene.events, waker), None);
    }
    assert!(!wakers[0].is_held());
    scene.bell.ring(7);
    assert_eq!(scene.trace.take(), [Event::CallBack, Event::Woken(2), Event::Returned]);
    assert_eq!(next(&mut scene.events, &wakers[0]), Some(Some(7)));
    assert_eq!(next(&mut scene.events, &wakers[0]), None);
}

#[test]
fn an_event_before_the_registration_returns_is_not_lost() {
    let mut scene = Scene::new();
    assert_eq!(scene.listen(Script::new(When::Inline)), Ok(()));
    let waker = TestWaker::new(&scene.trace, 1);
    assert_eq!(next(&mut scene.events, &waker), Some(Some(0)));
}

#[test]
fn a_refused_registration_may_ring_all_the_same() {
    let mut scene = Scene::new();
    assert_eq!(scene.listen(Script::new(When::InlineRefused)), Err(BUSY));
    let waker = TestWaker::new(&scene.trace, 1);
    assert_eq!(next(&mut scene.events, &waker), Some(Some(0)));
    scene.bell.ring(1);
    assert_eq!(next(&mut scene.events, &waker), Some(Some(1)));
    drop(scene.subscription);
    scene.bell.ring(2);
    assert_eq!(next(&mut scene.events, &waker), Some(None));
}

#[test]
fn a_refused_registration_is_made_again() {
    let mut scene = Scene::new();
    scene.world.script(Script::new(When::Inline).refused(2));
    let listen = || {
        // SAFETY: as in `Scene::listen`.
        unsafe { hostile_listen(scene.bell.place(), &scene.subscription) }
    };
    assert_eq!([listen(), listen(), listen()], [Err(BUSY), Err(BUSY), Ok(())]);
    let waker = TestWaker::new(&scene.trace, 1);
    // The library rings at each registration, refused or not.
    let rung: Vec<_> = (0..4).map(|_| next(&mut scene.events, &waker)).collect();
    assert_eq!(rung, [Some(Some(0)), Some(Some(0)), Some(Some(0)), None]);
}

#[test]
fn an_event_on_another_thread_wakes_from_there() {
    let mut scene = Scene::listening();
    let waker = TestWaker::new(&scene.trace, 1);
    assert_eq!(next(&mut scene.events, &waker), None);
    scene.bell.ring_elsewhere(3);
    let events = scene.trace.take_with_threads();
    assert!(events.iter().all(|(_, thread)| *thread != thread::current().id()));
    let events: Vec<_> = events.into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, [Event::CallBack, Event::Woken(1), Event::Returned]);
    assert_eq!(next(&mut scene.events, &waker), Some(Some(3)));
}

#[test]
fn an_event_after_the_end_is_ignored() {
    let _turn = turn();
    let mut scene = Scene::listening();
    let waker = TestWaker::new(&scene.trace, 1);
    let strays = stray_callbacks();
    scene.bell.ring(1);
    drop(scene.subscription);
    scene.bell.ring(2);
    scene.bell.ring_elsewhere(3);
    assert_eq!(next(&mut scene.events, &waker), Some(Some(1)), "what came before stays");
    assert_eq!(next(&mut scene.events, &waker), Some(None));
    drop(scene.events);
    scene.bell.ring(4);
    assert_eq!(stray_callbacks(), strays, "that is no fault of the library");
}

#[test]
fn an_event_from_inside_a_wake_comes_after_it() {
    let mut scene = Scene::listening();
    let bell = scene.bell.clone();
    let again = TestWaker::then(&scene.trace, 1, move || bell.ring(6));
    assert_eq!(next(&mut scene.events, &again), None);
    scene.bell.ring(5);
    let nested = [Event::CallBack, Event::Returned];
    let outer = [Event::CallBack, Event::Woken(1)];
    assert_eq!(scene.trace.take(), [&outer[..], &nested, &[Event::Returned]].concat());
    let waker = TestWaker::new(&scene.trace, 2);
    let rung: Vec<_> = (0..3).map(|_| next(&mut scene.events, &waker)).collect();
    assert_eq!(rung, [Some(Some(5)), Some(Some(6)), None]);
}

/// The woken one ends the registration while its callback still runs.
#[test]
fn a_subscription_dropped_from_inside_a_wake() {
    let Scene { trace, world, bell, subscription, mut events } = Scene::listening();
    let place = Arc::new(Mutex::new(Some(subscription)));
    let inside = Arc::clone(&place);
    let ends = TestWaker::then(&trace, 1, move || {
        drop(inside.lock().expect("no wake panics").take());
    });
    assert_eq!(next(&mut events, &ends), None);
    bell.ring(5);
    assert!(place.lock().expect("no wake panics").is_none());
    bell.ring(6);
    let waker = TestWaker::new(&trace, 2);
    assert_eq!(next(&mut events, &waker), Some(Some(5)));
    assert_eq!(next(&mut events, &waker), Some(None));
    drop(world);
}

/// Another thread rings while this one ends the registration: each event comes whole or not at all.
#[test]
fn a_race_of_the_end_with_the_events() {
    const ROUNDS: c_int = 200;
    const RINGS: c_int = 20;
    for _ in 0..ROUNDS {
        let Scene { trace, world, bell, subscription, mut events } = Scene::listening();
        let rings = thread::spawn(move || (0..RINGS).for_each(|kind| bell.ring(kind)));
        drop(subscription);
        rings.join().expect("the library does not panic");
        let waker = TestWaker::new(&trace, 1);
        let mut expected = 0..RINGS;
        while let Some(Some(kind)) = next(&mut events, &waker) {
            assert_eq!(Some(kind), expected.next(), "in order, none is left out");
        }
        drop(world);
    }
}
