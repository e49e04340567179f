/// Calls the C function `for_each_blob`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `for_each_blob` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `for_each_blob` may be called.
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
pub unsafe fn for_each_blob(
    visitor: impl ::core::ops::Fn(
        <blob_op as ::callback_adapter::ResumedVisitorCallback>::Item,
    ) -> ::core::ffi::c_int + ::core::marker::Send + ::core::marker::Sync + 'static,
) -> ::callback_adapter::Submitted<blobs_done, ::callback_adapter::Outs<(u32,)>>
where
    blobs_done: ::callback_adapter::OnceCallback,
    blob_op: ::callback_adapter::ResumedVisitorCallback,
{
    let __call = {
        let __submit = move |
            __payload: *mut ::callback_adapter::Outs<(u32,)>,
            __cb,
            __cb_arg: *mut ::core::ffi::c_void|
        {
            let __c_function: unsafe extern "C" fn(
                <blobs_done as ::callback_adapter::Callback>::Fn,
                <blob_op as ::callback_adapter::Callback>::Fn,
                *mut c_void,
                *mut u32,
            ) -> c_int = sys::for_each_blob;
            let __places = { unsafe { &raw mut (*__payload).0 } }.cast::<(u32,)>();
            let count = unsafe { &raw mut (*__places).0 };
            ::callback_adapter::__private::errno_return(unsafe {
                __c_function(
                    __cb,
                    <blob_op as ::callback_adapter::ResumedVisitorCallback>::FN,
                    __cb_arg,
                    count,
                )
            })
        };
        unsafe {
            ::callback_adapter::Call::new(
                &"for_each_blob",
                unsafe { ::callback_adapter::Outs::zeroed() },
                __submit,
            )
        }
    };
    ::callback_adapter::submit_visit::<
        blob_op,
        blobs_done,
        ::callback_adapter::Outs<(u32,)>,
        _,
    >(__call, visitor)
}
