/// Calls the C function `sync`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `sync` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `sync` may be called.
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
pub unsafe fn sync() -> ::callback_adapter::Call<
    sync_cb,
    (),
    impl ::callback_adapter::Submit<sync_cb, ()>,
>
where
    sync_cb: ::callback_adapter::OnceCallback,
{
    let __submit = move |_: *mut (), __cb, __cb_arg: *mut ::core::ffi::c_void| {
        let __c_function: unsafe extern "C" fn(
            <sync_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
        ) -> c_int = sys::sync;
        ::callback_adapter::__private::errno_return(unsafe {
            __c_function(__cb, __cb_arg)
        })
    };
    unsafe { ::callback_adapter::Call::new(&"sync", (), __submit) }
}
