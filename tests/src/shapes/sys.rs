//! What bindgen would write for `c/shapes.h`.
#![allow(non_camel_case_types, missing_docs, reason = "C's names, explained in the header")]

use core::ffi::{c_char, c_int, c_uint, c_void};

pub type shapes_mode = c_uint;
pub const SHAPES_DEFERRED: shapes_mode = 0;
pub const SHAPES_INLINE: shapes_mode = 1;
pub const SHAPES_REFUSED: shapes_mode = 2;

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct shapes_io {
    pub code: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct shapes_object {
    pub id: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct shapes_stat {
    pub reads: u64,
    pub writes: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct shapes_cpl {
    pub sc: u16,
    pub sct: u16,
}

#[repr(C)]
#[derive(Debug)]
pub struct shapes_walk {
    _unused: [u8; 0],
}

pub type shapes_done_cb = Option<unsafe extern "C" fn(ctx: *mut c_void)>;
pub type shapes_status_cb = Option<unsafe extern "C" fn(ctx: *mut c_void, status: c_int)>;
pub type shapes_io_cb =
    Option<unsafe extern "C" fn(io: *mut shapes_io, success: bool, ctx: *mut c_void)>;
pub type shapes_number_cb = Option<unsafe extern "C" fn(number: u64, ctx: *mut c_void)>;
pub type shapes_pair_cb =
    Option<unsafe extern "C" fn(ctx: *mut c_void, first: u32, second: u64, status: c_int)>;
pub type shapes_open_cb =
    Option<unsafe extern "C" fn(ctx: *mut c_void, object: *mut shapes_object, status: c_int)>;
pub type shapes_cpl_cb = Option<unsafe extern "C" fn(ctx: *mut c_void, cpl: *const shapes_cpl)>;
pub type shapes_stat_cb = Option<
    unsafe extern "C" fn(
        unused: *mut c_void,
        stat: *mut shapes_stat,
        ctx: *mut c_void,
        status: c_int,
    ),
>;
pub type shapes_buffer_cb =
    Option<unsafe extern "C" fn(data: *mut c_void, ctx: *mut c_void, len: usize)>;
pub type shapes_event_cb =
    Option<unsafe extern "C" fn(kind: c_int, stat: *const shapes_stat, ctx: *mut c_void)>;
pub type shapes_each_fn =
    Option<unsafe extern "C" fn(ctx: *mut c_void, index: u32, stat: *const shapes_stat) -> c_int>;
pub type shapes_all_fn = Option<unsafe extern "C" fn(index: u32, ctx: *mut c_void)>;
pub type shapes_visit_fn =
    Option<unsafe extern "C" fn(walk: *mut shapes_walk, index: u32, ctx: *mut c_void)>;
pub type shapes_walked_cb = Option<unsafe extern "C" fn(ctx: *mut c_void, status: c_int)>;

unsafe extern "C" {
    pub fn shapes_set(mode: shapes_mode, status: c_int);
    pub fn shapes_poll() -> c_int;
    pub fn shapes_free_io(io: *mut shapes_io);
    pub fn shapes_close(object: *mut shapes_object) -> c_int;
    pub fn shapes_live_ios() -> c_int;
    pub fn shapes_live_objects() -> c_int;
    pub fn shapes_emit(kind: c_int);
    pub fn shapes_continue(walk: *mut shapes_walk, status: c_int);

    pub fn shapes_done(cb: shapes_done_cb, ctx: *mut c_void) -> c_int;
    pub fn shapes_status(cb: shapes_status_cb, ctx: *mut c_void);
    pub fn shapes_number(number: u64, cb: shapes_number_cb, ctx: *mut c_void) -> bool;
    pub fn shapes_pair(
        first: u32,
        cb: shapes_pair_cb,
        ctx: *mut c_void,
        second: u64,
    ) -> *mut shapes_object;
    pub fn shapes_cpl(cb: shapes_cpl_cb, ctx: *mut c_void) -> c_int;
    pub fn shapes_count_and_done(cb: shapes_done_cb, ctx: *mut c_void) -> c_int;
    pub fn shapes_io(ctx: *mut c_void, code: u32, cb: shapes_io_cb) -> c_int;
    pub fn shapes_open(id: u32, cb: shapes_open_cb, ctx: *mut c_void) -> c_int;
    pub fn shapes_stat(cb: shapes_stat_cb, ctx: *mut c_void) -> c_int;
    pub fn shapes_sum(
        bytes: *const u8,
        len: usize,
        cb: shapes_number_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn shapes_buffer(
        data: *mut c_void,
        len: usize,
        cb: shapes_buffer_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn shapes_name(
        name: *const c_char,
        len: *mut usize,
        first: *mut c_char,
        cb: shapes_status_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn shapes_measure(len: *mut usize, cb: shapes_done_cb, ctx: *mut c_void) -> c_int;
    pub fn shapes_watch(cb: shapes_event_cb, ctx: *mut c_void) -> c_int;
    pub fn shapes_watch_named(
        name: u32,
        cb: shapes_event_cb,
        ctx: *mut c_void,
        id: *mut u32,
        at: *mut u64,
    ) -> c_int;
    pub fn shapes_watch_one(cb: shapes_event_cb, ctx: *mut c_void, id: *mut u32) -> c_int;
    pub fn shapes_register(
        cb: shapes_event_cb,
        ctx: *mut c_void,
        id: *mut u32,
    ) -> *mut shapes_object;
    pub fn shapes_attach(
        event_cb: shapes_event_cb,
        event_ctx: *mut c_void,
        cb: shapes_status_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn shapes_each(ctx: *mut c_void, fn_: shapes_each_fn, count: u32) -> c_int;
    pub fn shapes_all(count: u32, fn_: shapes_all_fn, ctx: *mut c_void);
    pub fn shapes_walk(count: u32, fn_: shapes_visit_fn, ctx: *mut c_void, cb: shapes_walked_cb);
}
