//! The callbacks, one mark or more each.

use core::ffi::{c_int, c_void};

use spdk_async_macros::spdk_callback;

use super::sys;

#[spdk_callback(once, sys = sys)]
pub type shapes_done_cb = unsafe extern "C" fn(ctx: *mut c_void);

#[spdk_callback(once, sys = sys)]
pub type shapes_status_cb = unsafe extern "C" fn(ctx: *mut c_void, #[status(errno)] status: c_int);

#[spdk_callback(once, sys = sys)]
pub type shapes_io_cb = unsafe extern "C" fn(
    #[free(sys::shapes_free_io)] io: *mut sys::shapes_io,
    #[status(bool)] success: bool,
    #[context] ctx: *mut c_void,
);

/// The same C callback, read by a function of ours.
#[spdk_callback(
    once,
    sys = sys,
    typedef = shapes_io_cb,
    output = read_code -> Result<u32, IoFailed>,
)]
pub type shapes_io_code_cb = unsafe extern "C" fn(
    #[free(sys::shapes_free_io)] io: *mut sys::shapes_io,
    success: bool,
    ctx: *mut c_void,
);

/// The same C callback, whose reader cannot bear one code.
#[spdk_callback(
    once,
    sys = sys,
    typedef = shapes_io_cb,
    output = read_or_panic -> Result<u32, IoFailed>,
)]
pub type shapes_io_panic_cb = unsafe extern "C" fn(
    #[free(sys::shapes_free_io)] io: *mut sys::shapes_io,
    success: bool,
    ctx: *mut c_void,
);

/// What a failed I/O leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoFailed {
    /// The code of the I/O.
    pub code: u32,
}

unsafe fn read_code(io: *mut sys::shapes_io, success: bool) -> Result<u32, IoFailed> {
    // SAFETY: C lends the I/O to the callback, which runs this before it releases it.
    let code = unsafe { (*io).code };
    if success { Ok(code) } else { Err(IoFailed { code }) }
}

unsafe fn read_or_panic(_io: *mut sys::shapes_io, _success: bool) -> Result<u32, IoFailed> {
    panic!("this reader never gets to its end")
}

#[spdk_callback(once, sys = sys)]
pub type shapes_number_cb = unsafe extern "C" fn(number: u64, ctx: *mut c_void);

// Parameters with the names that the generated code uses for its own locals.
#[spdk_callback(once, sys = sys)]
pub type shapes_pair_cb =
    unsafe extern "C" fn(read: *mut c_void, status: u32, error: u64, #[status(errno)] close: c_int);

#[spdk_callback(once, sys = sys)]
pub type shapes_open_cb = unsafe extern "C" fn(
    *mut c_void,
    #[handle(close = sys::shapes_close)] object: *mut sys::shapes_object,
    #[status(errno)] status: c_int,
);

#[spdk_callback(once, sys = sys)]
pub type shapes_cpl_cb = unsafe extern "C" fn(
    ctx: *mut c_void,
    #[status(with = read_cpl -> CplStatus)] cpl: *const sys::shapes_cpl,
);

/// The status that a completion carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CplStatus {
    /// The status code.
    pub code: u16,
    /// The status code's type.
    pub kind: u16,
}

unsafe fn read_cpl(cpl: *const sys::shapes_cpl) -> Result<(), CplStatus> {
    // SAFETY: C lends the completion to the callback, which runs this.
    let cpl = unsafe { *cpl };
    if cpl.sc == 0 { Ok(()) } else { Err(CplStatus { code: cpl.sc, kind: cpl.sct }) }
}

#[spdk_callback(once, sys = sys)]
pub type shapes_stat_cb = unsafe extern "C" fn(
    #[ignore] unused: *mut c_void,
    #[copy] stat: *mut sys::shapes_stat,
    #[context] ctx: *mut c_void,
    #[status(errno)] status: c_int,
);

#[spdk_callback(once, sys = sys)]
pub type shapes_buffer_cb =
    unsafe extern "C" fn(#[value] data: *mut c_void, #[context] ctx: *mut c_void, len: usize);

#[spdk_callback(multi, sys = sys)]
pub type shapes_event_cb =
    unsafe extern "C" fn(r#type: c_int, #[copy] stat: *const sys::shapes_stat, ctx: *mut c_void);

#[spdk_callback(visitor, sys = sys)]
pub type shapes_each_fn = unsafe extern "C" fn(
    ctx: *mut c_void,
    index: u32,
    #[copy] stat: *const sys::shapes_stat,
) -> c_int;

#[spdk_callback(visitor, sys = sys)]
pub type shapes_all_fn = unsafe extern "C" fn(index: u32, ctx: *mut c_void);

#[spdk_callback(visitor, sys = sys)]
pub type shapes_visit_fn = unsafe extern "C" fn(
    #[resume(sys::shapes_continue)] walk: *mut sys::shapes_walk,
    index: u32,
    ctx: *mut c_void,
);

#[spdk_callback(once, sys = sys)]
pub type shapes_walked_cb = unsafe extern "C" fn(ctx: *mut c_void, #[status(errno)] status: c_int);
