//! All that generated code may name. No stability: the macros are locked to this version.

use core::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    Answer, CallError, Errno, Failed, MultiCallback, OnceCallback, Outs, Refusal,
    ResumedVisitorCallback, Subscription, VisitorCallback, record, shared, unwind,
};

pub use core;

/// Which kind of record a context pointer names.
pub trait Storage {
    /// Completes the record.
    ///
    /// # Safety
    ///
    /// - `cb_arg` is what the adapter gave to the call whose callback this is.
    unsafe fn complete<C: OnceCallback>(
        cb_arg: *mut c_void,
        read: impl FnOnce() -> Result<C::Value, C::Error>,
    );
}

/// Records of a pool.
#[derive(Debug)]
pub enum PooledStorage {}

/// Records on the heap.
#[derive(Debug)]
pub enum BoxedStorage {}

impl Storage for PooledStorage {
    #[inline]
    unsafe fn complete<C: OnceCallback>(
        cb_arg: *mut c_void,
        read: impl FnOnce() -> Result<C::Value, C::Error>,
    ) {
        // SAFETY: the caller's promise; the adapter makes pooled contexts with `encode`.
        unsafe { record::complete::<C>(cb_arg, read) }
    }
}

impl Storage for BoxedStorage {
    unsafe fn complete<C: OnceCallback>(
        cb_arg: *mut c_void,
        read: impl FnOnce() -> Result<C::Value, C::Error>,
    ) {
        shared::complete::<C>(cb_arg, || catch_unwind(AssertUnwindSafe(read)));
    }
}

/// The body of a `once` trampoline.
///
/// # Safety
///
/// - `cb_arg` is the context of this callback, of a call that passed this callback and storage.
#[inline]
pub unsafe fn complete<C: OnceCallback, S: Storage>(
    cb_arg: *mut c_void,
    read: impl FnOnce() -> Result<C::Value, C::Error>,
) {
    unwind::guard_named(
        || C::NAME,
        || {
            // SAFETY: the caller's promise.
            unsafe { S::complete::<C>(cb_arg, read) }
        },
    );
}

/// The body of a `multi` trampoline.
pub fn deliver<C: MultiCallback>(cb_arg: *mut c_void, read: impl FnOnce() -> C::Item) {
    unwind::guard(C::NAME, || shared::deliver::<C>(cb_arg, read()));
}

/// The body of a `visitor` trampoline.
///
/// # Safety
///
/// - `ctx` is the context that [`walk`] passed for the same `F`, and its call has not returned.
pub unsafe fn visit<C, F>(ctx: *mut c_void, item: impl FnOnce() -> C::Item) -> C::Answer
where
    C: VisitorCallback,
    F: FnMut(C::Item) -> C::Answer,
{
    unwind::guard(C::NAME, || {
        // SAFETY: the caller's promise.
        unsafe { shared::visit::<C, F>(ctx, item) }
    })
}

/// The body of a `visitor` trampoline that resumes; answers the status to resume with.
pub fn visit_shared<C: ResumedVisitorCallback>(
    ctx: *mut c_void,
    item: impl FnOnce() -> C::Item,
) -> c_int {
    unwind::guard(C::NAME, || shared::visit_shared::<C>(ctx, item()))
}

/// Makes a call that visits before it returns.
pub fn walk<C, F, R>(visitor: F, call: impl FnOnce(C::Fn, *mut c_void) -> R) -> R
where
    C: VisitorCallback,
    F: FnMut(C::Item) -> C::Answer,
{
    shared::walk::<C, F, R>(visitor, call)
}

/// The callback and the context for a registration.
#[must_use]
pub fn registration<C: MultiCallback>(subscription: &Subscription<C>) -> (C::Fn, *mut c_void) {
    (subscription.callback(), subscription.cb_arg())
}

/// What a value that a callback points to is, read before it becomes invalid.
///
/// # Safety
///
/// - `pointer` is null or points to a valid `T`.
pub unsafe fn copied<T: Copy>(pointer: *const T) -> Option<T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.copied()
}

/// A zeroed set of places that C writes to, for a call that is made at once.
///
/// # Safety
///
/// - As for [`Outs::zeroed`].
#[must_use]
pub const unsafe fn outs<O>() -> Outs<O> {
    // SAFETY: the caller's promise.
    unsafe { Outs::zeroed() }
}

/// The written places.
pub fn written<O>(outs: Outs<O>) -> O {
    outs.into_inner()
}

/// A status parameter that is zero or an `errno` of either sign.
pub const fn errno_status(status: c_int) -> Result<(), Errno> {
    match status {
        0 => Ok(()),
        _ => Err(Errno::from_status(status)),
    }
}

/// A status parameter that is `true` on success.
pub const fn bool_status(success: bool) -> Result<(), Failed> {
    if success { Ok(()) } else { Err(Failed) }
}

/// A return value that is zero or a negative `errno`.
pub const fn errno_return(status: c_int) -> Result<(), Refusal> {
    match status {
        0 => Ok(()),
        _ => Err(Refusal::Errno(Errno::from_status(status))),
    }
}

/// A return value that is zero, or says no more than that the call was refused.
pub const fn status_return(status: c_int) -> Result<(), Refusal> {
    match status {
        0 => Ok(()),
        _ => Err(Refusal::Status(status)),
    }
}

/// No return value: the call is always accepted.
pub const fn void_return((): ()) -> Result<(), Refusal> {
    Ok(())
}

/// A return value that is null when the call is refused.
pub fn null_return<T>(object: *const T) -> Result<(), Refusal> {
    if object.is_null() { Err(Refusal::Null) } else { Ok(()) }
}

/// A return value that is `false` when the call is refused.
pub const fn bool_return(accepted: bool) -> Result<(), Refusal> {
    if accepted { Ok(()) } else { Err(Refusal::False) }
}

/// Names the answer that stops a walk.
#[must_use]
pub const fn stop<A: Answer>() -> A {
    A::STOP
}

/// A call error that cannot have been reported by a callback.
pub type Refused = CallError<core::convert::Infallible>;
