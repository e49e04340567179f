//! Callbacks on a foreign thread for pooled records that are done: all that such a thread reads is
//! the record's ticket, whatever home makes of the record meanwhile.

use std::cell::Cell;
use std::rc::Rc;

use callback_adapter::{Home, Pool};
use loom::thread;

use super::common::explore::explore;
use super::common::ledger::Ledger;
use super::common::library::{Pending, WRITTEN, call};
use super::common::wakers::{Bell, block_on, poll_with};

/// Where the model's C library puts a call that it has accepted.
type Accepted = Rc<Cell<Option<Pending>>>;

fn accept(
    accepted: &Accepted,
) -> impl FnMut(Pending) -> Result<(), callback_adapter::Refusal> + use<> {
    let accepted = Rc::clone(accepted);
    move |pending| {
        accepted.set(Some(pending));
        Ok(())
    }
}

/// C calls back at home, and again elsewhere; home takes the result and makes the next call in the
/// same slot.
#[test]
fn a_second_callback_elsewhere_and_the_next_call() {
    explore(|| {
        let (buffers, resources) = (Ledger::default(), Ledger::default());
        let pool = Pool::new(Home::os_thread());
        let accepted = Accepted::default();
        let mut first = call(&buffers, accept(&accepted)).on(&pool);
        assert!(poll_with(&mut first, &Bell::new()).is_pending());
        let pending = accepted.take().unwrap();
        // SAFETY: the call is in flight.
        unsafe { pending.complete(1, &resources) };
        let opened = resources.clone();
        let stray = thread::spawn(move || pending.call_back(100, &opened));
        assert_eq!(block_on(first).0.unwrap().number, 1);

        let mut second = call(&buffers, accept(&accepted)).on(&pool);
        assert!(poll_with(&mut second, &Bell::new()).is_pending());
        // SAFETY: the call is in flight.
        unsafe { accepted.take().unwrap().complete(2, &resources) };
        let (result, buffer) = block_on(second);
        assert_eq!((result.unwrap().number, buffer.byte), (2, WRITTEN));
        drop(buffer);
        stray.join().unwrap();
        assert_eq!(pool.in_use(), 0);
        buffers.assert_closed(2);
        resources.assert_closed(2);
    });
}

/// The pool is gone, and its page serves another home.
#[test]
fn a_late_callback_and_the_page_of_another_home() {
    explore(|| {
        let (buffers, resources) = (Ledger::default(), Ledger::default());
        let accepted = Accepted::default();
        let pool = Pool::new(Home::os_thread());
        let mut first = call(&buffers, accept(&accepted)).on(&pool);
        assert!(poll_with(&mut first, &Bell::new()).is_pending());
        let pending = accepted.take().unwrap();
        // SAFETY: the call is in flight.
        unsafe { pending.complete(1, &resources) };
        let opened = resources.clone();
        let stray = thread::spawn(move || pending.call_back(100, &opened));
        let (kept, opened) = (buffers.clone(), resources.clone());
        let other = thread::spawn(move || one_call(&kept, &opened));
        assert_eq!(block_on(first).0.unwrap().number, 1);
        drop(pool);
        other.join().unwrap();
        stray.join().unwrap();
        buffers.assert_closed(2);
        resources.assert_closed(2);
    });
}

/// A call from its submit to its reply on the calling thread, in a pool of its own.
fn one_call(buffers: &Ledger, resources: &Ledger) {
    let pool = Pool::new(Home::os_thread());
    let accepted = Accepted::default();
    let mut future = call(buffers, accept(&accepted)).on(&pool);
    assert!(poll_with(&mut future, &Bell::new()).is_pending());
    // SAFETY: the call is in flight.
    unsafe { accepted.take().unwrap().complete(2, resources) };
    assert_eq!(block_on(future).0.unwrap().number, 2);
}
