/// Calls the C function `register`, whose callback feeds the stream of `subscription`.
///
/// # Safety
///
/// - Every argument is what `register` asks for, and every pointer among them stays valid as long as C uses it.
/// - `register` may be called on this thread.
/// - All-zero bytes, and whatever C writes, are valid values of the types that C writes to.
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
pub unsafe fn register(
    subscription: &::callback_adapter::Subscription<poll_cb>,
) -> ::core::result::Result<(*mut poller, u32), ::callback_adapter::Refusal>
where
    poll_cb: ::callback_adapter::MultiCallback,
{
    let __c_function: unsafe extern "C" fn(
        <poll_cb as ::callback_adapter::Callback>::Fn,
        *mut c_void,
        *mut u32,
    ) -> *mut poller = sys::register;
    let (__cb, __cb_arg) = ::callback_adapter::__private::registration::<
        poll_cb,
    >(subscription);
    let mut __outs = unsafe { ::callback_adapter::__private::outs::<(u32,)>() };
    let __places = { &raw mut __outs.0 }.cast::<(u32,)>();
    let id = unsafe { &raw mut (*__places).0 };
    let __returned = unsafe { __c_function(__cb, __cb_arg, id) };
    match ::callback_adapter::__private::null_return(__returned) {
        ::core::result::Result::Ok(()) => {
            let __outs = ::callback_adapter::__private::written(__outs);
            ::core::result::Result::Ok((__returned, __outs.0))
        }
        ::core::result::Result::Err(__refusal) => ::core::result::Result::Err(__refusal),
    }
}
