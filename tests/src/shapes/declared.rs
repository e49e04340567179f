//! Functions that only the annotated block declares.

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_async;

use super::callbacks::{shapes_done_cb, shapes_number_cb};

#[spdk_async]
#[link(name = "shapes", kind = "static")]
unsafe extern "C" {
    /// Comes back when C says so.
    #[link_name = "shapes_plain"]
    pub fn declared_done(cb: shapes_done_cb, ctx: *mut c_void) -> c_int;

    /// Adds the bytes up.
    ///
    /// # Safety
    ///
    /// - `len` is not larger than what `bytes` points to.
    #[spdk_async(name = shapes_add)]
    pub unsafe fn declared_sum(
        #[keep] bytes: *const u8,
        len: usize,
        cb: shapes_number_cb,
        ctx: *mut c_void,
    ) -> c_int;

    #[spdk_async(returns = void, name = shapes_tick)]
    pub fn declared_count(cb: shapes_done_cb, ctx: *mut c_void) -> c_int;
}
