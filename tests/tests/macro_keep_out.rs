//! Arguments that the record keeps, and places in it that C writes to.

use core::cell::Cell;
use std::ffi::CString;
use std::rc::Rc;

use callback_adapter::{CallError, Errno, Home, Keep, Pool, Refusal};
use spdk_async_tests::drive::{Mode, both_ways, finish, poll_c, set};
use spdk_async_tests::shapes;

/// Bytes that tell when they are dropped, and move with the value that owns them.
struct Inline {
    bytes: [u8; 3],
    dropped: Rc<Cell<bool>>,
}

impl Inline {
    fn new(bytes: [u8; 3]) -> (Self, Rc<Cell<bool>>) {
        let dropped = Rc::new(Cell::new(false));
        (Self { bytes, dropped: Rc::clone(&dropped) }, dropped)
    }
}

impl Drop for Inline {
    fn drop(&mut self) {
        self.dropped.set(true);
    }
}

// SAFETY: the pointer is to the value itself, which stays in the record until the callback.
unsafe impl Keep<*const u8> for Inline {
    fn arg(&mut self) -> *const u8 {
        self.bytes.as_ptr()
    }
}

#[test]
fn a_kept_value_is_read_in_the_record_and_comes_back() {
    both_ways(0, || {
        let (inline, dropped) = Inline::new([1, 2, 3]);
        // SAFETY: the bytes are kept, and there are three.
        let (reply, (inline,)) = finish(unsafe { shapes::shapes_sum(inline, 3) });
        assert_eq!(reply, Ok(6));
        assert!(!dropped.get());
        drop(inline);
        assert!(dropped.get());
    });
}

#[test]
fn a_kept_value_comes_back_from_a_refusal() {
    set(Mode::Refused, 0);
    let (inline, dropped) = Inline::new([1, 2, 3]);
    // SAFETY: as above.
    let (reply, (_inline,)) = finish(unsafe { shapes::shapes_sum(inline, 3) });
    assert_eq!(reply, Err(CallError::Refused(Refusal::Errno(Errno::ENOMEM))));
    assert!(!dropped.get());
}

#[test]
fn a_kept_value_outlives_its_future_until_the_callback() {
    set(Mode::Deferred, 0);
    let pool = Pool::new(Home::os_thread());
    let (inline, dropped) = Inline::new([1, 2, 3]);
    {
        // SAFETY: as above.
        let mut future = unsafe { shapes::shapes_sum(inline, 3) }.on(&pool);
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        assert!(core::pin::Pin::new(&mut future).poll(&mut context).is_pending());
    }
    assert!(!dropped.get());
    assert_eq!(poll_c(), 1);
    assert!(dropped.get());
}

#[test]
fn what_c_writes_comes_with_the_value() {
    both_ways(0, || {
        // SAFETY: any bytes are a valid `usize`.
        assert_eq!(finish(unsafe { shapes::shapes_measure() }), Ok(((), (42,))));
    });
}

#[test]
fn kept_values_and_places_come_together() {
    both_ways(0, || {
        let name = CString::from(c"spdk");
        // SAFETY: the name is kept, and any bytes are valid for the two places.
        let (reply, (name,)) = finish(unsafe { shapes::shapes_name(name) });
        assert_eq!(reply, Ok(((), (4, b's'.cast_signed()))));
        assert_eq!(name.as_c_str(), c"spdk");
    });
    both_ways(-5, || {
        // SAFETY: as above.
        let (reply, (name,)) = finish(unsafe { shapes::shapes_name(c"spdk") });
        assert_eq!(reply, Err(CallError::Failed(Errno::from_status(5))));
        assert_eq!(name, c"spdk");
    });
}
