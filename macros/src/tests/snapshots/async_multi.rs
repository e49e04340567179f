/// Calls the C function `watch`, whose callback feeds the stream of `subscription`.
///
/// # Safety
///
/// - Every argument is what `watch` asks for, and every pointer among them stays valid as long as C uses it.
/// - `watch` may be called on this thread.
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
pub unsafe fn watch(
    name: *const c_char,
    subscription: &::callback_adapter::Subscription<event_cb>,
) -> ::core::result::Result<(), ::callback_adapter::Refusal>
where
    event_cb: ::callback_adapter::MultiCallback,
{
    let __c_function: unsafe extern "C" fn(
        *const c_char,
        <event_cb as ::callback_adapter::Callback>::Fn,
        *mut c_void,
    ) -> c_int = sys::watch;
    let (__cb, __cb_arg) = ::callback_adapter::__private::registration::<
        event_cb,
    >(subscription);
    let __returned = unsafe { __c_function(name, __cb, __cb_arg) };
    match ::callback_adapter::__private::errno_return(__returned) {
        ::core::result::Result::Ok(()) => ::core::result::Result::Ok(()),
        ::core::result::Result::Err(__refusal) => ::core::result::Result::Err(__refusal),
    }
}
