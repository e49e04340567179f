//! Panics of the user's code in frames that C has entered, and near them. SAFETY.md has the table:
//! each goes on in a task, or ends the process with a message that names the callback.

use core::task::{Context, Poll, Waker};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use callback_adapter::{Executor, Home, JoinError, Pool, Subscription, Wakeup};
use futures_util::{FutureExt as _, StreamExt as _};
use spdk_async_tests::hostile::{
    Bell, Event, Mem, ROWS, Row, Script, Storage, TestWaker, Trace, When, World, hostile_io_panic,
    hostile_listen, hostile_listen_unread, hostile_status, hostile_unread_cb, hostile_walk,
};
use spdk_async_tests::shapes::shapes_event_cb;

use crate::case::{Case, called};
use crate::death::dies;
use crate::sweep::turn;

const BORDER: &str = ": a panic reached the border to C; the process ends here";
const UNHEARD: &str = ": reading a report panicked, and no task waits for it";
const BOTH: [Storage; 2] = [Storage::Pooled, Storage::Boxed];

/// The future of a call whose reader panics, with either storage, its output thrown away.
fn unreadable(storage: Storage, trace: &Trace, pool: &Pool) -> Pin<Box<dyn Future<Output = ()>>> {
    let mem = Mem::<8>::new(trace);
    // SAFETY: the memory is kept and has this length.
    let call = unsafe { hostile_io_panic(mem, 8) };
    match storage {
        Storage::Pooled => Box::pin(call.on(pool).map(drop)),
        Storage::Boxed => Box::pin(call.submit().map(drop)),
    }
}

fn poll(future: &mut Pin<Box<dyn Future<Output = ()>>>, waker: &Waker) -> Poll<()> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

#[track_caller]
fn message(panicked: Result<impl Sized, Box<dyn core::any::Any + Send>>) -> String {
    let panic = panicked.err().expect("it panics");
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).expect("the panic has a text")
}

/// The I/O is freed in the callback; the panic goes on in the task, and with it the payload.
#[test]
fn reading_panics_and_the_task_goes_on_with_it() {
    let _turn = turn();
    for storage in BOTH {
        for when in [When::Later, When::Inline] {
            let trace = Trace::default();
            let (world, pool) = (World::new(&trace), Pool::new(Home::os_thread()));
            world.script(Script::new(when));
            let mut future = unreadable(storage, &trace, &pool);
            if when == When::Later {
                let waker = TestWaker::new(&trace, 1);
                assert!(poll(&mut future, waker.waker()).is_pending());
                assert_eq!(world.poll(), 1);
                let [called, callback] = [Event::Called, Event::CallBack];
                let [woken, returned] = [Event::Woken(1), Event::Returned];
                assert_eq!(trace.take(), [called, callback, Event::IoFreed, woken, returned]);
            }
            let panicked = catch_unwind(AssertUnwindSafe(|| poll(&mut future, Waker::noop())));
            assert_eq!(message(panicked), "this reader never gets to its end");
            assert_eq!(trace.take().last(), Some(&Event::DroppedFull));
            assert_eq!((world.debts(), pool.in_use()), Default::default());
        }
    }
}

#[test]
fn reading_panics_for_an_orphan() {
    const TEST: &str = "panics::reading_panics_for_an_orphan";
    for storage in BOTH {
        dies(TEST, &format!("{storage:?}"), &format!("shapes_io_cb{UNHEARD}"), || {
            let trace = Trace::default();
            let (world, pool) = (World::new(&trace), Pool::new(Home::os_thread()));
            world.script(Script::new(When::Later));
            let mut future = unreadable(storage, &trace, &pool);
            assert!(poll(&mut future, Waker::noop()).is_pending());
            drop(future);
            world.poll();
        });
    }
}

fn row(name: &str) -> &'static Row {
    ROWS.iter().find(|row| row.name == name).expect("it is a row")
}

#[test]
fn a_waker_panics() {
    const TEST: &str = "panics::a_waker_panics";
    for storage in BOTH {
        for row in ROWS.iter().filter(|row| row.storages.contains(&storage)) {
            let message = format!("{}{BORDER}", row.typedef);
            dies(TEST, &format!("{} {storage:?}", row.name), &message, || {
                let case = Case::new(row, storage, false);
                let waker = TestWaker::then(&case.trace, 1, || panic!("cannot wake"));
                let _flight = case.in_flight(Script::new(When::Later), &waker);
                case.world.poll();
            });
        }
    }
}

#[test]
fn an_orphans_payload_panics() {
    const TEST: &str = "panics::an_orphans_payload_panics";
    for storage in BOTH {
        for elsewhere in [false, true] {
            if elsewhere && storage == Storage::Pooled {
                continue;
            }
            let cell = format!("{storage:?} elsewhere: {elsewhere}");
            dies(TEST, &cell, &format!("shapes_status_cb{BORDER}"), || {
                let case = Case::new(row("hostile_status"), storage, true);
                let load = case.load_that(|| panic!("cannot drop"));
                let mut flight = case.start_with(Script::new(When::Later), load);
                assert!(flight.poll(Waker::noop()).is_none());
                drop(flight);
                if elsewhere {
                    case.world.poll_elsewhere()
                } else {
                    case.world.poll()
                };
            });
        }
    }
}

/// Outside of C's frames a drop panics like any other, and the record is whole afterwards.
#[test]
fn an_unread_payload_panics() {
    let _turn = turn();
    for storage in BOTH {
        let case = Case::new(row("hostile_io_code"), storage, true);
        let load = case.load_that(|| panic!("cannot drop"));
        let mut flight = case.start_with(Script::new(When::Later), load);
        assert!(flight.poll(Waker::noop()).is_none());
        assert_eq!(case.world.poll(), 1);
        let panicked = catch_unwind(AssertUnwindSafe(|| drop(flight)));
        assert_eq!(message(panicked), "cannot drop");
        assert_eq!(case.trace.take().last(), Some(&Event::DroppedFull));
        case.finish();
    }
}

#[test]
fn a_walks_closure_panics() {
    const TEST: &str = "panics::a_walks_closure_panics";
    for elsewhere in [false, true] {
        let cell = format!("elsewhere: {elsewhere}");
        dies(TEST, &cell, &format!("shapes_visit_fn{BORDER}"), || {
            let trace = Trace::default();
            let world = World::new(&trace);
            world.script(Script::new(When::Later));
            let visitor = |_| panic!("cannot visit");
            // SAFETY: the memory is kept and has this length.
            let _submitted = unsafe { hostile_walk(Mem::<8>::new(&trace), 8, visitor) };
            if elsewhere {
                world.poll_elsewhere()
            } else {
                world.poll()
            };
        });
    }
}

/// The closure is dropped inside of the walk's last callback.
#[test]
fn a_walks_closure_panics_when_it_is_dropped() {
    const TEST: &str = "panics::a_walks_closure_panics_when_it_is_dropped";
    dies(TEST, "", &format!("shapes_walked_cb{BORDER}"), || {
        let trace = Trace::default();
        let world = World::new(&trace);
        world.script(Script::new(When::Later));
        let owned = std::sync::Mutex::new(Mem::<8>::new(&trace).at_drop(|| panic!("cannot drop")));
        let visitor = move |_| i32::from(owned.is_poisoned());
        // SAFETY: as above.
        let _submitted = unsafe { hostile_walk(Mem::<8>::new(&trace), 8, visitor) };
        world.poll();
    });
}

#[test]
fn an_event_cannot_be_read() {
    const TEST: &str = "panics::an_event_cannot_be_read";
    for elsewhere in [false, true] {
        let cell = format!("elsewhere: {elsewhere}");
        dies(TEST, &cell, &format!("shapes_event_cb{BORDER}"), || {
            let world = World::new(&Trace::default());
            let bell = Bell::default();
            let (subscription, _events) =
                Subscription::<hostile_unread_cb>::new("hostile_listen_unread");
            // SAFETY: the bell's place lives as long as anybody rings.
            let listening = unsafe { hostile_listen_unread(bell.place(), &subscription) };
            assert_eq!(listening, Ok(()));
            if elsewhere {
                bell.ring_elsewhere(1)
            } else {
                bell.ring(1)
            }
            drop(world);
        });
    }
}

/// A registration whose stream was polled with this waker.
fn listening(
    waker: &Waker,
) -> (Bell, Subscription<shapes_event_cb>, callback_adapter::Events<shapes_event_cb>) {
    let bell = Bell::default();
    let (subscription, mut events) = Subscription::new("hostile_listen");
    // SAFETY: as above.
    assert_eq!(unsafe { hostile_listen(bell.place(), &subscription) }, Ok(()));
    let polled = Pin::new(&mut events.next()).poll(&mut Context::from_waker(waker));
    assert!(polled.is_pending());
    (bell, subscription, events)
}

#[test]
fn a_streams_waker_panics() {
    const TEST: &str = "panics::a_streams_waker_panics";
    dies(TEST, "", &format!("shapes_event_cb{BORDER}"), || {
        let waker = TestWaker::then(&Trace::default(), 1, || panic!("cannot wake"));
        let (bell, _subscription, _events) = listening(waker.waker());
        bell.ring(1);
    });
}

struct Never;

impl Wakeup for Never {
    fn wake(&self) {}
}

/// What a task's end was: the text of its panic.
#[track_caller]
fn panic_of<T>(executor: &Executor, join: callback_adapter::JoinHandle<T>) -> String {
    executor.run(usize::MAX);
    match join.now_or_never().expect("the task has ended") {
        Err(JoinError::Panicked(panic)) => message(Err::<(), _>(panic)),
        Err(JoinError::Cancelled) => panic!("the task was aborted"),
        Ok(_) => panic!("the task did not panic"),
    }
}

/// A handler is the user's own loop over the stream, in a task: C's frames are long gone.
#[test]
fn a_stream_handler_panics_and_the_next_event_is_harmless() {
    let _turn = turn();
    let executor = Executor::new(Pool::new(Home::os_thread()), Never);
    let (bell, subscription, mut events) = listening(Waker::noop());
    let handler = executor.spawn(async move {
        while let Some((kind, _)) = events.next().await {
            assert!(kind != 2, "cannot handle");
        }
    });
    executor.run(usize::MAX);
    bell.ring(1);
    executor.run(usize::MAX);
    assert!(!handler.is_finished());
    bell.ring(2);
    assert_eq!(panic_of(&executor, handler), "cannot handle");
    bell.ring(3);
    drop(subscription);
    bell.ring(4);
}

/// The task dies with a call in flight: the record stays with C, and is freed by the callback.
#[test]
fn a_task_panics_while_c_works() {
    let _turn = turn();
    for storage in BOTH {
        let case = Case::new(row("hostile_opened"), storage, true);
        let executor = Executor::new(case.pool.clone(), Never);
        let mut flight = case.start(Script::new(When::Later));
        let task = executor.spawn(async move {
            assert!(flight.poll(Waker::noop()).is_none());
            panic!("cannot wait");
        });
        let task: callback_adapter::JoinHandle<()> = task;
        assert_eq!(panic_of(&executor, task), "cannot wait");
        case.expect([called()]);
        assert_eq!(case.world.poll(), 1);
        let [callback, returned] = [Event::CallBack, Event::Returned];
        case.expect([vec![callback, Event::Closed, Event::DroppedFull, returned]]);
        drop(executor);
        case.finish();
    }
}

#[test]
fn a_reply_panics_when_its_task_drops_it() {
    let _turn = turn();
    let trace = Trace::default();
    let world = World::new(&trace);
    let executor = Executor::new(Pool::new(Home::os_thread()), Never);
    let mem = Mem::<8>::new(&trace).at_drop(|| panic!("cannot drop"));
    world.script(Script::new(When::Later));
    let task = executor.spawn(async move {
        // SAFETY: the memory is kept and has this length.
        let (result, mem) = unsafe { hostile_status(mem, 8) }.await;
        assert_eq!(result, Ok(()));
        drop(mem);
    });
    executor.run(usize::MAX);
    assert_eq!(world.poll(), 1);
    assert_eq!(panic_of(&executor, task), "cannot drop");
    assert_eq!((world.debts(), executor.pool().in_use()), Default::default());
}
