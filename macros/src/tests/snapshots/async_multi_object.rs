/// Calls the C function `register`, whose callback feeds the stream of `subscription`.
///
/// # Safety
///
/// - Every argument is what `register` asks for, and every pointer among them stays valid as long as C uses it.
/// - `register` may be called on this thread.
/// - All-zero bytes, and whatever C writes, are valid values of the types that C writes to.
#[allow(
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
) -> ::core::result::Result<(*mut poller, u32), ::callback_adapter::Refusal> {
    const __C_FUNCTION: unsafe extern "C" fn(
        <poll_cb as ::callback_adapter::Callback>::Fn,
        *mut c_void,
        *mut u32,
    ) -> *mut poller = sys::register;
    let (cb, cb_arg) = ::callback_adapter::__private::registration::<
        poll_cb,
    >(subscription);
    let mut outs = unsafe { ::callback_adapter::__private::outs::<(u32,)>() };
    let places = { &raw mut outs.0 }.cast::<(u32,)>();
    let id = unsafe { &raw mut (*places).0 };
    let returned = unsafe { __C_FUNCTION(cb, cb_arg, id) };
    match ::callback_adapter::__private::null_return(returned) {
        ::core::result::Result::Ok(()) => {
            let outs = ::callback_adapter::__private::written(outs);
            ::core::result::Result::Ok((returned, outs.0))
        }
        ::core::result::Result::Err(refusal) => ::core::result::Result::Err(refusal),
    }
}
