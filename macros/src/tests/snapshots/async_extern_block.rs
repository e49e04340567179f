/// Calls the C function `lib_read`, whose callback completes what is returned.
///
/// # Safety
///
/// - Every argument is what `lib_read` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).
/// - What is returned is first polled, or submitted, on a thread on which `lib_read` may be called.
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
pub unsafe fn lib_read<__K0: ::callback_adapter::Keep<*mut u8>>(
    buf: __K0,
    len: usize,
) -> ::callback_adapter::Call<
    read_cb,
    ::callback_adapter::Kept<(__K0,)>,
    impl ::callback_adapter::Submit<read_cb, ::callback_adapter::Kept<(__K0,)>>,
>
where
    read_cb: ::callback_adapter::OnceCallback,
{
    let __submit = move |
        __payload: *mut ::callback_adapter::Kept<(__K0,)>,
        __cb,
        __cb_arg: *mut ::core::ffi::c_void|
    {
        let __c_function: unsafe extern "C" fn(
            *mut u8,
            usize,
            <read_cb as ::callback_adapter::Callback>::Fn,
            *mut c_void,
        ) -> c_int = {
            #[link(name = "x")]
            unsafe extern "C" {
                #[link_name = "lib_read_v2"]
                fn lib_read(
                    buf: *mut u8,
                    len: usize,
                    cb: <read_cb as ::callback_adapter::Callback>::Fn,
                    ctx: *mut c_void,
                ) -> c_int;
            }
            lib_read
        };
        let buf = <__K0 as ::callback_adapter::Keep<
            *mut u8,
        >>::arg(unsafe { &mut (*__payload).0.0 });
        ::callback_adapter::__private::errno_return(unsafe {
            __c_function(buf, len, __cb, __cb_arg)
        })
    };
    unsafe {
        ::callback_adapter::Call::new(
            &"lib_read",
            ::callback_adapter::Kept((buf,)),
            __submit,
        )
    }
}
/// Walks.
///
/// # Safety
///
/// - Every argument is what `lib_walk` asks for.
/// - `lib_walk` may be called on this thread, and calls its callback only before it returns, one call at a time.
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
unsafe fn lib_walk(
    visitor: impl ::core::ops::FnMut(
        <walk_cb as ::callback_adapter::VisitorCallback>::Item,
    ) -> <walk_cb as ::callback_adapter::VisitorCallback>::Answer,
)
where
    walk_cb: ::callback_adapter::VisitorCallback,
{
    let __c_function: unsafe extern "C" fn(
        <walk_cb as ::callback_adapter::Callback>::Fn,
        *mut c_void,
    ) = {
        #[link(name = "x")]
        unsafe extern "C" {
            fn lib_walk(
                cb: <walk_cb as ::callback_adapter::Callback>::Fn,
                ctx: *mut c_void,
            );
        }
        lib_walk
    };
    ::callback_adapter::__private::walk::<
        walk_cb,
        _,
        _,
    >(visitor, |__cb, __cb_arg| unsafe { __c_function(__cb, __cb_arg) })
}
