/// Calls the C function `stat`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `stat` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `stat` may be called.
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
pub unsafe fn stat() -> ::callback_adapter::Call<
    stat_cb,
    ::callback_adapter::Outs<(u64, u64)>,
    impl ::callback_adapter::Submit<stat_cb, ::callback_adapter::Outs<(u64, u64)>>,
>
where
    stat_cb: ::callback_adapter::OnceCallback,
{
    let __submit = move |
        __payload: *mut ::callback_adapter::Outs<(u64, u64)>,
        __cb,
        __cb_arg: *mut ::core::ffi::c_void|
    {
        let __c_function: unsafe extern "C" fn(
            *mut c_void,
            *mut u64,
            <stat_cb as ::callback_adapter::Callback>::Fn,
            *mut u64,
        ) -> c_int = sys::stat;
        let __places = { unsafe { &raw mut (*__payload).0 } }.cast::<(u64, u64)>();
        let reads = unsafe { &raw mut (*__places).0 };
        let writes = unsafe { &raw mut (*__places).1 };
        {
            let _ = unsafe { __c_function(__cb_arg, reads, __cb, writes) };
            ::callback_adapter::__private::void_return(())
        }
    };
    unsafe {
        ::callback_adapter::Call::new(
            &"stat",
            unsafe { ::callback_adapter::Outs::zeroed() },
            __submit,
        )
    }
}
