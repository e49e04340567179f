//! What bindgen would write for `c/hostile.h`.
#![allow(non_camel_case_types, missing_docs, reason = "C's names, explained in the header")]

use core::ffi::{c_char, c_int, c_void};

pub use crate::shapes::sys::*;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hostile_script {
    pub when: u32,
    pub refusals: u32,
    pub refusal: c_int,
    pub callbacks: u32,
    pub again: u32,
    pub status: c_int,
}

#[repr(C)]
#[derive(Debug)]
pub struct world {
    _unused: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hostile_vec {
    pub mem: *mut u8,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hostile_bell {
    pub cb: shapes_event_cb,
    pub ctx: *mut c_void,
}

unsafe extern "C" {
    pub fn hostile_new(
        listen: Option<unsafe extern "C" fn(*mut c_void, u32)>,
        listener: *mut c_void,
    ) -> *mut world;
    pub fn hostile_enter(world: *mut world) -> *mut world;
    pub fn hostile_end(world: *mut world);
    pub fn hostile_script(script: *const hostile_script);
    pub fn hostile_poll(at_most: u32) -> c_int;
    pub fn hostile_poll_elsewhere() -> c_int;
    pub fn hostile_join();
    pub fn hostile_let_go();
    pub fn hostile_nest(nest: bool);
    pub fn hostile_wrong_returns() -> c_int;

    pub fn hostile_done(mem: *mut u8, len: usize, cb: shapes_done_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_tick(mem: *mut u8, len: usize, cb: shapes_done_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_status(mem: *mut u8, len: usize, cb: shapes_status_cb, ctx: *mut c_void);
    pub fn hostile_io(ctx: *mut c_void, mem: *mut u8, len: usize, cb: shapes_io_cb) -> c_int;
    pub fn hostile_cpl(mem: *mut u8, len: usize, cb: shapes_cpl_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_number(mem: *mut u8, len: usize, cb: shapes_number_cb, ctx: *mut c_void)
    -> bool;
    pub fn hostile_pair(
        mem: *mut u8,
        cb: shapes_pair_cb,
        ctx: *mut c_void,
        len: usize,
    ) -> *mut shapes_object;
    pub fn hostile_open(mem: *mut u8, len: usize, cb: shapes_open_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_stat(mem: *mut u8, len: usize, cb: shapes_stat_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_buffer(
        mem: *mut u8,
        len: usize,
        cb: shapes_buffer_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn hostile_name(
        mem: *mut u8,
        len: usize,
        name: *const c_char,
        name_len: *mut usize,
        first: *mut c_char,
        cb: shapes_status_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn hostile_vectored(
        vecs: *mut hostile_vec,
        count: c_int,
        cb: shapes_status_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn hostile_measure(len: *mut usize, cb: shapes_done_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_plain(cb: shapes_status_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_attach(
        mem: *mut u8,
        len: usize,
        event_cb: shapes_event_cb,
        event_ctx: *mut c_void,
        cb: shapes_status_cb,
        ctx: *mut c_void,
    ) -> c_int;
    pub fn hostile_walk(
        mem: *mut u8,
        len: usize,
        fn_: shapes_visit_fn,
        ctx: *mut c_void,
        cb: shapes_walked_cb,
    );
    pub fn hostile_listen(bell: *mut hostile_bell, cb: shapes_event_cb, ctx: *mut c_void) -> c_int;
    pub fn hostile_ring(bell: *mut hostile_bell, kind: c_int);
    pub fn hostile_ring_elsewhere(bell: *mut hostile_bell, kind: c_int) -> c_int;
}
