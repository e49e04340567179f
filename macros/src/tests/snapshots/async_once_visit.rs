/// Calls the C function `for_each_channel`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `for_each_channel` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `for_each_channel` may be called.
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
pub unsafe fn for_each_channel<
    __K0: ::callback_adapter::Keep<*mut bdev> + ::core::marker::Send,
>(
    bdev: __K0,
    visitor: impl ::core::ops::Fn(
        <channel_msg as ::callback_adapter::ResumedVisitorCallback>::Item,
    ) -> ::core::ffi::c_int + ::core::marker::Send + ::core::marker::Sync + 'static,
) -> ::callback_adapter::Submitted<channel_done, ::callback_adapter::Kept<(__K0,)>>
where
    channel_msg: ::callback_adapter::ResumedVisitorCallback,
    channel_done: ::callback_adapter::OnceCallback,
{
    let __call = {
        let __submit = move |
            __payload: *mut ::callback_adapter::Kept<(__K0,)>,
            __cb,
            __cb_arg: *mut ::core::ffi::c_void|
        {
            let __c_function: unsafe extern "C" fn(
                *mut bdev,
                <channel_msg as ::callback_adapter::Callback>::Fn,
                *mut c_void,
                <channel_done as ::callback_adapter::Callback>::Fn,
            ) = sys::for_each_channel;
            let bdev = <__K0 as ::callback_adapter::Keep<
                *mut bdev,
            >>::arg(unsafe { &mut (*__payload).0.0 });
            ::callback_adapter::__private::void_return(unsafe {
                __c_function(
                    bdev,
                    <channel_msg as ::callback_adapter::ResumedVisitorCallback>::FN,
                    __cb_arg,
                    __cb,
                )
            })
        };
        unsafe {
            ::callback_adapter::Call::new(
                &"for_each_channel",
                ::callback_adapter::Kept((bdev,)),
                __submit,
            )
        }
    };
    ::callback_adapter::submit_visit::<
        channel_msg,
        channel_done,
        ::callback_adapter::Kept<(__K0,)>,
        _,
    >(__call, visitor)
}
