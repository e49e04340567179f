//! The cases of `#[spdk_callback]`.

use super::{Attribute, Case};

const fn case(name: &'static str, args: &'static str, item: &'static str) -> Case {
    Case { name, attribute: Attribute::SpdkCallback, args, item }
}

pub(super) const CASES: &[Case] = &[
    case(
        "callback_once_free_bool",
        "once, sys = spdk_sys",
        r#"
        /// Completes an I/O.
        pub type spdk_bdev_io_completion_cb = unsafe extern "C" fn(
            #[free(spdk_sys::spdk_bdev_free_io)] bdev_io: *mut spdk_bdev_io,
            #[status(bool)] success: bool,
            #[context] cb_arg: *mut c_void,
        );
        "#,
    ),
    case("callback_once_plain", "once", r#"type lib_done = unsafe extern "C" fn(*mut c_void);"#),
    case(
        "callback_once_handle_copy_value",
        "once, sys = sys, crate = spdk_async::adapter",
        r#"
        #[cfg(feature = "open")]
        #[deprecated]
        pub(crate) type lib_opened = unsafe extern "C" fn(
            #[ignore] unused: *mut c_void,
            #[handle(close = sys::close)] object: *mut sys::object,
            #[copy] stat: *const sys::stat,
            #[value] data: *mut u8,
            len: usize,
            #[status(errno)] r#type: c_int,
            #[context] ctx: *mut c_void,
        );
        "#,
    ),
    case(
        "callback_once_status_with",
        "once",
        r#"
        pub type nvme_cmd_cb = unsafe extern "C" fn(
            ctx: *mut c_void,
            #[status(with = status::read -> NvmeStatus)] cpl: *const nvme_cpl,
        );
        "#,
    ),
    case(
        "callback_once_output",
        "once, sys = sys, typedef = io_cb, output = read_io -> Result<u32, IoStatus>",
        r#"
        pub type io_read_cb = unsafe extern "C" fn(
            #[free(sys::free_io)] io: *mut io,
            success: bool,
            ctx: *mut c_void,
        );
        "#,
    ),
    case(
        "callback_multi",
        "multi, sys = sys",
        r#"
        pub type event_cb = unsafe extern "C" fn(
            r#type: event_type,
            #[ignore] bdev: *mut bdev,
            ctx: *mut c_void,
        );
        "#,
    ),
    case(
        "callback_visitor_answer",
        "visitor, sys = sys",
        r#"
        pub type each_fn = unsafe extern "C" fn(
            ctx: *mut c_void,
            #[value] bdev: *mut bdev,
            #[free(sys::put)] scratch: *mut scratch,
        ) -> c_int;
        "#,
    ),
    case(
        "callback_visitor_resume",
        "visitor, sys = sys",
        r#"
        pub type channel_msg = unsafe extern "C" fn(
            #[resume(sys::continue_walk)] i: *mut iter,
            #[ignore] bdev: *mut bdev,
            #[value] ch: *mut channel,
            ctx: *mut c_void,
        );
        "#,
    ),
];
