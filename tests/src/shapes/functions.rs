//! The functions that are declared in `sys`.

use core::ffi::{c_char, c_int, c_void};

use spdk_async_macros::spdk_async;

use super::callbacks::{
    shapes_all_fn, shapes_buffer_cb, shapes_cpl_cb, shapes_done_cb, shapes_each_fn,
    shapes_event_cb, shapes_io_cb, shapes_io_code_cb, shapes_io_panic_cb, shapes_number_cb,
    shapes_open_cb, shapes_pair_cb, shapes_stat_cb, shapes_status_cb, shapes_visit_fn,
    shapes_walked_cb,
};
use super::sys;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_done(cb: shapes_done_cb, ctx: *mut c_void) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_status(cb: shapes_status_cb, ctx: *mut c_void);

#[spdk_async(sys = sys)]
pub unsafe fn shapes_number(number: u64, cb: shapes_number_cb, ctx: *mut c_void) -> bool;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_pair(
    first: u32,
    cb: shapes_pair_cb,
    ctx: *mut c_void,
    second: u64,
) -> *mut sys::shapes_object;

#[spdk_async(sys = sys, returns = status)]
pub unsafe fn shapes_cpl(cb: shapes_cpl_cb, ctx: *mut c_void) -> c_int;

#[spdk_async(sys = sys, returns = void)]
pub unsafe fn shapes_count_and_done(cb: shapes_done_cb, ctx: *mut c_void) -> c_int;

// Parameters with the names that the generated code uses for its own locals.
#[spdk_async(sys = sys)]
pub unsafe fn shapes_io(
    #[context] cb_arg: *mut c_void,
    submit: u32,
    #[callback] cb: shapes_io_cb,
) -> c_int;

#[spdk_async(sys = sys, name = shapes_io)]
pub unsafe fn shapes_io_code(
    #[context] ctx: *mut c_void,
    code: u32,
    #[callback] cb: shapes_io_code_cb,
) -> c_int;

#[spdk_async(sys = sys, name = shapes_io)]
pub unsafe fn shapes_io_panic(
    #[context] ctx: *mut c_void,
    code: u32,
    #[callback] cb: shapes_io_panic_cb,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_open(id: u32, cb: shapes_open_cb, ctx: *mut c_void) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_stat(cb: shapes_stat_cb, ctx: *mut c_void) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_sum(
    #[keep] bytes: *const u8,
    len: usize,
    cb: shapes_number_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_buffer(
    data: *mut c_void,
    len: usize,
    #[callback] cb: shapes_buffer_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_name(
    #[keep] payload: *const c_char,
    #[out] len: *mut usize,
    #[out] places: *mut c_char,
    cb: shapes_status_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_measure(#[out] len: *mut usize, cb: shapes_done_cb, ctx: *mut c_void)
-> c_int;

#[spdk_async(multi, sys = sys)]
pub unsafe fn shapes_watch(cb: shapes_event_cb, ctx: *mut c_void) -> c_int;

#[spdk_async(multi, sys = sys)]
pub unsafe fn shapes_watch_named(
    subscription: u32,
    cb: shapes_event_cb,
    ctx: *mut c_void,
    #[out] id: *mut u32,
    #[out] outs: *mut u64,
) -> c_int;

#[spdk_async(multi, sys = sys)]
pub unsafe fn shapes_watch_one(cb: shapes_event_cb, ctx: *mut c_void, #[out] id: *mut u32)
-> c_int;

#[spdk_async(multi, sys = sys)]
pub unsafe fn shapes_register(
    cb: shapes_event_cb,
    ctx: *mut c_void,
    #[out] id: *mut u32,
) -> *mut sys::shapes_object;

#[spdk_async(sys = sys)]
pub unsafe fn shapes_attach(
    #[multi] event_cb: shapes_event_cb,
    event_ctx: *mut c_void,
    cb: shapes_status_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(visitor, sys = sys)]
pub unsafe fn shapes_each(
    #[context] ctx: *mut c_void,
    #[callback] visitor: shapes_each_fn,
    count: u32,
) -> c_int;

#[spdk_async(visitor, sys = sys)]
pub unsafe fn shapes_all(count: u32, r#fn: shapes_all_fn, ctx: *mut c_void);

#[spdk_async(sys = sys)]
pub unsafe fn shapes_walk(
    count: u32,
    #[visit] fn_: shapes_visit_fn,
    #[context] ctx: *mut c_void,
    #[callback] cb: shapes_walked_cb,
);
