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
        type Fn = sys::msg;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(
                i: *mut iter,
                stat: *const stat,
                object: *mut sys::object,
                scratch: *mut scratch,
                ctx: *mut c_void,
            ),
        >,
    ) -> <msg as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::ResumedVisitorCallback for msg {
        type Item = (
            ::core::option::Option<stat>,
            ::core::option::Option<::callback_adapter::Handle<sys::object>>,
        );
        const FN: Self::Fn = __as_c(::core::option::Option::Some(__trampoline));
    }
    unsafe extern "C" fn __trampoline(
        __i: *mut iter,
        __stat: *const stat,
        __object: *mut sys::object,
        __scratch: *mut scratch,
        __ctx: *mut c_void,
    ) {
        let __answer = {
            let __free0 = __Free0(__scratch);
            let __read = move || -> (
                ::core::option::Option<stat>,
                ::core::option::Option<::callback_adapter::Handle<sys::object>>,
            ) {
                let __close: unsafe fn(*mut sys::object) = |__object| {
                    let _ = unsafe { sys::close(__object) };
                };
                let __object = unsafe {
                    ::callback_adapter::Handle::<sys::object>::new(__object, __close)
                };
                (unsafe { ::callback_adapter::__private::copied(__stat) }, __object)
            };
            ::callback_adapter::__private::visit_shared::<msg>(__ctx, __read)
        };
        let _ = unsafe { sys::continue_walk(__i, __answer) };
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
