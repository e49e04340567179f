/// The C callback `tick`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum tick {}
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
    impl ::callback_adapter::Callback for tick {
        const NAME: &'static ::core::primitive::str = "tick";
        type Fn = ::core::option::Option<unsafe extern "C" fn(ctx: *mut c_void)>;
    }
    const fn __as_c(
        __function: ::core::option::Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    ) -> <tick as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::MultiCallback for tick {
        type Item = ();
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(__ctx: *mut c_void) {
        let __read = move || -> () { () };
        ::callback_adapter::__private::deliver::<tick>(__ctx, __read)
    }
};
