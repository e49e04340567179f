/// The C callback `made`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum made {}
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
    impl ::callback_adapter::Callback for made {
        const NAME: &'static ::core::primitive::str = "made";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(object: *mut sys::object, ctx: *mut c_void),
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(object: *mut sys::object, ctx: *mut c_void),
        >,
    ) -> <made as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for made {
        type Value = ::core::option::Option<::callback_adapter::Handle<sys::object>>;
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
        __object: *mut sys::object,
        __ctx: *mut c_void,
    ) {
        let __read = move || -> ::core::result::Result<
            ::core::option::Option<::callback_adapter::Handle<sys::object>>,
            ::core::convert::Infallible,
        > {
            let __close: unsafe fn(*mut sys::object) = |__object| {
                let _ = unsafe { sys::close(__object) };
            };
            let __object = unsafe {
                ::callback_adapter::Handle::<sys::object>::new(__object, __close)
            };
            ::core::result::Result::Ok(__object)
        };
        unsafe { ::callback_adapter::__private::complete::<made, __S>(__ctx, __read) }
    }
};
