/// The C callback `each_fn`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum each_fn {}
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
    impl ::callback_adapter::Callback for each_fn {
        const NAME: &'static ::core::primitive::str = "each_fn";
        type Fn = sys::each_fn;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(
                ctx: *mut c_void,
                bdev: *mut bdev,
                scratch: *mut scratch,
            ) -> c_int,
        >,
    ) -> <each_fn as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::VisitorCallback for each_fn {
        type Item = *mut bdev;
        type Answer = c_int;
        fn visit<__F: ::core::ops::FnMut(Self::Item) -> Self::Answer>() -> Self::Fn {
            __as_c(::core::option::Option::Some(__trampoline::<__F>))
        }
    }
    unsafe extern "C" fn __trampoline<__F: ::core::ops::FnMut(*mut bdev) -> c_int>(
        __ctx: *mut c_void,
        __bdev: *mut bdev,
        __scratch: *mut scratch,
    ) -> c_int {
        let __free0 = __Free0(__scratch);
        let __read = move || -> *mut bdev { __bdev };
        unsafe { ::callback_adapter::__private::visit::<each_fn, __F>(__ctx, __read) }
    }
    struct __Free0(*mut scratch);
    impl ::core::ops::Drop for __Free0 {
        #[inline]
        fn drop(&mut self) {
            if !self.0.is_null() {
                let _ = unsafe { sys::put(self.0) };
            }
        }
    }
};
