/// Calls the C function `lib_sync`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `lib_sync` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `lib_sync` may be called.
#[cfg(unix)]
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
unsafe fn lib_sync() -> spdk_async::adapter::Call<
    sync_cb,
    (),
    impl spdk_async::adapter::Submit<sync_cb, ()>,
>
where
    sync_cb: spdk_async::adapter::OnceCallback,
{
    let __submit = move |_: *mut (), __cb, __cb_arg: *mut ::core::ffi::c_void| {
        let __c_function: unsafe extern "C" fn(
            <sync_cb as spdk_async::adapter::Callback>::Fn,
            *mut c_void,
        ) -> c_int = {
            #[link(name = "x")]
            unsafe extern "C" {
                fn lib_sync(
                    cb: <sync_cb as spdk_async::adapter::Callback>::Fn,
                    ctx: *mut c_void,
                ) -> c_int;
            }
            lib_sync
        };
        spdk_async::adapter::__private::errno_return(unsafe {
            __c_function(__cb, __cb_arg)
        })
    };
    unsafe { spdk_async::adapter::Call::new(&"lib_sync", (), __submit) }
}
