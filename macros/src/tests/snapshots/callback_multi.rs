/// The C callback `event_cb`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum event_cb {}
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
    impl ::callback_adapter::Callback for event_cb {
        const NAME: &'static ::core::primitive::str = "event_cb";
        type Fn = sys::event_cb;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(r#type: event_type, bdev: *mut bdev, ctx: *mut c_void),
        >,
    ) -> <event_cb as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::MultiCallback for event_cb {
        type Item = event_type;
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(
        __type: event_type,
        _: *mut bdev,
        __ctx: *mut c_void,
    ) {
        let __read = move || -> event_type { __type };
        ::callback_adapter::__private::deliver::<event_cb>(__ctx, __read)
    }
};
