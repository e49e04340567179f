/// Calls the C function `for_each`, whose callback runs `visitor`.
///
/// # Safety
///
/// - Every argument is what `for_each` asks for.
/// - `for_each` may be called on this thread, and calls its callback only before it returns, one call at a time.
#[allow(
    trivial_bounds,
    unused_qualifications,
    unused_unsafe,
    clippy::multiple_unsafe_ops_per_block,
    clippy::too_many_arguments,
    clippy::type_complexity,
    clippy::undocumented_unsafe_blocks,
    reason = "generated: the contract is that of the declared C function"
)]
pub unsafe fn for_each(
    visitor: impl ::core::ops::FnMut(
        <each_fn as ::callback_adapter::VisitorCallback>::Item,
    ) -> <each_fn as ::callback_adapter::VisitorCallback>::Answer,
) -> c_int
where
    each_fn: ::callback_adapter::VisitorCallback,
{
    let __c_function: unsafe extern "C" fn(
        *mut c_void,
        <each_fn as ::callback_adapter::Callback>::Fn,
    ) -> c_int = sys::for_each;
    ::callback_adapter::__private::walk::<
        each_fn,
        _,
        _,
    >(visitor, |__cb, __cb_arg| unsafe { __c_function(__cb_arg, __cb) })
}
