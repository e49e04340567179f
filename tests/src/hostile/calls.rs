//! The functions of `c/hostile.h`.
//!
//! They carry no documentation, for the same reason as those of `shapes`.

use core::ffi::{c_char, c_int, c_void};

use spdk_async_macros::spdk_async;

use super::callbacks::{hostile_opened_cb, hostile_unread_cb};
use super::sys;
use crate::shapes::{
    shapes_buffer_cb, shapes_cpl_cb, shapes_done_cb, shapes_event_cb, shapes_io_cb,
    shapes_io_code_cb, shapes_io_panic_cb, shapes_number_cb, shapes_open_cb, shapes_pair_cb,
    shapes_stat_cb, shapes_status_cb, shapes_visit_fn, shapes_walked_cb,
};

#[spdk_async(sys = sys)]
pub unsafe fn hostile_done(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_done_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys, returns = void)]
pub unsafe fn hostile_tick(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_done_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_status(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_status_cb,
    ctx: *mut c_void,
);

#[spdk_async(sys = sys)]
pub unsafe fn hostile_io(
    #[context] ctx: *mut c_void,
    #[keep] mem: *mut u8,
    len: usize,
    #[callback] cb: shapes_io_cb,
) -> c_int;

#[spdk_async(sys = sys, name = hostile_io)]
pub unsafe fn hostile_io_code(
    #[context] ctx: *mut c_void,
    #[keep] mem: *mut u8,
    len: usize,
    #[callback] cb: shapes_io_code_cb,
) -> c_int;

#[spdk_async(sys = sys, name = hostile_io)]
pub unsafe fn hostile_io_panic(
    #[context] ctx: *mut c_void,
    #[keep] mem: *mut u8,
    len: usize,
    #[callback] cb: shapes_io_panic_cb,
) -> c_int;

#[spdk_async(sys = sys, returns = status)]
pub unsafe fn hostile_cpl(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_cpl_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_number(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_number_cb,
    ctx: *mut c_void,
) -> bool;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_pair(
    #[keep] mem: *mut u8,
    cb: shapes_pair_cb,
    ctx: *mut c_void,
    len: usize,
) -> *mut sys::shapes_object;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_open(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_open_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys, name = hostile_open)]
pub unsafe fn hostile_opened(
    #[keep] mem: *mut u8,
    len: usize,
    cb: hostile_opened_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_stat(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_stat_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_buffer(
    #[keep] mem: *mut u8,
    len: usize,
    cb: shapes_buffer_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_name(
    #[keep] mem: *mut u8,
    len: usize,
    #[keep] name: *const c_char,
    #[out] name_len: *mut usize,
    #[out] first: *mut c_char,
    cb: shapes_status_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_vectored(
    #[keep] vecs: *mut sys::hostile_vec,
    count: c_int,
    cb: shapes_status_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_measure(
    #[out] len: *mut usize,
    cb: shapes_done_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_plain(cb: shapes_status_cb, ctx: *mut c_void) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_attach(
    #[keep] mem: *mut u8,
    len: usize,
    #[multi] event_cb: shapes_event_cb,
    event_ctx: *mut c_void,
    cb: shapes_status_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(sys = sys)]
pub unsafe fn hostile_walk(
    #[keep] mem: *mut u8,
    len: usize,
    #[visit] fn_: shapes_visit_fn,
    #[context] ctx: *mut c_void,
    #[callback] cb: shapes_walked_cb,
);

#[spdk_async(multi, sys = sys)]
pub unsafe fn hostile_listen(
    bell: *mut sys::hostile_bell,
    cb: shapes_event_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async(multi, sys = sys, name = hostile_listen)]
pub unsafe fn hostile_listen_unread(
    bell: *mut sys::hostile_bell,
    cb: hostile_unread_cb,
    ctx: *mut c_void,
) -> c_int;
