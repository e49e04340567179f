/// The C callback `lib_done`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
enum lib_done {}
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
    impl ::callback_adapter::Callback for lib_done {
        const NAME: &'static ::core::primitive::str = "lib_done";
        type Fn = ::core::option::Option<unsafe extern "C" fn(*mut c_void)>;
    }
    const fn __as_c(
        __function: ::core::option::Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> <lib_done as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for lib_done {
        type Value = ();
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
        __arg0: *mut c_void,
    ) {
        let __read = move || -> ::core::result::Result<(), ::core::convert::Infallible> {
            ::core::result::Result::Ok(())
        };
        unsafe {
            ::callback_adapter::__private::complete::<lib_done, __S>(__arg0, __read)
        }
    }
};
