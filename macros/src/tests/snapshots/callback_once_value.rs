/// The C callback `counted`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum counted {}
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
    impl ::callback_adapter::Callback for counted {
        const NAME: &'static ::core::primitive::str = "counted";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, count: u64),
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, count: u64),
        >,
    ) -> <counted as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for counted {
        type Value = u64;
        type Error = ::core::convert::Infallible;
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
        __ctx: *mut c_void,
        __count: u64,
    ) {
        let __read = move || -> ::core::result::Result<u64, ::core::convert::Infallible> {
            ::core::result::Result::Ok(__count)
        };
        unsafe { ::callback_adapter::__private::complete::<counted, __S>(__ctx, __read) }
    }
};
