//! A result that is itself a resource: closed when nobody takes it.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// A C object that a callback handed over. Dropping it closes it.
pub struct Handle<T> {
    object: NonNull<T>,
    close: unsafe fn(*mut T),
}

impl<T> Handle<T> {
    /// Takes over `object`; `None` if it is null.
    ///
    /// # Safety
    ///
    /// - Nobody else closes `object`.
    /// - `close(object)` is sound on any thread on which the handle may be dropped, once.
    #[must_use]
    pub unsafe fn new(object: *mut T, close: unsafe fn(*mut T)) -> Option<Self> {
        Some(Self { object: NonNull::new(object)?, close })
    }

    /// The object, still owned by the handle.
    #[must_use]
    pub fn as_ptr(&self) -> *mut T {
        self.object.as_ptr()
    }

    /// Gives the object up without closing it.
    #[must_use]
    pub fn into_raw(self) -> *mut T {
        ManuallyDrop::new(self).object.as_ptr()
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        // SAFETY: `new` was promised that closing is sound here and that nobody else closes; `drop`
        // runs once and `into_raw` prevents it.
        unsafe { (self.close)(self.object.as_ptr()) }
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.object).finish()
    }
}
