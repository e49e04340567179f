/// The C callback `timeout_cb`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum timeout_cb {}
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
    impl ::callback_adapter::Callback for timeout_cb {
        const NAME: &'static ::core::primitive::str = "timeout_cb";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, io: *mut io),
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, io: *mut io),
        >,
    ) -> <timeout_cb as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::MultiCallback for timeout_cb {
        type Item = Timeout;
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(__ctx: *mut c_void, __io: *mut io) {
        let __read = move || -> Timeout { unsafe { read_timeout(__io) } };
        ::callback_adapter::__private::deliver::<timeout_cb>(__ctx, __read)
    }
};
