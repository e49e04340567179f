//! Callbacks that visit run a closure.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use callback_adapter::{CallError, Errno};
use spdk_async_tests::drive::{Mode, finish, set};
use spdk_async_tests::shapes;

#[test]
fn a_closure_is_run_for_each_and_its_answer_stops_the_walk() {
    let mut seen = Vec::new();
    // SAFETY: the library calls back only before it returns.
    let answer = unsafe {
        shapes::shapes_each(
            |(index, stat)| {
                seen.push((index, stat.map(|stat| stat.writes)));
                if index == 2 { 9 } else { 0 }
            },
            5,
        )
    };
    assert_eq!(answer, 9);
    assert_eq!(seen, [(0, Some(0)), (1, Some(2)), (2, Some(4))]);
}

#[test]
fn a_visitor_may_have_no_answer() {
    let mut sum = 0;
    // SAFETY: as above.
    unsafe { shapes::shapes_all(4, |index| sum += index) };
    assert_eq!(sum, 6);
}

#[test]
fn a_panic_of_the_closure_goes_on_after_the_walk() {
    let visits = AtomicU32::new(0);
    let panicked = std::panic::catch_unwind(|| {
        // SAFETY: as above.
        unsafe {
            shapes::shapes_each(
                |_| {
                    visits.fetch_add(1, Ordering::Relaxed);
                    panic!("no further")
                },
                5,
            )
        }
    });
    assert!(panicked.is_err());
    assert_eq!(visits.into_inner(), 1);
}

#[test]
fn a_resumed_walk_visits_and_then_completes() {
    set(Mode::Deferred, 0);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let visitor = {
        let seen = Arc::clone(&seen);
        move |index| {
            seen.lock().expect("no visit panics").push(index);
            0
        }
    };
    // SAFETY: the library uses nothing but the callbacks and the context.
    let submitted = unsafe { shapes::shapes_walk(3, visitor) };
    assert_eq!(finish(submitted), Ok(()));
    assert_eq!(*seen.lock().expect("no visit panics"), [0, 1, 2]);
}

#[test]
fn an_answer_ends_a_resumed_walk() {
    set(Mode::Deferred, 0);
    // SAFETY: as above.
    let submitted = unsafe { shapes::shapes_walk(3, |index| if index == 1 { -5 } else { 0 }) };
    assert_eq!(finish(submitted), Err(CallError::Failed(Errno::from_status(5))));
}
