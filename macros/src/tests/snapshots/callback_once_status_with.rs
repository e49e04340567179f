/// The C callback `nvme_cmd_cb`.
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub enum nvme_cmd_cb {}
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
    impl ::callback_adapter::Callback for nvme_cmd_cb {
        const NAME: &'static ::core::primitive::str = "nvme_cmd_cb";
        type Fn = ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, cpl: *const nvme_cpl),
        >;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut c_void, cpl: *const nvme_cpl),
        >,
    ) -> <nvme_cmd_cb as ::callback_adapter::Callback>::Fn {
        __function
    }
    unsafe impl ::callback_adapter::OnceCallback for nvme_cmd_cb {
        type Value = ();
        type Error = NvmeStatus;
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
        __ctx: *mut c_void,
        __cpl: *const nvme_cpl,
    ) {
        let __read = move || -> ::core::result::Result<(), NvmeStatus> {
            let __status: ::core::result::Result<(), NvmeStatus> = unsafe {
                status::read(__cpl)
            };
            if let ::core::result::Result::Err(__error) = __status {
                return ::core::result::Result::Err(__error);
            }
            ::core::result::Result::Ok(())
        };
        unsafe {
            ::callback_adapter::__private::complete::<nvme_cmd_cb, __S>(__ctx, __read)
        }
    }
};
