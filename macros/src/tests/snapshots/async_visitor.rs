/// Calls the C function `for_each`, whose callback runs `visitor`.
///
/// # Safety
///
/// - Every argument is what `for_each` asks for.
/// - `for_each` may be called on this thread, and calls its callback only before it returns, one call at a time.
#[allow(
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
) -> c_int {
    const __C_FUNCTION: unsafe extern "C" fn(
        *mut c_void,
        <each_fn as ::callback_adapter::Callback>::Fn,
    ) -> c_int = sys::for_each;
    ::callback_adapter::__private::walk::<
        each_fn,
        _,
        _,
    >(visitor, |cb, cb_arg| unsafe { __C_FUNCTION(cb_arg, cb) })
}
