/// Calls the C function `spdk_bdev_write`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `spdk_bdev_write` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `spdk_bdev_write` may be called.
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
pub unsafe fn spdk_bdev_write<
    __K0: ::callback_adapter::Keep<*mut spdk_io_channel>,
    __K1: ::callback_adapter::Keep<*mut c_void>,
>(
    desc: *mut spdk_bdev_desc,
    ch: __K0,
    buf: __K1,
    offset: u64,
    nbytes: u64,
) -> ::callback_adapter::Call<
    spdk_bdev_io_completion_cb,
    ::callback_adapter::Kept<(__K0, __K1)>,
    impl ::callback_adapter::Submit<
        spdk_bdev_io_completion_cb,
        ::callback_adapter::Kept<(__K0, __K1)>,
    >,
>
where
    spdk_bdev_io_completion_cb: ::callback_adapter::OnceCallback,
{
    let __submit = move |
        __payload: *mut ::callback_adapter::Kept<(__K0, __K1)>,
        __cb,
        __cb_arg: *mut ::core::ffi::c_void|
    {
        let __c_function: unsafe extern "C" fn(
            *mut spdk_bdev_desc,
            *mut spdk_io_channel,
            *mut c_void,
            u64,
            u64,
            <spdk_bdev_io_completion_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
        ) -> c_int = spdk_sys::spdk_bdev_write;
        let ch = <__K0 as ::callback_adapter::Keep<
            *mut spdk_io_channel,
        >>::arg(unsafe { &mut (*__payload).0.0 });
        let buf = <__K1 as ::callback_adapter::Keep<
            *mut c_void,
        >>::arg(unsafe { &mut (*__payload).0.1 });
        ::callback_adapter::__private::errno_return(unsafe {
            __c_function(desc, ch, buf, offset, nbytes, __cb, __cb_arg)
        })
    };
    unsafe {
        ::callback_adapter::Call::new(
            &"spdk_bdev_write",
            ::callback_adapter::Kept((ch, buf)),
            __submit,
        )
    }
}
