/// The C callback `channel_msg`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum channel_msg {}
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
    impl ::callback_adapter::Callback for channel_msg {
        const NAME: &'static ::core::primitive::str = "channel_msg";
        type Fn = sys::channel_msg;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(
                i: *mut iter,
                bdev: *mut bdev,
                ch: *mut channel,
                ctx: *mut c_void,
            ),
        >,
    ) -> <channel_msg as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::ResumedVisitorCallback for channel_msg {
        type Item = *mut channel;
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(
        __i: *mut iter,
        _: *mut bdev,
        __ch: *mut channel,
        __ctx: *mut c_void,
    ) {
        let __answer = {
            let __read = move || -> *mut channel { __ch };
            ::callback_adapter::__private::visit_shared::<channel_msg>(__ctx, __read)
        };
        let _ = unsafe { sys::continue_walk(__i, __answer) };
    }
};
