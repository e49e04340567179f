/// Calls the C function `lib_each`, whose callback runs `visitor`.
///
/// # Safety
///
/// - Every argument is what `lib_each` asks for.
/// - `lib_each` may be called on this thread, and calls its callback only before it returns, one call at a time.
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
pub unsafe fn each(
    first: *mut bdev,
    visitor: impl ::core::ops::FnMut(
        <each_fn as ::callback_adapter::VisitorCallback>::Item,
    ) -> <each_fn as ::callback_adapter::VisitorCallback>::Answer,
)
where
    each_fn: ::callback_adapter::VisitorCallback,
{
    let __c_function: unsafe extern "C" fn(
        *mut bdev,
        <each_fn as ::callback_adapter::Callback>::Fn,
        *mut c_void,
    ) = sys::lib_each;
    ::callback_adapter::__private::walk::<
        each_fn,
        _,
        _,
    >(visitor, |__cb, __cb_arg| unsafe { __c_function(first, __cb, __cb_arg) })
}
