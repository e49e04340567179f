/// The C callback `lib_opened`.
#[cfg(feature = "open")]
#[deprecated]
#[allow(
    non_camel_case_types,
    missing_debug_implementations,
    reason = "the type has C's name and no values"
)]
pub(crate) enum lib_opened {}
#[cfg(feature = "open")]
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
    impl spdk_async::adapter::Callback for lib_opened {
        const NAME: &'static ::core::primitive::str = "lib_opened";
        type Fn = sys::lib_opened;
    }
    const fn __as_c(
        __function: ::core::option::Option<
            unsafe extern "C" fn(
                unused: *mut c_void,
                object: *mut sys::object,
                stat: *const sys::stat,
                data: *mut u8,
                len: usize,
                r#type: c_int,
                ctx: *mut c_void,
            ),
        >,
    ) -> <lib_opened as spdk_async::adapter::Callback>::Fn {
        __function
    }
    unsafe impl spdk_async::adapter::OnceCallback for lib_opened {
        type Value = (
            ::core::option::Option<spdk_async::adapter::Handle<sys::object>>,
            ::core::option::Option<sys::stat>,
            *mut u8,
            usize,
        );
        type Error = spdk_async::adapter::Errno;
        const POOLED: Self::Fn = __as_c(
            ::core::option::Option::Some(
                __trampoline::<spdk_async::adapter::__private::PooledStorage>,
            ),
        );
        const BOXED: Self::Fn = __as_c(
            ::core::option::Option::Some(
                __trampoline::<spdk_async::adapter::__private::BoxedStorage>,
            ),
        );
    }
    unsafe extern "C" fn __trampoline<__S: spdk_async::adapter::__private::Storage>(
        _: *mut c_void,
        __object: *mut sys::object,
        __stat: *const sys::stat,
        __data: *mut u8,
        __len: usize,
        __type: c_int,
        __ctx: *mut c_void,
    ) {
        let __read = move || -> ::core::result::Result<
            (
                ::core::option::Option<spdk_async::adapter::Handle<sys::object>>,
                ::core::option::Option<sys::stat>,
                *mut u8,
                usize,
            ),
            spdk_async::adapter::Errno,
        > {
            let __close: unsafe fn(*mut sys::object) = |__object| {
                let _ = unsafe { sys::close(__object) };
            };
            let __object = unsafe {
                spdk_async::adapter::Handle::<sys::object>::new(__object, __close)
            };
            let __status = spdk_async::adapter::__private::errno_status(__type);
            if let ::core::result::Result::Err(__error) = __status {
                return ::core::result::Result::Err(__error);
            }
            ::core::result::Result::Ok((
                __object,
                unsafe { spdk_async::adapter::__private::copied(__stat) },
                __data,
                __len,
            ))
        };
        unsafe {
            spdk_async::adapter::__private::complete::<lib_opened, __S>(__ctx, __read)
        }
    }
};
