/// Calls the C function `stat`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `stat` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `stat` may be called.
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
pub unsafe fn stat() -> ::callback_adapter::Call<
    stat_cb,
    ::callback_adapter::Outs<(u64, u64)>,
    impl ::callback_adapter::Submit<stat_cb, ::callback_adapter::Outs<(u64, u64)>>,
> {
    const __C_FUNCTION: unsafe extern "C" fn(
        *mut c_void,
        *mut u64,
        <stat_cb as ::callback_adapter::Callback>::Fn,
        *mut u64,
    ) -> c_int = sys::stat;
    let submit = move |
        payload: *mut ::callback_adapter::Outs<(u64, u64)>,
        cb,
        cb_arg: *mut ::core::ffi::c_void|
    {
        let places = { unsafe { &raw mut (*payload).0 } }.cast::<(u64, u64)>();
        let reads = unsafe { &raw mut (*places).0 };
        let writes = unsafe { &raw mut (*places).1 };
        {
            let _ = unsafe { __C_FUNCTION(cb_arg, reads, cb, writes) };
            ::callback_adapter::__private::void_return(())
        }
    };
    unsafe {
        ::callback_adapter::Call::new(
            "stat",
            unsafe { ::callback_adapter::Outs::zeroed() },
            submit,
        )
    }
}
