/// The C callback `sized`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum sized {}
#[allow(
    deprecated,
    unused_qualifications,
    unused_unsafe,
    clippy::let_unit_value,
    clippy::unused_unit,
    clippy::multiple_unsafe_ops_per_block,
    clippy::too_many_arguments,
    clippy::undocumented_unsafe_blocks,
    reason = "generated: the contract is that of the annotated C callback"
)]
const _: () = {
    impl ::callback_adapter::Callback for sized {
        const NAME: &'static ::core::primitive::str = "sized";
        type Fn = sys::sized;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(
                rc: c_int,
                blocks: u64,
                name: *const c_char,
                ctx: *mut c_void,
            ),
        >,
    ) -> <sized as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for sized {
        type Value = (u64, *const c_char);
        type Error = ::callback_adapter::Errno;
        const POOLED: Self::Fn = __as_c(
            ::core::option::Option::Some(
                __trampoline::<::callback_adapter::__private::PooledStorage>,
            ),
        );
        const BOXED: Self::Fn = __as_c(
            ::core::option::Option::Some(
                __trampoline::<::callback_adapter::__private::BoxedStorage>,
            ),
        );
    }
    unsafe extern "C" fn __trampoline<__S: ::callback_adapter::__private::Storage>(
        __rc: c_int,
        __blocks: u64,
        __name: *const c_char,
        __ctx: *mut c_void,
    ) {
        let __read = move || -> ::core::result::Result<
            (u64, *const c_char),
            ::callback_adapter::Errno,
        > {
            let __status = ::callback_adapter::__private::errno_status(__rc);
            if let ::core::result::Result::Err(__error) = __status {
                return ::core::result::Result::Err(__error);
            }
            ::core::result::Result::Ok((__blocks, __name))
        };
        unsafe { ::callback_adapter::__private::complete::<sized, __S>(__ctx, __read) }
    }
};
