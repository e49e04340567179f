/// Flushes.
///
/// # Safety
///
/// - None.
#[allow(
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
> {
    const __C_FUNCTION: unsafe extern "C" fn(
        <flush_cb as spdk_async::adapter::Callback>::Fn,
        *mut c_void,
    ) = sys::lib_flush;
    let submit = move |_: *mut (), cb, cb_arg: *mut ::core::ffi::c_void| {
        spdk_async::adapter::__private::void_return(unsafe { __C_FUNCTION(cb, cb_arg) })
    };
    unsafe { spdk_async::adapter::Call::new("lib_flush", (), submit) }
}
