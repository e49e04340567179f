//! Arguments that C keeps until its callback, and the places it writes to.

use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use std::ffi::CString;
use std::rc::Rc;
use std::sync::Arc;

use crate::CallError;

/// A value that a call owns until its callback, and the C argument that stands for it.
///
/// The value is first moved into the completion record, where it neither moves nor is touched until
/// the callback; only then is [`arg`](Keep::arg) called. A pointer into the value itself is
/// therefore as good as a pointer to the heap.
///
/// # Safety
///
/// - What `arg` returns must be fit for what C does with it from the call to the callback, as long
///   as the value is neither moved, used nor dropped in that time.
/// - `arg` must not unwind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept for C as `{Arg}`",
    label = "C uses this argument until its callback, so the call must own it",
    note = "pass a type that owns what C is given and implements `Keep<{Arg}>`"
)]
pub unsafe trait Keep<Arg>: 'static {
    /// The argument for C.
    fn arg(&mut self) -> Arg;
}

// SAFETY: a bare pointer is what C gets; that it stays fit until the callback is an obligation of
// whoever calls the unsafe function that takes it.
unsafe impl<T: 'static> Keep<*mut T> for *mut T {
    fn arg(&mut self) -> *mut T {
        *self
    }
}

// SAFETY: a bare pointer again, for which the same caller vouches.
unsafe impl<T: 'static> Keep<*const T> for *const T {
    fn arg(&mut self) -> *const T {
        *self
    }
}

// SAFETY: the characters live on the heap, end in NUL, and stay while the value is not dropped.
unsafe impl Keep<*const c_char> for CString {
    fn arg(&mut self) -> *const c_char {
        self.as_ptr()
    }
}

// SAFETY: a static string lives for ever and ends in NUL.
unsafe impl Keep<*const c_char> for &'static CStr {
    fn arg(&mut self) -> *const c_char {
        self.as_ptr()
    }
}

/// What is kept for a call besides its arguments' own pointers.
///
/// A pair whose first half is the argument and whose second half only has to live as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct With<K, X>(pub K, pub X);

// SAFETY: the argument is that of the first half, which is not moved, used or dropped as long as
// the pair is not.
unsafe impl<A, K: Keep<A>, X: 'static> Keep<A> for With<K, X> {
    fn arg(&mut self) -> A {
        self.0.arg()
    }
}

/// A shared parent (a channel, a descriptor) whose C object a call needs alive.
///
/// # Safety
///
/// - What `as_arg` returns must be fit for C as long as the parent is not dropped, whatever else
///   happens to shared references to it.
/// - `as_arg` must not unwind.
pub unsafe trait Parent<Arg>: 'static {
    /// The C object.
    fn as_arg(&self) -> Arg;
}

// SAFETY: the count keeps the parent alive until the record lets go, and `Parent` promises that its C
// object lives as long.
unsafe impl<A, T: Parent<A>> Keep<A> for Rc<T> {
    fn arg(&mut self) -> A {
        self.as_arg()
    }
}

// SAFETY: this count keeps the parent alive as that of an `Rc` does.
unsafe impl<A, T: Parent<A>> Keep<A> for Arc<T> {
    fn arg(&mut self) -> A {
        self.as_arg()
    }
}

/// Shapes the reply of a call from what its callback reported and what its record kept.
pub trait Payload: 'static {
    /// The reply for a callback that reports `V` or `E`.
    type Reply<V, E>;
    /// Takes the record's content apart.
    fn reply<V, E>(self, result: Result<V, CallError<E>>) -> Self::Reply<V, E>;
}

/// Nothing is kept: the reply is the bare result.
impl Payload for () {
    type Reply<V, E> = Result<V, CallError<E>>;
    fn reply<V, E>(self, result: Result<V, CallError<E>>) -> Self::Reply<V, E> {
        result
    }
}

/// Kept arguments, given back beside the result in every outcome.
#[derive(Debug)]
pub struct Kept<K>(pub K);

impl<K: 'static> Payload for Kept<K> {
    type Reply<V, E> = (Result<V, CallError<E>>, K);
    fn reply<V, E>(self, result: Result<V, CallError<E>>) -> Self::Reply<V, E> {
        (result, self.0)
    }
}

/// Places that C writes to, given back with the value of a call that succeeded. They start zeroed.
///
/// The second field keeps safe code from making one with places that are not initialised.
#[derive(Debug)]
pub struct Outs<O>(pub MaybeUninit<O>, OnlyZeroed);

#[derive(Debug)]
struct OnlyZeroed;

impl<O> Outs<O> {
    /// Zeroed places.
    ///
    /// # Safety
    ///
    /// - All-zero bytes are a valid `O`, and so is whatever C, or anybody else, writes there.
    #[must_use]
    pub const unsafe fn zeroed() -> Self {
        Self(MaybeUninit::zeroed(), OnlyZeroed)
    }

    pub(crate) fn into_inner(self) -> O {
        // SAFETY: A11: only `zeroed` makes an `Outs`, and it was promised that the zeroed bytes and
        // whatever is written over them are a valid `O`.
        unsafe { self.0.assume_init() }
    }
}

impl<O: 'static> Payload for Outs<O> {
    type Reply<V, E> = Result<(V, O), CallError<E>>;
    fn reply<V, E>(self, result: Result<V, CallError<E>>) -> Self::Reply<V, E> {
        result.map(|value| (value, self.into_inner()))
    }
}

/// Both kept arguments and places that C writes to.
#[derive(Debug)]
pub struct KeptOuts<K, O>(pub K, pub Outs<O>);

impl<K: 'static, O: 'static> Payload for KeptOuts<K, O> {
    type Reply<V, E> = (Result<(V, O), CallError<E>>, K);
    fn reply<V, E>(self, result: Result<V, CallError<E>>) -> Self::Reply<V, E> {
        (self.1.reply(result), self.0)
    }
}
