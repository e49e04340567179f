//! What a record owns while C has it: the payload, and the place for the report.

use core::any::Any;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::slot::{Class, Slot};
use crate::OnceCallback;

/// What a callback reports, or the panic of reading it.
pub(crate) type Report<C> =
    Result<Result<<C as OnceCallback>::Value, <C as OnceCallback>::Error>, Box<dyn Any + Send>>;

/// The report comes first, so that a callback finds it without knowing the payload's type.
#[repr(C)]
pub(super) struct Body<C: OnceCallback, P> {
    pub(super) report: MaybeUninit<Report<C>>,
    pub(super) payload: P,
}

impl<C: OnceCallback, P> Body<C, P> {
    const OWN_ROOM: Option<Class> =
        if align_of::<Self>() <= 8 { Class::of(size_of::<Self>()) } else { None };

    /// Whether the body fits a slot's own room.
    pub(super) const FITS: bool = Self::OWN_ROOM.is_some();

    /// The class of its slot.
    pub(super) const CLASS: Class = match Self::OWN_ROOM {
        Some(class) => class,
        None => Class::Small,
    };

    const VTABLE: &'static BodyVtable = &BodyVtable {
        callback: C::NAME,
        class: Self::CLASS,
        drop_payload: if Self::FITS { drop_inline::<C, P> } else { drop_boxed::<C, P> },
    };

    /// Gives a slot of its class that has none a body without a report.
    ///
    /// # Safety
    ///
    /// - The slot has just begun, at its home, with this class.
    #[inline(always)]
    pub(super) unsafe fn put(slot: NonNull<Slot>, payload: P) {
        let body = if Self::FITS {
            Slot::room(slot).cast::<Self>()
        } else {
            Box::into_raw(Box::<Self>::new_uninit()).cast()
        };
        // SAFETY: room or box are large enough and aligned for a body.
        let place = unsafe { &raw mut (*body).payload };
        // SAFETY: nothing lives there yet. Only the payload is written, for the report comes later.
        unsafe { place.write(payload) };
        // SAFETY: slot invariants 1 and 2: this is the slot's home.
        let slot = unsafe { slot.as_ref() };
        slot.body.set(body.cast());
        slot.vtable.set(Some(Self::VTABLE));
    }
}

/// What can be done with a body whose payload type is forgotten.
pub(super) struct BodyVtable {
    /// The name of the callback's typedef.
    pub(super) callback: &'static str,
    /// The class of its slot.
    pub(super) class: Class,
    /// Drops the payload, and frees the body if it is on the heap. The report must have been taken.
    pub(super) drop_payload: unsafe fn(*mut ()),
}

/// # Safety
///
/// - `body` points to a live `Body<C, P>` in a slot's room; it is not used again.
unsafe fn drop_inline<C: OnceCallback, P>(body: *mut ()) {
    let body = body.cast::<Body<C, P>>();
    // SAFETY: the caller promises a live body.
    let payload = unsafe { &raw mut (*body).payload };
    // SAFETY: the payload is initialised and is not used again.
    unsafe { payload.drop_in_place() }
}

/// # Safety
///
/// - `body` came from `Box::<Body<C, P>>::into_raw`; it is not used again.
unsafe fn drop_boxed<C: OnceCallback, P>(body: *mut ()) {
    // SAFETY: the caller promises a boxed body that nobody uses again.
    drop(unsafe { Box::from_raw(body.cast::<Body<C, P>>()) });
}
