#![allow(non_camel_case_types)]

use core::ffi::c_void;

use spdk_async_macros::spdk_callback;

#[spdk_callback(twice, sys = a, sys = b)] // unknown, twice
pub type done_cb<T> = fn( // no generics, `unsafe extern "C"`
    #[keep] number: u32, // unknown mark
    object: *const u8, // mark it
    #[status(errno)] status: *mut u8, // with
    text: &u8, // a raw pointer
    ctx: *mut c_void,
    ... // a fixed list
);

fn main() {}
