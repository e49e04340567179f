//! Calls with a record on the heap: the callback comes on another thread, while the submitter
//! drops, awaits or is refused.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

use callback_adapter::{CallError, Refusal, boxed_in_flight};
use loom::thread::{self, JoinHandle};

use super::common::explore::explore;
use super::common::ledger::Ledger;
use super::common::library::{Pending, WRITTEN, call};
use super::common::step::step;
use super::common::wakers::{Bell, block_on, poll_with};

/// The threads that C calls back on.
#[derive(Clone, Default)]
struct Threads(Rc<RefCell<Vec<JoinHandle<()>>>>);

impl Threads {
    fn run(&self, body: impl FnOnce() + 'static) {
        self.0.borrow_mut().push(thread::spawn(body));
    }

    fn complete(&self, pending: Pending, number: i32, resources: &Ledger) {
        let resources = resources.clone();
        self.run(move || {
            // SAFETY: the caller completes each accepted call once.
            unsafe { pending.complete(number, &resources) }
        });
    }

    fn join(&self) {
        let threads = self.0.take();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn the_callback_and_the_drop_of_the_future() {
    explore(|| {
        let (buffers, resources, threads) =
            (Ledger::default(), Ledger::default(), Threads::default());
        let (c, opened) = (threads.clone(), resources.clone());
        let future = call(&buffers, move |pending| {
            c.complete(pending, 1, &opened);
            Ok(())
        })
        .submit();
        step();
        drop(future);
        threads.join();
        buffers.assert_closed(1);
        resources.assert_closed(1);
        assert_eq!(boxed_in_flight(), []);
    });
}

#[test]
fn the_callback_and_the_drop_of_a_polled_future() {
    explore(|| {
        let (buffers, resources, threads) =
            (Ledger::default(), Ledger::default(), Threads::default());
        let (c, opened) = (threads.clone(), resources.clone());
        let mut future = call(&buffers, move |pending| {
            c.complete(pending, 1, &opened);
            Ok(())
        })
        .submit();
        let polled = poll_with(&mut future, &Bell::new());
        step();
        drop(future);
        drop(polled);
        threads.join();
        buffers.assert_closed(1);
        resources.assert_closed(1);
        assert_eq!(boxed_in_flight(), []);
    });
}

#[test]
fn the_callback_wakes_the_latest_waker() {
    explore(|| {
        let (buffers, resources, threads) =
            (Ledger::default(), Ledger::default(), Threads::default());
        let (c, opened) = (threads.clone(), resources.clone());
        let mut future = call(&buffers, move |pending| {
            c.complete(pending, 1, &opened);
            Ok(())
        })
        .submit();
        let (first, second) = (Bell::new(), Bell::new());
        let mut reply = poll_with(&mut future, &first);
        if reply.is_pending() {
            reply = poll_with(&mut future, &second);
        }
        if reply.is_pending() {
            second.wait();
            reply = poll_with(&mut future, &first);
        }
        let Poll::Ready((result, buffer)) = reply else { panic!("woken before the result") };
        assert_eq!(result.unwrap().number, 1);
        assert_eq!(buffer.byte, WRITTEN);
        drop(buffer);
        threads.join();
        buffers.assert_closed(1);
        resources.assert_closed(1);
    });
}

#[test]
fn a_refusal_and_a_callback_that_comes_all_the_same() {
    explore(|| {
        let (buffers, resources, threads) =
            (Ledger::default(), Ledger::default(), Threads::default());
        let (c, opened) = (threads.clone(), resources.clone());
        let future = call(&buffers, move |pending| {
            let resources = opened.clone();
            c.run(move || pending.call_back(1, &resources));
            Err(Refusal::False)
        })
        .submit();
        let (result, buffer) = block_on(future);
        match result {
            Ok(opened) => assert_eq!(opened.number, 1),
            Err(error) => assert!(matches!(error, CallError::Refused(Refusal::False))),
        }
        assert_eq!(buffers.gone(), 0, "the buffer came back and is gone all the same");
        drop(buffer);
        threads.join();
        buffers.assert_closed(1);
        // The resource of a callback that lost was never read.
        let read = resources.made();
        resources.assert_closed(read);
        assert_eq!(boxed_in_flight(), []);
    });
}

#[test]
fn two_callbacks_for_one_call() {
    explore(|| {
        let (buffers, resources, threads) =
            (Ledger::default(), Ledger::default(), Threads::default());
        let (c, opened) = (threads.clone(), resources.clone());
        let future = call(&buffers, move |pending| {
            for number in 1..=2 {
                let resources = opened.clone();
                c.run(move || pending.call_back(number, &resources));
            }
            Ok(())
        })
        .submit();
        let (result, buffer) = block_on(future);
        assert!((1..=2).contains(&result.unwrap().number));
        drop(buffer);
        threads.join();
        buffers.assert_closed(1);
        resources.assert_closed(1);
        assert_eq!(boxed_in_flight(), []);
    });
}

#[test]
fn a_late_callback_and_the_next_call() {
    explore(|| {
        let (buffers, resources, threads) =
            (Ledger::default(), Ledger::default(), Threads::default());
        let (c, opened) = (threads.clone(), resources.clone());
        let first = call(&buffers, move |pending| {
            // SAFETY: the call is in flight from here on.
            unsafe { pending.complete(1, &opened) };
            let resources = opened.clone();
            c.run(move || pending.call_back(100, &resources));
            Ok(())
        })
        .submit();
        // Its row of the table is that of the first call.
        let (c, opened) = (threads.clone(), resources.clone());
        let second = call(&buffers, move |pending| {
            c.complete(pending, 2, &opened);
            Ok(())
        })
        .submit();
        assert_eq!(block_on(second).0.unwrap().number, 2);
        assert_eq!(block_on(first).0.unwrap().number, 1);
        threads.join();
        buffers.assert_closed(2);
        resources.assert_closed(2);
        assert_eq!(boxed_in_flight(), []);
    });
}
