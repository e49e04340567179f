//! Edge 2: C refuses. No callback comes, the payload and the record go straight back.

use core::ffi::c_int;

use callback_adapter::__private::{
    bool_return, errno_return, null_return, status_return, void_return,
};
use callback_adapter::{CallError, Errno, Kept, Refusal};

use crate::common::callbacks::{Done, DoneFn};
use crate::common::library::{Library, Script, custom_call};
use crate::common::storage::{Kind, for_both_storages, pool, ready};
use crate::common::strays::strays_of;

for_both_storages!(
    the_payload_comes_back,
    a_refused_call_can_be_made_again,
    each_return_convention,
    nothing_returned_means_accepted,
);

fn the_payload_comes_back(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Refuse(-libc::ENOMEM), payload));
    let (result, payload) = ready(&mut future);
    assert_eq!(result, Err(CallError::Refused(Refusal::Errno(Errno::ENOMEM))));
    assert_eq!(result.unwrap_err().refused_errno(), Some(Errno::ENOMEM));
    assert_eq!(pool.in_use(), 0);
    library.trace.expect(["call"]);
    drop(payload);
    drop(future);
    library.trace.expect(["drop payload"]);
}

fn a_refused_call_can_be_made_again(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    for _ in 0..1000 {
        let mut future = kind.start(&pool, library.call(Script::Refuse(-libc::ENOMEM), ()));
        assert!(ready(&mut future).is_err());
    }
    let mut future = kind.start(&pool, library.call(Script::Inline(0), ()));
    assert_eq!(ready(&mut future), Ok(()));
    assert_eq!(pool.in_use(), 0);
}

/// What a call ends with whose C function returns a value that says no.
fn refusal_of(kind: Kind, convert: fn() -> Result<(), Refusal>) -> Refusal {
    let call = custom_call::<Done, _, _>((), move |_, _: DoneFn, _| convert());
    match ready(&mut kind.start(&pool(), call)) {
        Err(CallError::Refused(refusal)) => refusal,
        other => panic!("the call was not refused: {other:?}"),
    }
}

fn each_return_convention(kind: Kind) {
    let errno = refusal_of(kind, || errno_return(-libc::EINVAL));
    assert_eq!(errno, Refusal::Errno(Errno::EINVAL));
    assert_eq!(errno.errno().map(Errno::get), Some(libc::EINVAL));
    assert_eq!(refusal_of(kind, || status_return(7)), Refusal::Status(7));
    assert_eq!(refusal_of(kind, || null_return(core::ptr::null::<c_int>())), Refusal::Null);
    assert_eq!(refusal_of(kind, || bool_return(false)), Refusal::False);
    assert_eq!(Refusal::False.errno(), None);
}

fn nothing_returned_means_accepted(kind: Kind) {
    let accepting: [fn() -> Result<(), Refusal>; 5] = [
        || errno_return(0),
        || status_return(0),
        || null_return(core::ptr::dangling::<c_int>()),
        || bool_return(true),
        || void_return(()),
    ];
    for convert in accepting {
        let call = custom_call::<Done, _, _>((), move |_, callback: DoneFn, cb_arg| {
            // SAFETY: the callback and the context of this call.
            unsafe { callback(cb_arg, 0) };
            convert()
        });
        assert_eq!(ready(&mut kind.start(&pool(), call)), Ok(()));
    }
}

#[test]
fn refused_after_a_callback_pooled() {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let strays = strays_of(|| {
        let call = library.call(Script::CallBackAndRefuse(-libc::EIO), payload);
        let (result, payload) = ready(&mut Kind::Pooled.start(&pool, call));
        assert!(matches!(result, Err(CallError::Refused(Refusal::Errno(_)))));
        library.trace.expect(["call"]);
        drop(payload);
    });
    assert_eq!(strays, 1);
    library.trace.expect(["drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn refused_after_a_callback_boxed() {
    let library = Library::new();
    let payload = Kept(library.trace.probe("payload"));
    let strays = strays_of(|| {
        let mut future = library.call(Script::CallBackAndRefuse(-libc::EIO), payload).submit();
        let (result, payload) = ready(&mut future);
        assert_eq!(result, Ok(()), "the payload went with the callback, so its report counts");
        drop(payload);
    });
    assert_eq!(strays, 1);
    library.trace.expect(["call", "drop payload"]);
}
