/// Calls the C function `open_ext`, whose callback feeds the stream of `subscription`.
///
/// # Safety
///
/// - Every argument is what `open_ext` asks for, and every pointer among them stays valid as long as C uses it.
/// - `open_ext` may be called on this thread.
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
pub unsafe fn open_ext(
    name: *const c_char,
    subscription: &::callback_adapter::Subscription<event_cb>,
) -> ::core::result::Result<*mut desc, ::callback_adapter::Refusal> {
    const __C_FUNCTION: unsafe extern "C" fn(
        *const c_char,
        <event_cb as ::callback_adapter::Callback>::Fn,
        *mut c_void,
        *mut *mut desc,
    ) -> c_int = sys::open_ext;
    let (cb, cb_arg) = ::callback_adapter::__private::registration::<
        event_cb,
    >(subscription);
    let mut outs = unsafe { ::callback_adapter::__private::outs::<(*mut desc,)>() };
    let places = { &raw mut outs.0 }.cast::<(*mut desc,)>();
    let desc = unsafe { &raw mut (*places).0 };
    let returned = unsafe { __C_FUNCTION(name, cb, cb_arg, desc) };
    match ::callback_adapter::__private::status_return(returned) {
        ::core::result::Result::Ok(()) => {
            let outs = ::callback_adapter::__private::written(outs);
            ::core::result::Result::Ok(outs.0)
        }
        ::core::result::Result::Err(refusal) => ::core::result::Result::Err(refusal),
    }
}
