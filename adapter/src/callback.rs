//! What a C callback type is to Rust. `#[spdk_callback]` implements these traits for a nominal type
//! of the typedef's name; nobody else should.
//!
//! Many C typedefs share one signature, so a trait on the function pointer could not tell them
//! apart. The nominal type can: it fixes the kind of the callback (once, multi or visitor), what it
//! reports, and what becomes of a report that nobody takes (it is dropped, and a handle inside
//! closes itself, see [`Handle`](crate::Handle)).

use core::ffi::c_int;

/// A C callback typedef.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a C callback",
    label = "a callback's type is a name that `#[spdk_callback(…)]` was put on"
)]
pub trait Callback: 'static {
    /// The typedef's name, for reports.
    const NAME: &'static str;
    /// The C function pointer type, as the C function takes it.
    type Fn: Copy;
}

/// A typedef that nobody has annotated: it is a pointer, and has no kind. So one that is used without
/// its annotation is one error, which asks for the kind.
impl<F: Copy + 'static> Callback for Option<F> {
    const NAME: &'static str = "a callback without a name";
    type Fn = Self;
}

/// A callback that comes exactly once for each accepted call; its call is a future.
///
/// # Safety
///
/// - `POOLED` and `BOXED` must be functions that hand their context parameter to
///   [`__private::complete`](crate::__private::complete) with the storage of that name, once for
///   each time that they are called.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback that completes a call once",
    label = "this call needs a callback annotated with `#[spdk_callback(once)]`",
    note = "callbacks of kind `multi` become streams: declare the function with `#[spdk_async(multi)]`",
    note = "callbacks of kind `visitor` become closures: declare the function with `#[spdk_async(visitor)]`"
)]
pub unsafe trait OnceCallback: Callback {
    /// What the callback reports when the call succeeded.
    type Value: 'static;
    /// What the callback reports when the call failed.
    type Error: 'static;
    /// The function for records of a [`Pool`](crate::Pool).
    const POOLED: Self::Fn;
    /// The function for records on the heap, which may be called on any thread.
    const BOXED: Self::Fn;
}

/// A callback that comes any number of times after a registration; it feeds a stream.
///
/// # Safety
///
/// - `FN` must hand its context parameter to
///   [`__private::deliver`](crate::__private::deliver), once for each time that it is called.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback that comes many times",
    label = "this registration needs a callback annotated with `#[spdk_callback(multi)]`",
    note = "callbacks of kind `once` become futures: declare the function with `#[spdk_async]`"
)]
pub unsafe trait MultiCallback: Callback {
    /// What one call of the callback reports.
    type Item: Clone + Send + 'static;
    /// The function that C calls.
    const FN: Self::Fn;
}

/// A callback that C calls only while the function that takes it runs; it is a closure.
///
/// # Safety
///
/// - `visit::<F>()` must be a function that hands its context parameter to
///   [`__private::visit`](crate::__private::visit) with the same `F`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback that visits",
    label = "this walk needs a callback annotated with `#[spdk_callback(visitor)]`",
    note = "callbacks of kind `once` become futures: declare the function with `#[spdk_async]`"
)]
pub unsafe trait VisitorCallback: Callback {
    /// What the closure is given at each visit.
    type Item;
    /// What the closure answers at each visit.
    type Answer: Answer;
    /// The function that C calls for a closure of type `F`.
    fn visit<F: FnMut(Self::Item) -> Self::Answer>() -> Self::Fn;
}

/// A callback that C calls once for each of a set of places, possibly on other threads, and that
/// ends each visit by a call of its own; the walk's other callback then ends the whole.
///
/// # Safety
///
/// - `FN` must hand its context parameter to
///   [`__private::visit_shared`](crate::__private::visit_shared), once for each time that it is
///   called, and then tell C that this visit is over, with the status that it answered.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback that visits and resumes",
    label = "this walk needs a callback annotated with `#[spdk_callback(visitor)]` and a `#[resume(…)]` parameter"
)]
pub unsafe trait ResumedVisitorCallback: Callback {
    /// What the closure is given at each visit.
    type Item: 'static;
    /// The function that C calls.
    const FN: Self::Fn;
}

/// The answer of a visiting closure, in C's own type.
pub trait Answer {
    /// What C is told when the closure panicked and must not be called again.
    const STOP: Self;
}

impl Answer for () {
    const STOP: Self = ();
}

impl Answer for c_int {
    // Any non-zero value ends a walk; a negative errno also reads well in C's logs.
    const STOP: Self = -libc::ECANCELED;
}
