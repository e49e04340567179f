/// Completes an I/O.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum spdk_bdev_io_completion_cb {}
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
    impl ::callback_adapter::Callback for spdk_bdev_io_completion_cb {
        const NAME: &'static ::core::primitive::str = "spdk_bdev_io_completion_cb";
        type Fn = spdk_sys::spdk_bdev_io_completion_cb;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(
                bdev_io: *mut spdk_bdev_io,
                success: bool,
                cb_arg: *mut c_void,
            ),
        >,
    ) -> <spdk_bdev_io_completion_cb as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for spdk_bdev_io_completion_cb {
        type Value = ();
        type Error = ::callback_adapter::Failed;
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
        __bdev_io: *mut spdk_bdev_io,
        __success: bool,
        __cb_arg: *mut c_void,
    ) {
        let __read = move || -> ::core::result::Result<(), ::callback_adapter::Failed> {
            let __free0 = __Free0(__bdev_io);
            let __status = ::callback_adapter::__private::bool_status(__success);
            if let ::core::result::Result::Err(__error) = __status {
                return ::core::result::Result::Err(__error);
            }
            ::core::result::Result::Ok(())
        };
        unsafe {
            ::callback_adapter::__private::complete::<
                spdk_bdev_io_completion_cb,
                __S,
            >(__cb_arg, __read)
        }
    }
    struct __Free0(*mut spdk_bdev_io);
    impl ::core::ops::Drop for __Free0 {
        #[inline]
        fn drop(&mut self) {
            if !self.0.is_null() {
                let _ = unsafe { spdk_sys::spdk_bdev_free_io(self.0) };
            }
        }
    }
};
