//! The few functions beyond C that both backends offer.
//!
//! Owns no state; their signatures are those of the embedded backend. Each says who may call it.

use core::ffi::c_void;

use super::bindings::spdk_bdev_io;

/// The module's context inside a bdev_io: `get_ctx_size` bytes. In C this is the field
/// `driver_ctx`, an array of unknown length. For the module that the I/O was submitted to, on the
/// thread of the I/O.
///
/// # Safety
/// - `bdev_io` was handed out by the bdev layer and has not been freed.
#[must_use]
pub unsafe fn spdk_bdev_io_get_driver_ctx(bdev_io: *mut spdk_bdev_io) -> *mut c_void {
    // SAFETY: the caller passes a live bdev_io, in which the field is in bounds; no reference is
    // made.
    unsafe { (&raw mut (*bdev_io).driver_ctx).cast() }
}
