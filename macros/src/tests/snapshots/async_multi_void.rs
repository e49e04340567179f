/// Calls the C function `on_tick`, whose callback feeds the stream of `subscription`.
///
/// # Safety
///
/// - Every argument is what `on_tick` asks for, and every pointer among them stays valid as long as C uses it.
/// - `on_tick` may be called on this thread.
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
pub unsafe fn on_tick(
    subscription: &::callback_adapter::Subscription<tick>,
) -> ::core::result::Result<(), ::callback_adapter::Refusal>
where
    tick: ::callback_adapter::MultiCallback,
{
    let __c_function: unsafe extern "C" fn(
        <tick as ::callback_adapter::Callback>::Fn,
        *mut c_void,
    ) = sys::on_tick;
    let (__cb, __cb_arg) = ::callback_adapter::__private::registration::<
        tick,
    >(subscription);
    let __returned = unsafe { __c_function(__cb, __cb_arg) };
    match ::callback_adapter::__private::void_return(__returned) {
        ::core::result::Result::Ok(()) => ::core::result::Result::Ok(()),
        ::core::result::Result::Err(__refusal) => ::core::result::Result::Err(__refusal),
    }
}
