/// The C callback `stat_cb`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum stat_cb {}
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
    impl ::callback_adapter::Callback for stat_cb {
        const NAME: &'static ::core::primitive::str = "stat_cb";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(stat: *const stat, bool, *mut c_void, ok: bool),
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(stat: *const stat, bool, *mut c_void, ok: bool),
        >,
    ) -> <stat_cb as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for stat_cb {
        type Value = (::core::option::Option<stat>, bool);
        type Error = ::callback_adapter::Failed;
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
        __stat: *const stat,
        __arg1: bool,
        __arg2: *mut c_void,
        __ok: bool,
    ) {
        let __read = move || -> ::core::result::Result<
            (::core::option::Option<stat>, bool),
            ::callback_adapter::Failed,
        > {
            let __status = ::callback_adapter::__private::bool_status(__ok);
            if let ::core::result::Result::Err(__error) = __status {
                return ::core::result::Result::Err(__error);
            }
            ::core::result::Result::Ok((
                unsafe { ::callback_adapter::__private::copied(__stat) },
                __arg1,
            ))
        };
        unsafe {
            ::callback_adapter::__private::complete::<stat_cb, __S>(__arg2, __read)
        }
    }
};
