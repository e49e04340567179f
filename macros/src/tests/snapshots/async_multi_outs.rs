/// Calls the C function `open_ext`, whose callback feeds the stream of `subscription`.
///
/// # Safety
///
/// - Every argument is what `open_ext` asks for, and every pointer among them stays valid as long as C uses it.
/// - `open_ext` may be called on this thread.
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
pub unsafe fn open_ext(
    name: *const c_char,
    subscription: &::callback_adapter::Subscription<event_cb>,
) -> ::core::result::Result<*mut desc, ::callback_adapter::Refusal>
where
    event_cb: ::callback_adapter::MultiCallback,
{
    let __c_function: unsafe extern "C" fn(
        *const c_char,
        <event_cb as ::callback_adapter::Callback>::Fn,
        *mut c_void,
        *mut *mut desc,
    ) -> c_int = sys::open_ext;
    let (__cb, __cb_arg) = ::callback_adapter::__private::registration::<
        event_cb,
    >(subscription);
    let mut __outs = unsafe { ::callback_adapter::__private::outs::<(*mut desc,)>() };
    let __places = { &raw mut __outs.0 }.cast::<(*mut desc,)>();
    let desc = unsafe { &raw mut (*__places).0 };
    let __returned = unsafe { __c_function(name, __cb, __cb_arg, desc) };
    match ::callback_adapter::__private::status_return(__returned) {
        ::core::result::Result::Ok(()) => {
            let __outs = ::callback_adapter::__private::written(__outs);
            ::core::result::Result::Ok(__outs.0)
        }
        ::core::result::Result::Err(__refusal) => ::core::result::Result::Err(__refusal),
    }
}
