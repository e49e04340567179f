//! A place where the hostile library registers for events, and the tests set them off.

use core::cell::UnsafeCell;
use core::ffi::c_int;
use std::sync::Arc;

use super::sys;

/// A registration of `hostile_listen`, as C has it. Clones share it.
#[derive(Clone, Debug)]
pub struct Bell(Arc<Place>);

#[derive(Debug)]
struct Place(UnsafeCell<sys::hostile_bell>);

// SAFETY: it is written by `hostile_listen` alone, before anybody rings.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Default for Bell {
    fn default() -> Self {
        let nobody = sys::hostile_bell { cb: None, ctx: core::ptr::null_mut() };
        Self(Arc::new(Place(UnsafeCell::new(nobody))))
    }
}

impl Bell {
    /// Where `hostile_listen` registers.
    #[must_use]
    pub fn place(&self) -> *mut sys::hostile_bell {
        self.0.0.get()
    }

    /// Reports an event.
    ///
    /// # Panics
    ///
    /// If nobody ever registered.
    pub fn ring(&self, kind: c_int) {
        self.check();
        // SAFETY: the place is written, and lives.
        unsafe { sys::hostile_ring(self.place(), kind) }
    }

    /// Reports an event on another OS thread, which has ended then.
    ///
    /// # Panics
    ///
    /// If nobody ever registered.
    pub fn ring_elsewhere(&self, kind: c_int) {
        self.check();
        // SAFETY: as above.
        unsafe { sys::hostile_ring_elsewhere(self.place(), kind) };
    }

    fn check(&self) {
        // SAFETY: nobody writes once somebody may ring.
        let cb = unsafe { (*self.place()).cb };
        assert!(cb.is_some(), "nobody has registered");
    }
}
