/// Flushes.
///
/// # Safety
///
/// - None.
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
unsafe fn flush() -> spdk_async::adapter::Call<
    flush_cb,
    (),
    impl spdk_async::adapter::Submit<flush_cb, ()>,
>
where
    flush_cb: spdk_async::adapter::OnceCallback,
{
    let __submit = move |_: *mut (), __cb, __cb_arg: *mut ::core::ffi::c_void| {
        let __c_function: unsafe extern "C" fn(
            <flush_cb as spdk_async::adapter::Callback>::Fn,
            *mut c_void,
        ) = sys::lib_flush;
        spdk_async::adapter::__private::void_return(unsafe {
            __c_function(__cb, __cb_arg)
        })
    };
    unsafe { spdk_async::adapter::Call::new(&"lib_flush", (), __submit) }
}
