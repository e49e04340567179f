/// The C callback `each`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum each {}
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
    impl ::callback_adapter::Callback for each {
        const NAME: &'static ::core::primitive::str = "each";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, bdev: *mut bdev) -> c_int,
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, bdev: *mut bdev) -> c_int,
        >,
    ) -> <each as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::VisitorCallback for each {
        type Item = Bdev;
        type Answer = c_int;
        fn visit<__F: ::core::ops::FnMut(Self::Item) -> Self::Answer>() -> Self::Fn {
            __as_c(::core::option::Option::Some(__trampoline::<__F>))
        }
    }
    unsafe extern "C" fn __trampoline<__F: ::core::ops::FnMut(Bdev) -> c_int>(
        __ctx: *mut c_void,
        __bdev: *mut bdev,
    ) -> c_int {
        let __read = move || -> Bdev { unsafe { read_bdev(__bdev) } };
        unsafe { ::callback_adapter::__private::visit::<each, __F>(__ctx, __read) }
    }
};
