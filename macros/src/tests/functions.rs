//! The cases of `#[spdk_async]`.

use super::{Attribute, Case};

const fn case(name: &'static str, args: &'static str, item: &'static str) -> Case {
    Case { name, attribute: Attribute::SpdkAsync, args, item }
}

pub(super) const CASES: &[Case] = &[
    case(
        "async_once_keep",
        "sys = spdk_sys",
        r"
        pub unsafe fn spdk_bdev_write(
            desc: *mut spdk_bdev_desc,
            #[keep] ch: *mut spdk_io_channel,
            #[keep] buf: *mut c_void,
            offset: u64,
            nbytes: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
        ) -> c_int;
        ",
    ),
    case(
        "async_once_no_payload",
        "sys = sys, name = lib_flush, crate = spdk_async::adapter",
        r"
        /// Flushes.
        ///
        /// # Safety
        ///
        /// - None.
        unsafe fn flush(cb: flush_cb, cb_arg: *mut c_void);
        ",
    ),
    case(
        "async_once_outs",
        "sys = sys, returns = void",
        r"
        pub unsafe fn stat(
            #[context] ctx: *mut c_void,
            #[out] reads: *mut u64,
            #[callback] cb: stat_cb,
            #[out] writes: *mut u64,
        ) -> c_int;
        ",
    ),
    case(
        "async_once_keep_outs",
        "once, sys = sys",
        r"
        pub unsafe fn open(
            #[keep] name: *const c_char,
            #[out] desc: *mut *mut desc,
            cb: open_cb,
            ctx: *mut c_void,
        ) -> bool;
        ",
    ),
    case(
        "async_once_multi",
        "sys = sys",
        r"
        pub unsafe fn attach(
            #[keep] opts: *const opts,
            #[multi] event_cb: event_cb,
            event_ctx: *mut c_void,
            cb: attach_cb,
            ctx: *mut c_void,
        ) -> *mut attach_ctx;
        ",
    ),
    case(
        "async_once_visit",
        "sys = sys",
        r"
        pub unsafe fn for_each_channel(
            #[keep] bdev: *mut bdev,
            #[visit] fn_: channel_msg,
            #[context] ctx: *mut c_void,
            #[callback] cpl: channel_done,
        );
        ",
    ),
    case(
        "async_multi",
        "multi, sys = sys",
        r"
        pub unsafe fn watch(name: *const c_char, cb: event_cb, ctx: *mut c_void) -> c_int;
        ",
    ),
    case(
        "async_multi_outs",
        "multi, sys = sys, returns = status",
        r"
        pub unsafe fn open_ext(
            name: *const c_char,
            cb: event_cb,
            ctx: *mut c_void,
            #[out] desc: *mut *mut desc,
        ) -> c_int;
        ",
    ),
    case(
        "async_multi_object",
        "multi, sys = sys",
        r"
        pub unsafe fn register(
            cb: poll_cb,
            ctx: *mut c_void,
            #[out] id: *mut u32,
        ) -> *mut poller;
        ",
    ),
    case(
        "async_visitor",
        "visitor, sys = sys",
        r"
        pub unsafe fn for_each(#[context] ctx: *mut c_void, #[callback] r#fn: each_fn) -> c_int;
        ",
    ),
    case(
        "async_extern_block",
        "",
        r#"
        #[link(name = "x")]
        unsafe extern "C" {
            #[cfg(unix)]
            #[link_name = "lib_read_v2"]
            pub fn lib_read(#[keep] buf: *mut u8, len: usize, cb: read_cb, ctx: *mut c_void) -> c_int;
            /// Walks.
            #[spdk_async(visitor)]
            fn lib_walk(cb: walk_cb, ctx: *mut c_void);
        }
        "#,
    ),
    case(
        "async_once_errno",
        "sys = sys",
        r"pub unsafe fn sync(cb: sync_cb, ctx: *mut c_void) -> c_int;",
    ),
    case(
        "async_once_status",
        "sys = sys, returns = status",
        r"pub unsafe fn reset(kind: reset_kind, cb: reset_cb, ctx: *mut c_void) -> i32;",
    ),
    case(
        "async_once_void_of_a_value",
        "sys = sys, returns = void",
        r"pub unsafe fn ask(cb: ask_cb, ctx: *mut c_void) -> u64;",
    ),
    case(
        "async_once_visit_errno",
        "sys = sys",
        r"
        pub unsafe fn for_each_blob(
            #[callback] cpl: blobs_done,
            #[visit] visit: blob_op,
            #[context] ctx: *mut c_void,
            #[out] count: *mut u32,
        ) -> c_int;
        ",
    ),
    case(
        "async_multi_void",
        "multi, sys = sys",
        r"pub unsafe fn on_tick(cb: tick, ctx: *mut c_void);",
    ),
    case(
        "async_multi_void_of_a_value",
        "multi, sys = sys, returns = void",
        r"pub unsafe fn on_tick(cb: tick, ctx: *mut c_void) -> u64;",
    ),
    case(
        "async_multi_bool",
        "multi, sys = sys",
        r"pub unsafe fn on_tick(cb: tick, ctx: *mut c_void) -> bool;",
    ),
    case(
        "async_multi_null",
        "multi, sys = sys",
        r"pub unsafe fn on_tick(period: u64, cb: tick, ctx: *mut c_void) -> *mut poller;",
    ),
    case(
        "async_visitor_nothing",
        "visitor, sys = sys, name = lib_each",
        r"pub unsafe fn each(first: *mut bdev, cb: each_fn, ctx: *mut c_void);",
    ),
    case(
        "async_extern_block_inner_attributes",
        "crate = spdk_async::adapter",
        r#"
        unsafe extern "C" {
            #![cfg(unix)]
            #![link(name = "x")]
            fn lib_sync(cb: sync_cb, ctx: *mut c_void) -> c_int;
        }
        "#,
    ),
];
