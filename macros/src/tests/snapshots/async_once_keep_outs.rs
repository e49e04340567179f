/// Calls the C function `open`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `open` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `open` may be called.
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
pub unsafe fn open<__K0: ::callback_adapter::Keep<*const c_char>>(
    name: __K0,
) -> ::callback_adapter::Call<
    open_cb,
    ::callback_adapter::KeptOuts<(__K0,), (*mut desc,)>,
    impl ::callback_adapter::Submit<
        open_cb,
        ::callback_adapter::KeptOuts<(__K0,), (*mut desc,)>,
    >,
>
where
    open_cb: ::callback_adapter::OnceCallback,
{
    let __submit = move |
        __payload: *mut ::callback_adapter::KeptOuts<(__K0,), (*mut desc,)>,
        __cb,
        __cb_arg: *mut ::core::ffi::c_void|
    {
        let __c_function: unsafe extern "C" fn(
            *const c_char,
            *mut *mut desc,
            <open_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
        ) -> bool = sys::open;
        let name = <__K0 as ::callback_adapter::Keep<
            *const c_char,
        >>::arg(unsafe { &mut (*__payload).0.0 });
        let __places = { unsafe { &raw mut (*__payload).1.0 } }.cast::<(*mut desc,)>();
        let desc = unsafe { &raw mut (*__places).0 };
        ::callback_adapter::__private::bool_return(unsafe {
            __c_function(name, desc, __cb, __cb_arg)
        })
    };
    unsafe {
        ::callback_adapter::Call::new(
            &"open",
            ::callback_adapter::KeptOuts(
                (name,),
                unsafe { ::callback_adapter::Outs::zeroed() },
            ),
            __submit,
        )
    }
}
