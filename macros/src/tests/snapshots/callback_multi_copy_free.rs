/// The C callback `aer_cb`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum aer_cb {}
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
    impl ::callback_adapter::Callback for aer_cb {
        const NAME: &'static ::core::primitive::str = "aer_cb";
        type Fn = sys::aer_cb;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(
                ctx: *mut c_void,
                cpl: *const cpl,
                number: u32,
                owner: *mut owner,
            ),
        >,
    ) -> <aer_cb as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::MultiCallback for aer_cb {
        type Item = (::core::option::Option<cpl>, u32);
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(
        __ctx: *mut c_void,
        __cpl: *const cpl,
        __number: u32,
        __owner: *mut owner,
    ) {
        let __read = move || -> (::core::option::Option<cpl>, u32) {
            let __free0 = __Free0(__owner);
            (unsafe { ::callback_adapter::__private::copied(__cpl) }, __number)
        };
        ::callback_adapter::__private::deliver::<aer_cb>(__ctx, __read)
    }
    struct __Free0(*mut owner);
    impl ::core::ops::Drop for __Free0 {
        #[inline]
        fn drop(&mut self) {
            if !self.0.is_null() {
                let _ = unsafe { sys::put(self.0) };
            }
        }
    }
};
