/// The C callback `found`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum found {}
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
    impl ::callback_adapter::Callback for found {
        const NAME: &'static ::core::primitive::str = "found";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, object: *mut sys::object),
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, object: *mut sys::object),
        >,
    ) -> <found as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::MultiCallback for found {
        type Item = ::core::option::Option<::callback_adapter::Handle<sys::object>>;
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(__ctx: *mut c_void, __object: *mut sys::object) {
        let __read = move || -> ::core::option::Option<
            ::callback_adapter::Handle<sys::object>,
        > {
            let __close: unsafe fn(*mut sys::object) = |__object| {
                let _ = unsafe { sys::close(__object) };
            };
            let __object = unsafe {
                ::callback_adapter::Handle::<sys::object>::new(__object, __close)
            };
            __object
        };
        ::callback_adapter::__private::deliver::<found>(__ctx, __read)
    }
};
