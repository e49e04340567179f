//! What a `once` callback reports, for each mark and each return convention.

use callback_adapter::{CallError, Errno, Failed, Refusal};
use spdk_async_tests::drive::{Mode, both_ways, finish, live_ios, live_objects, set};
use spdk_async_tests::shapes::{self, CplStatus, IoFailed, sys};

const EIO: i32 = 5;

fn failed(status: i32) -> Errno {
    Errno::from_status(status)
}

#[test]
fn a_callback_without_parameters_is_a_unit() {
    both_ways(0, || {
        // SAFETY: the library looks at nothing but the callback and the context.
        let reply: Result<(), CallError<core::convert::Infallible>> =
            finish(unsafe { shapes::shapes_done() });
        assert_eq!(reply, Ok(()));
    });
}

#[test]
fn an_errno_status_is_a_result() {
    both_ways(0, || {
        // SAFETY: as above.
        assert_eq!(finish(unsafe { shapes::shapes_status() }), Ok(()));
    });
    both_ways(-EIO, || {
        // SAFETY: as above.
        let reply = finish(unsafe { shapes::shapes_status() });
        assert_eq!(reply, Err(CallError::Failed(failed(EIO))));
    });
}

#[test]
fn a_bool_status_is_a_result_and_the_io_is_released() {
    for (status, expected) in [(0, Ok(())), (1, Err(CallError::Failed(Failed)))] {
        both_ways(status, || {
            // SAFETY: as above.
            assert_eq!(finish(unsafe { shapes::shapes_io(7) }), expected);
            assert_eq!(live_ios(), 0);
        });
    }
}

#[test]
fn an_io_is_read_before_it_is_released() {
    for (status, expected) in [(0, Ok(9)), (1, Err(CallError::Failed(IoFailed { code: 9 })))] {
        both_ways(status, || {
            // SAFETY: as above.
            assert_eq!(finish(unsafe { shapes::shapes_io_code(9) }), expected);
            assert_eq!(live_ios(), 0);
        });
    }
}

#[test]
fn a_panic_while_reading_reaches_the_task_and_the_io_is_released() {
    both_ways(0, || {
        let panicked = std::panic::catch_unwind(|| {
            // SAFETY: as above.
            finish(unsafe { shapes::shapes_io_panic(9) })
        });
        let panic = panicked.expect_err("the reader panics");
        let message = panic.downcast_ref::<&str>().copied();
        assert_eq!(message, Some("this reader never gets to its end"));
        assert_eq!(live_ios(), 0);
    });
}

#[test]
fn one_value_stands_alone_and_several_are_a_tuple() {
    both_ways(0, || {
        // SAFETY: as above.
        assert_eq!(finish(unsafe { shapes::shapes_number(5) }), Ok(5));
        // SAFETY: as above.
        assert_eq!(finish(unsafe { shapes::shapes_pair(1, 2) }), Ok((1, 2)));
    });
}

#[test]
fn a_handle_that_is_taken_stays_open_until_it_is_dropped() {
    both_ways(0, || {
        // SAFETY: as above.
        let opened = finish(unsafe { shapes::shapes_open(3) });
        let handle = opened.expect("the call succeeds").expect("there is such an object");
        // SAFETY: the handle keeps the object open.
        assert_eq!(unsafe { (*handle.as_ptr()).id }, 3);
        assert_eq!(live_objects(), 1);
        drop(handle);
        assert_eq!(live_objects(), 0);
    });
}

#[test]
fn a_handle_beside_a_failing_status_is_closed() {
    both_ways(-EIO, || {
        // SAFETY: as above.
        let opened = finish(unsafe { shapes::shapes_open(3) });
        assert_eq!(opened.map(|_| ()), Err(CallError::Failed(failed(EIO))));
        assert_eq!(live_objects(), 0);
    });
}

#[test]
fn a_null_handle_is_none() {
    both_ways(0, || {
        // SAFETY: as above.
        let opened = finish(unsafe { shapes::shapes_open(0) });
        assert!(opened.is_ok_and(|handle| handle.is_none()));
    });
}

#[test]
fn a_handle_that_nobody_waits_for_is_closed() {
    set(Mode::Deferred, 0);
    let pool = callback_adapter::Pool::new(callback_adapter::Home::os_thread());
    // SAFETY: as above.
    let mut future = unsafe { shapes::shapes_open(3) }.on(&pool);
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    assert!(core::pin::Pin::new(&mut future).poll(&mut context).is_pending());
    drop(future);
    assert_eq!(spdk_async_tests::drive::poll_c(), 1);
    assert_eq!(live_objects(), 0);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_status_behind_a_pointer_is_read_inside_the_callback() {
    both_ways(0, || {
        // SAFETY: as above.
        assert_eq!(finish(unsafe { shapes::shapes_cpl() }), Ok(()));
    });
    both_ways(4, || {
        let status = CplStatus { code: 4, kind: 3 };
        // SAFETY: as above.
        assert_eq!(finish(unsafe { shapes::shapes_cpl() }), Err(CallError::Failed(status)));
    });
}

#[test]
fn a_copied_pointer_is_read_inside_the_callback_and_only_on_success() {
    both_ways(0, || {
        let expected = sys::shapes_stat { reads: 11, writes: 22 };
        // SAFETY: as above.
        assert_eq!(finish(unsafe { shapes::shapes_stat() }), Ok(Some(expected)));
    });
    // The pointer leads nowhere now: reading it would end the test.
    both_ways(-EIO, || {
        // SAFETY: as above.
        let reply = finish(unsafe { shapes::shapes_stat() });
        assert_eq!(reply, Err(CallError::Failed(failed(EIO))));
    });
}

#[test]
fn a_value_pointer_is_passed_on() {
    both_ways(0, || {
        let mut byte = 0_u8;
        let data = (&raw mut byte).cast();
        // SAFETY: the library only hands the pointer back.
        assert_eq!(finish(unsafe { shapes::shapes_buffer(data, 1) }), Ok((data, 1)));
    });
}

#[test]
fn each_return_convention_has_its_refusal() {
    set(Mode::Refused, 0);
    let errno = CallError::Refused(Refusal::Errno(Errno::ENOMEM));
    // SAFETY: as above.
    assert_eq!(finish(unsafe { shapes::shapes_done() }), Err(errno));
    // SAFETY: as above.
    let reply = finish(unsafe { shapes::shapes_number(1) });
    assert_eq!(reply, Err(CallError::Refused(Refusal::False)));
    // SAFETY: as above.
    let reply = finish(unsafe { shapes::shapes_pair(1, 2) });
    assert_eq!(reply, Err(CallError::Refused(Refusal::Null)));
    // SAFETY: as above.
    let reply = finish(unsafe { shapes::shapes_cpl() });
    assert_eq!(reply, Err(CallError::Refused(Refusal::Status(5))));
}

#[test]
fn a_return_value_that_says_nothing_is_ignored() {
    both_ways(0, || {
        // SAFETY: as above. The function returns 7.
        assert_eq!(finish(unsafe { shapes::shapes_count_and_done() }), Ok(()));
    });
}

#[test]
fn a_call_can_be_submitted_and_awaited_elsewhere() {
    both_ways(0, || {
        // SAFETY: as above.
        let submitted = unsafe { shapes::shapes_number(5) }.submit();
        spdk_async_tests::drive::poll_c();
        let elsewhere = std::thread::spawn(|| finish(submitted));
        assert_eq!(elsewhere.join().expect("it does not panic"), Ok(5));
    });
}
