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
    case(
        "callback_once_value",
        "once",
        r#"pub type counted = unsafe extern "C" fn(ctx: *mut c_void, count: u64);"#,
    ),
    case(
        "callback_once_values_errno",
        "once, sys = sys",
        r#"
        pub type sized = unsafe extern "C" fn(
            #[status(errno)] rc: c_int,
            blocks: u64,
            #[value] name: *const c_char,
            ctx: *mut c_void,
        );
        "#,
    ),
    case(
        "callback_once_handle",
        "once",
        r#"
        pub type made = unsafe extern "C" fn(
            #[handle(close = sys::close)] object: *mut sys::object,
            ctx: *mut c_void,
        );
        "#,
    ),
    case(
        "callback_multi_nothing",
        "multi",
        r#"pub type tick = unsafe extern "C" fn(ctx: *mut c_void);"#,
    ),
    case(
        "callback_multi_copy_free",
        "multi, sys = sys",
        r#"
        pub type aer_cb = unsafe extern "C" fn(
            ctx: *mut c_void,
            #[copy] cpl: *const cpl,
            number: u32,
            #[free(sys::put)] owner: *mut owner,
        );
        "#,
    ),
    case(
        "callback_multi_handle",
        "multi",
        r#"
        pub type found = unsafe extern "C" fn(
            ctx: *mut c_void,
            #[handle(close = sys::close)] object: *mut sys::object,
        );
        "#,
    ),
    case(
        "callback_multi_output",
        "multi, output = read_timeout -> Timeout",
        r#"pub type timeout_cb = unsafe extern "C" fn(ctx: *mut c_void, io: *mut io);"#,
    ),
    case(
        "callback_visitor_nothing",
        "visitor",
        r#"pub type each = unsafe extern "C" fn(ctx: *mut c_void);"#,
    ),
    case(
        "callback_visitor_copy_handle",
        "visitor",
        r#"
        pub type each = unsafe extern "C" fn(
            ctx: *mut c_void,
            #[copy] stat: *const stat,
            #[handle(close = sys::close)] object: *mut sys::object,
        ) -> c_int;
        "#,
    ),
    case(
        "callback_visitor_output",
        "visitor, output = read_bdev -> Bdev",
        r#"pub type each = unsafe extern "C" fn(ctx: *mut c_void, bdev: *mut bdev) -> c_int;"#,
    ),
    case(
        "callback_visitor_resume_copy_handle_free",
        "visitor, sys = sys",
        r#"
        pub type msg = unsafe extern "C" fn(
            #[resume(sys::continue_walk)] i: *mut iter,
            #[copy] stat: *const stat,
            #[handle(close = sys::close)] object: *mut sys::object,
            #[free(sys::put)] scratch: *mut scratch,
            ctx: *mut c_void,
        );
        "#,
    ),
    case(
        "callback_visitor_resume_output",
        "visitor, output = read_channel -> u32",
        r#"
        pub type msg = unsafe extern "C" fn(
            #[resume(sys::continue_walk)] i: *mut iter,
            ch: *mut channel,
            ctx: *mut c_void,
        );
        "#,
    ),
    case(
        "callback_once_copy_unnamed",
        "once",
        r#"
        pub type stat_cb = unsafe extern "C" fn(
            #[copy] stat: *const stat,
            bool,
            *mut c_void,
            #[status(bool)] ok: bool,
        );
        "#,
    ),
];
