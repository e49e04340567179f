/// Calls the C function `attach`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `attach` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `attach` may be called.
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
pub unsafe fn attach<__K0: ::callback_adapter::Keep<*const opts>>(
    opts: __K0,
    event_cb: &::callback_adapter::Subscription<event_cb>,
) -> ::callback_adapter::Call<
    attach_cb,
    ::callback_adapter::Kept<(__K0,)>,
    impl ::callback_adapter::Submit<
        attach_cb,
        ::callback_adapter::Kept<(__K0,)>,
    > + use<__K0>,
>
where
    event_cb: ::callback_adapter::MultiCallback,
    attach_cb: ::callback_adapter::OnceCallback,
{
    let (event_cb, event_ctx) = ::callback_adapter::__private::registration::<
        event_cb,
    >(event_cb);
    let __submit = move |
        __payload: *mut ::callback_adapter::Kept<(__K0,)>,
        __cb,
        __cb_arg: *mut ::core::ffi::c_void|
    {
        let __c_function: unsafe extern "C" fn(
            *const opts,
            <event_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
            <attach_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
        ) -> *mut attach_ctx = sys::attach;
        let opts = <__K0 as ::callback_adapter::Keep<
            *const opts,
        >>::arg(unsafe { &mut (*__payload).0.0 });
        ::callback_adapter::__private::null_return(unsafe {
            __c_function(opts, event_cb, event_ctx, __cb, __cb_arg)
        })
    };
    unsafe {
        ::callback_adapter::Call::new(
            &"attach",
            ::callback_adapter::Kept((opts,)),
            __submit,
        )
    }
}
