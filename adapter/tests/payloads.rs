//! Payloads of every shape: where they lie, what C writes to them, and how they come back.

use core::ffi::{CStr, c_char, c_int, c_void};
use std::cell::Cell;
use std::ffi::CString;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use callback_adapter::__private::{outs, written};
use callback_adapter::{CallError, Keep, Kept, KeptOuts, Outs, Parent, Refusal, With};

use crate::common::callbacks::{Done, DoneFn};
use crate::common::library::{Context, Library, Script, address_of, custom_call};
use crate::common::storage::{Kind, for_both_storages, pending, pool, ready};

for_both_storages!(
    small_and_large,
    over_aligned,
    zero_sized,
    outs_are_written_by_c,
    outs_of_a_failure_do_not_come_back,
    kept_and_outs,
    addresses_stay,
);

/// Makes a call that keeps `payload`, both ways: read, and abandoned.
fn there_and_back<T: Send + PartialEq + core::fmt::Debug + 'static>(
    kind: Kind,
    value: impl Fn() -> T,
) {
    let (library, pool) = (Library::new(), pool());
    let mut read = kind.start(&pool, library.call(Script::Later, Kept(value())));
    let mut inline = kind.start(&pool, library.call(Script::Inline(0), Kept(value())));
    let mut refused = kind.start(&pool, library.call(Script::Refuse(-1), Kept(value())));
    let mut abandoned = kind.start(&pool, library.call(Script::Later, Kept(value())));
    pending(&mut read, Waker::noop());
    pending(&mut abandoned, Waker::noop());
    drop(abandoned);
    while library.outstanding() > 0 {
        library.complete(0);
    }
    assert_eq!(ready(&mut read), (Ok(()), value()));
    assert_eq!(ready(&mut inline), (Ok(()), value()));
    let (result, back) = ready(&mut refused);
    assert!(matches!(result, Err(CallError::Refused(Refusal::Errno(_)))));
    assert_eq!(back, value());
    assert_eq!(pool.in_use(), 0);
}

fn small_and_large(kind: Kind) {
    there_and_back(kind, || 7_u8);
    there_and_back(kind, || String::from("on the heap"));
    // Around the rooms of pooled records, which the report shares.
    there_and_back(kind, || [0x5a_u8; 32]);
    there_and_back(kind, || [0x5a_u8; 40]);
    there_and_back(kind, || [0x5a_u8; 48]);
    there_and_back(kind, || [0x5a_u8; 56]);
    there_and_back(kind, || [0x5a_u8; 64]);
    there_and_back(kind, || [0x5a_u8; 96]);
    there_and_back(kind, || [0x5a_u8; 104]);
    there_and_back(kind, || [0x5a_u8; 112]);
    there_and_back(kind, || [0x5a_u8; 120]);
    there_and_back(kind, || [0x5a_u8; 128]);
    there_and_back(kind, || vec![String::from("one"); 100]);
    there_and_back(kind, || [0x5a_u8; 10_000]);
}

/// A payload with more than a word's alignment.
#[derive(Debug, PartialEq)]
#[repr(align(16))]
struct Aligned16(u8);

#[derive(Debug, PartialEq)]
#[repr(align(4096))]
struct Aligned4096([u8; 512]);

fn over_aligned(kind: Kind) {
    there_and_back(kind, || Aligned16(3));
    there_and_back(kind, || Aligned4096([9; 512]));
    let submit = |payload: *mut Kept<Aligned4096>, callback: DoneFn, cb_arg| {
        assert!(payload.is_aligned());
        Context { callback, cb_arg }.complete(0);
        Ok(())
    };
    let call = custom_call::<Done, _, _>(Kept(Aligned4096([1; 512])), submit);
    assert_eq!(ready(&mut kind.start(&pool(), call)).0, Ok(()));
}

fn zero_sized(kind: Kind) {
    there_and_back(kind, || ());
    there_and_back(kind, || [0_u64; 0]);
}

/// The C function `lib_stat(uint64_t *blocks, uint32_t *size, done_cb cb, void *cb_arg)`.
fn stat((blocks, size): (*mut u64, *mut u32), status: c_int, context: Context) {
    // SAFETY: the places of the call, which are alive until its callback.
    unsafe { blocks.write(1 << 40) };
    // SAFETY: as above.
    unsafe { size.write(512) };
    context.complete(status);
}

type Places = Outs<(u64, u32)>;

fn places(outs: *mut Places) -> (*mut u64, *mut u32) {
    // SAFETY: the payload is alive while the call is made.
    let places = unsafe { (&raw mut (*outs).0).cast::<(u64, u32)>() };
    // SAFETY: as above.
    let blocks = unsafe { &raw mut (*places).0 };
    // SAFETY: as above.
    (blocks, unsafe { &raw mut (*places).1 })
}

fn zeroed() -> Places {
    // SAFETY: zeros are integers, and so is whatever is written there.
    unsafe { outs() }
}

fn outs_are_written_by_c(kind: Kind) {
    let submit = |payload, callback, cb_arg| {
        stat(places(payload), 0, Context { callback, cb_arg });
        Ok(())
    };
    let call = custom_call::<Done, _, _>(zeroed(), submit);
    assert_eq!(ready(&mut kind.start(&pool(), call)), Ok(((), (1 << 40, 512))));
}

fn outs_of_a_failure_do_not_come_back(kind: Kind) {
    let submit = |payload, callback, cb_arg| {
        stat(places(payload), -libc::EIO, Context { callback, cb_arg });
        Ok(())
    };
    let call = custom_call::<Done, _, _>(zeroed(), submit);
    assert!(matches!(ready(&mut kind.start(&pool(), call)), Err(CallError::Failed(_))));
}

fn kept_and_outs(kind: Kind) {
    let library = Library::new();
    for (script, status) in [(Script::Later, 0), (Script::Later, -libc::EIO)] {
        let payload = KeptOuts(library.trace.probe("kept"), zeroed());
        let mut future = kind.start(&pool(), library.call(script, payload));
        pending(&mut future, Waker::noop());
        library.complete(status);
        let (result, kept) = ready(&mut future);
        assert_eq!(result.ok(), (status == 0).then_some(((), (0, 0))), "places start zeroed");
        library.trace.expect(["call"]);
        drop(kept);
        library.trace.expect(["drop kept"]);
    }
}

#[test]
fn outs_of_a_call_that_is_made_at_once() {
    let mut outs = zeroed();
    let (blocks, _) = places(&raw mut outs);
    // SAFETY: a place of `outs`.
    unsafe { blocks.write(3) };
    assert_eq!(written(outs), (3, 0));
}

/// A report that is one number or a panic leaves 112 of the 128 bytes to the payload.
#[test]
fn how_much_lies_in_the_record() {
    fn distance<const N: usize>() -> usize {
        let place = Rc::new(Cell::new(0));
        let seen = Rc::clone(&place);
        let submit = move |payload: *mut Kept<[u64; N]>, callback: DoneFn, cb_arg: *mut c_void| {
            seen.set(payload.addr().abs_diff(address_of(cb_arg)));
            Context { callback, cb_arg }.complete(0);
            Ok(())
        };
        let call = custom_call::<Done, _, _>(Kept([0_u64; N]), submit);
        assert_eq!(ready(&mut call.on(&pool())).0, Ok(()));
        place.get()
    }
    assert!(distance::<14>() < 192);
    assert!(distance::<15>() >= 192, "this one is in a box");
}

/// What C gets a pointer to stays where it is while the future moves, and keeps what C writes.
fn addresses_stay(kind: Kind) {
    struct Buffer([u8; 64]);
    // SAFETY: the pointer is into the value, which the record neither moves nor touches.
    unsafe impl Keep<*mut c_void> for Buffer {
        fn arg(&mut self) -> *mut c_void {
            self.0.as_mut_ptr().cast()
        }
    }
    type Accepted = std::sync::Mutex<Option<(usize, Context)>>;
    let accepted: Arc<Accepted> = Arc::default();
    let seen = Arc::clone(&accepted);
    let submit = move |payload: *mut Kept<Buffer>, callback, cb_arg| {
        // SAFETY: the payload is alive and only used here until C has the context.
        let kept = unsafe { &mut (*payload).0 };
        let buffer = kept.arg().expose_provenance();
        *seen.lock().unwrap() = Some((buffer, Context { callback, cb_arg }));
        Ok(())
    };
    let pool = pool();
    let mut future = kind.start(&pool, custom_call::<Done, _, _>(Kept(Buffer([0; 64])), submit));
    pending(&mut future, Waker::noop());
    let mut moved = Box::new(future);
    pending(&mut *moved, Waker::noop());
    let (buffer, context) = accepted.lock().unwrap().take().expect("the call was made");
    let buffer = core::ptr::with_exposed_provenance_mut::<u8>(buffer);
    // SAFETY: the record keeps the buffer until the callback.
    unsafe { buffer.write_bytes(0xcd, 64) };
    context.complete(0);
    let (result, kept) = ready(&mut *moved);
    assert_eq!(result, Ok(()));
    assert_eq!(kept.0, [0xcd; 64]);
}

/// An object of C that calls need alive.
struct Channel {
    object: *mut c_int,
    probe: crate::common::trace::Probe,
}

// SAFETY: the object is that of the channel, whatever happens to references to it.
unsafe impl Parent<*mut c_int> for Channel {
    fn as_arg(&self) -> *mut c_int {
        self.object
    }
}

/// The argument that a value of type `K` stands for.
fn arg_of<A, K: Keep<A>>(kept: &mut K) -> A {
    kept.arg()
}

#[test]
fn arguments_that_c_keeps() {
    let mut object: c_int = 1;
    let mut pointer: *mut c_int = &raw mut object;
    assert_eq!(arg_of::<*mut c_int, _>(&mut pointer), &raw mut object);
    let mut constant: *const c_int = &raw const object;
    assert_eq!(arg_of::<*const c_int, _>(&mut constant), &raw const object);
    let mut name = CString::new("Malloc0").expect("no NUL inside");
    let text: *const c_char = arg_of(&mut name);
    // SAFETY: the string is alive.
    assert_eq!(unsafe { CStr::from_ptr(text) }, c"Malloc0");
    let mut literal: &'static CStr = c"Null0";
    assert_eq!(arg_of::<*const c_char, _>(&mut literal), c"Null0".as_ptr());
    let mut pair = With(name, vec![1, 2, 3]);
    assert_eq!(arg_of::<*const c_char, _>(&mut pair), pair.0.as_ptr());
}

#[test]
fn a_parent_lives_until_the_callback() {
    let library = Library::new();
    let mut object: c_int = 1;
    let channel =
        Rc::new(Channel { object: &raw mut object, probe: library.trace.probe("channel") });
    let mut shared = Rc::clone(&channel);
    assert_eq!(arg_of::<*mut c_int, _>(&mut shared), &raw mut object);
    let mut future = library.call(Script::Later, Kept(shared)).on(&pool());
    pending(&mut future, Waker::noop());
    drop((future, channel));
    library.trace.expect(["call"]);
    library.complete(0);
    library.trace.expect(["drop channel"]);
}

#[test]
fn a_parent_shared_across_threads() {
    let library = Library::new();
    let mut object: c_int = 1;
    let channel = Channel { object: &raw mut object, probe: library.trace.probe("channel") };
    #[expect(clippy::arc_with_non_send_sync, reason = "only the argument is looked at")]
    let mut shared = Arc::new(channel);
    assert_eq!(arg_of::<*mut c_int, _>(&mut shared), &raw mut object);
    let Channel { probe, .. } = Arc::into_inner(shared).expect("one count");
    drop(probe);
    library.trace.expect(["drop channel"]);
}
