/// Calls the C function `ask`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `ask` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `ask` may be called.
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
pub unsafe fn ask() -> ::callback_adapter::Call<
    ask_cb,
    (),
    impl ::callback_adapter::Submit<ask_cb, ()>,
>
where
    ask_cb: ::callback_adapter::OnceCallback,
{
    let __submit = move |_: *mut (), __cb, __cb_arg: *mut ::core::ffi::c_void| {
        let __c_function: unsafe extern "C" fn(
            <ask_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
        ) -> u64 = sys::ask;
        {
            let _ = unsafe { __c_function(__cb, __cb_arg) };
            ::callback_adapter::__private::void_return(())
        }
    };
    unsafe { ::callback_adapter::Call::new(&"ask", (), __submit) }
}
