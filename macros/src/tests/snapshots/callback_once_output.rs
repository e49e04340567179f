/// The C callback `io_cb`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum io_read_cb {}
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
    impl ::callback_adapter::Callback for io_read_cb {
        const NAME: &'static ::core::primitive::str = "io_cb";
        type Fn = sys::io_cb;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(io: *mut io, success: bool, ctx: *mut c_void),
        >,
    ) -> <io_read_cb as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for io_read_cb {
        type Value = u32;
        type Error = IoStatus;
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
        __io: *mut io,
        __success: bool,
        __ctx: *mut c_void,
    ) {
        let __read = move || -> ::core::result::Result<u32, IoStatus> {
            let __free0 = __Free0(__io);
            unsafe { read_io(__io, __success) }
        };
        unsafe {
            ::callback_adapter::__private::complete::<io_read_cb, __S>(__ctx, __read)
        }
    }
    struct __Free0(*mut io);
    impl ::core::ops::Drop for __Free0 {
        #[inline]
        fn drop(&mut self) {
            if !self.0.is_null() {
                let _ = unsafe { sys::free_io(self.0) };
            }
        }
    }
};
