//! Deleting a bdev by name, with a closure in place of a C callback.

use core::ffi::{CStr, c_int, c_void};

use crate::{spdk_bdev_module, spdk_bdev_unregister_by_name};

/// Unregisters the bdev `name` of `module`, then calls `done` once with 0 or a negative errno:
/// `-ENODEV` for a bdev that does not exist or is another module's. App thread.
pub(super) fn unregister_by_name(
    name: &CStr,
    module: &'static spdk_bdev_module,
    done: impl FnOnce(c_int) + 'static,
) {
    let done: Box<Box<dyn FnOnce(c_int)>> = Box::new(Box::new(done));
    let ctx = Box::into_raw(done).cast();
    // SAFETY: `name` is NUL-terminated, the module is a static, `ctx` is what the callback takes.
    let rc = unsafe {
        let module = (&raw const *module).cast_mut();
        spdk_bdev_unregister_by_name(name.as_ptr(), module, Some(unregistered), ctx)
    };
    if rc != 0 {
        // SAFETY: a refused call does not call back, so the context is still ours.
        unsafe { unregistered(ctx, rc) };
    }
}

unsafe extern "C" fn unregistered(ctx: *mut c_void, rc: c_int) {
    // SAFETY: `ctx` is the box that unregister_by_name leaked for this one call.
    let done = unsafe { Box::from_raw(ctx.cast::<Box<dyn FnOnce(c_int)>>()) };
    done(rc);
}
