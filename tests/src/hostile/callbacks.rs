//! Callbacks of the hostile library that are read by functions of ours, for results that can be
//! sent to another thread, and for readers that panic.

use core::ffi::{c_int, c_void};

use callback_adapter::{Errno, Handle};
use spdk_async_macros::spdk_callback;

use super::sys;

/// The callback of an open, whose object may be closed on any thread.
#[spdk_callback(
    once,
    sys = sys,
    typedef = shapes_open_cb,
    output = read_opened -> Result<Option<Opened>, Errno>,
)]
pub type hostile_opened_cb = unsafe extern "C" fn(
    #[context] ctx: *mut c_void,
    object: *mut sys::shapes_object,
    status: c_int,
);

/// An open object that can be sent to another thread.
#[derive(Debug)]
pub struct Opened(pub Handle<sys::shapes_object>);

// SAFETY: the library lends objects to no thread in particular, and closes them on any.
unsafe impl Send for Opened {}

unsafe fn close(object: *mut sys::shapes_object) {
    // SAFETY: whoever calls this gives up an open object.
    unsafe { sys::shapes_close(object) };
}

unsafe fn read_opened(
    object: *mut sys::shapes_object,
    status: c_int,
) -> Result<Option<Opened>, Errno> {
    // SAFETY: the library hands the object over to the callback, which runs this once.
    let handle = unsafe { Handle::new(object, close) };
    if status == 0 { Ok(handle.map(Opened)) } else { Err(Errno::from_status(status)) }
}

/// An event whose reader panics.
#[spdk_callback(
    multi,
    sys = sys,
    typedef = shapes_event_cb,
    output = never_read -> c_int,
)]
pub type hostile_unread_cb =
    unsafe extern "C" fn(kind: c_int, stat: *const sys::shapes_stat, #[context] ctx: *mut c_void);

unsafe fn never_read(_kind: c_int, _stat: *const sys::shapes_stat) -> c_int {
    panic!("this event cannot be read")
}
