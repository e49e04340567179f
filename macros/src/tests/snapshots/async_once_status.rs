/// Calls the C function `reset`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `reset` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `reset` may be called.
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
pub unsafe fn reset(
    kind: reset_kind,
) -> ::callback_adapter::Call<
    reset_cb,
    (),
    impl ::callback_adapter::Submit<reset_cb, ()>,
>
where
    reset_kind: ::core::marker::Copy,
    reset_cb: ::callback_adapter::OnceCallback,
{
    let __submit = move |_: *mut (), __cb, __cb_arg: *mut ::core::ffi::c_void| {
        let __c_function: unsafe extern "C" fn(
            reset_kind,
            <reset_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
        ) -> i32 = sys::reset;
        ::callback_adapter::__private::status_return(unsafe {
            __c_function(kind, __cb, __cb_arg)
        })
    };
    unsafe { ::callback_adapter::Call::new(&"reset", (), __submit) }
}
