/// The C callback `msg`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum msg {}
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
    impl ::callback_adapter::Callback for msg {
        const NAME: &'static ::core::primitive::str = "msg";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(i: *mut iter, ch: *mut channel, ctx: *mut c_void),
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(i: *mut iter, ch: *mut channel, ctx: *mut c_void),
        >,
    ) -> <msg as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::ResumedVisitorCallback for msg {
        type Item = u32;
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(
        __i: *mut iter,
        __ch: *mut channel,
        __ctx: *mut c_void,
    ) {
        let __answer = {
            let __read = move || -> u32 { unsafe { read_channel(__i, __ch) } };
            ::callback_adapter::__private::visit_shared::<msg>(__ctx, __read)
        };
        let _ = unsafe { sys::continue_walk(__i, __answer) };
    }
};
