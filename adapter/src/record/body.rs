//! What a record owns while C has it: the place for the report, and the payload.

use core::any::Any;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::slot::{Class, Slot};
use crate::OnceCallback;

/// What a callback reports, or the panic of reading it.
pub(super) enum Report<C: OnceCallback> {
    Value(C::Value),
    Error(C::Error),
    /// In a further box, so that it is no larger than a pointer.
    Panic(Box<Box<dyn Any + Send>>),
}

/// The report comes first, so that a callback finds it without knowing the payload's type.
#[repr(C)]
pub(super) struct Body<C: OnceCallback, P> {
    report: MaybeUninit<Report<C>>,
    payload: P,
}

/// Where a body lies.
#[derive(Clone, Copy)]
enum Place {
    /// In the slot's room.
    Room(Class),
    /// There, but for the payload, which is in a box.
    Beside(Class),
    /// In a box, which the slot's room names.
    Away,
}

/// The room for a body, if it has a class.
const fn class_of<T>() -> Option<Class> {
    if align_of::<T>() <= 8 { Class::of(size_of::<T>()) } else { None }
}

/// Whether reports of `C` lie in their slots. A callback knows no more than this.
const fn has_near_report<C: OnceCallback>() -> bool {
    class_of::<Body<C, *mut ()>>().is_some()
}

/// The place for the report of a call of `C`.
///
/// # Safety
///
/// - The slot is on its home, and its body, which is of `C`, is live.
#[inline(always)]
pub(super) unsafe fn report<C: OnceCallback>(slot: NonNull<Slot>) -> *mut Report<C> {
    let room = Slot::room(slot);
    if has_near_report::<C>() {
        return room.cast();
    }
    // SAFETY: the body's place is `Away`, as `Body::AGREES` says, so `put` left the address of the box there.
    unsafe { room.cast::<*mut Report<C>>().read() }
}

impl<C: OnceCallback, P> Body<C, P> {
    /// In the slot exactly where a callback, which knows `C` only, looks for the report there.
    const PLACE: Place = match (class_of::<Self>(), class_of::<Body<C, *mut P>>()) {
        (Some(class), Some(_)) => Place::Room(class),
        (None, Some(class)) => Place::Beside(class),
        // Also where the body would fit with a payload of less than a pointer.
        (_, None) => Place::Away,
    };

    // What `report` goes by.
    const AGREES: () = assert!(has_near_report::<C>() != matches!(Self::PLACE, Place::Away));

    /// The class of its slot.
    pub(super) const CLASS: Class = match Self::PLACE {
        Place::Room(class) | Place::Beside(class) => class,
        Place::Away => Class::Small,
    };

    const VTABLE: &'static BodyVtable = &BodyVtable {
        callback: C::NAME,
        class: Self::CLASS,
        drop_payload: |slot| {
            // SAFETY: who calls this promises the same.
            drop(unsafe { Self::take_payload(slot) });
        },
    };

    /// Gives a slot of its class that has none a body without a report.
    ///
    /// # Safety
    ///
    /// - The slot has just begun, at its home, with this class.
    #[inline(always)]
    pub(super) unsafe fn put(slot: NonNull<Slot>, payload: P) {
        const { Self::AGREES };
        let room = Slot::room(slot);
        match Self::PLACE {
            Place::Room(_) => {
                // SAFETY: the room is large enough and aligned for a body.
                let place = unsafe { &raw mut (*room.cast::<Self>()).payload };
                // SAFETY: nothing lives there yet. Only this is written, for the report comes later.
                unsafe { place.write(payload) };
            }
            Place::Beside(_) => {
                // SAFETY: the room is large enough and aligned for a body with a box.
                let place = unsafe { &raw mut (*room.cast::<Body<C, *mut P>>()).payload };
                // SAFETY: nothing lives there yet.
                unsafe { place.write(Box::into_raw(Box::new(payload))) };
            }
            Place::Away => {
                let body = Self { report: MaybeUninit::uninit(), payload };
                // SAFETY: each room has the size of a pointer, and nothing lives there yet.
                unsafe { room.cast::<*mut Self>().write(Box::into_raw(Box::new(body))) };
            }
        }
        // SAFETY: slot invariants 1 and 2: this is the slot's home.
        unsafe { slot.as_ref() }.vtable.set(Some(Self::VTABLE));
    }

    /// The payload, which stays where it is.
    ///
    /// # Safety
    ///
    /// - The slot is on its home, and its body, which is of this type, is live.
    #[inline(always)]
    pub(super) unsafe fn payload(slot: NonNull<Slot>) -> *mut P {
        let room = Slot::room(slot);
        match Self::PLACE {
            // SAFETY: `put` made it so.
            Place::Room(_) => unsafe { &raw mut (*room.cast::<Self>()).payload },
            // SAFETY: as above.
            Place::Beside(_) => unsafe { (*room.cast::<Body<C, *mut P>>()).payload },
            Place::Away => {
                // SAFETY: as above.
                let body = unsafe { room.cast::<*mut Self>().read() };
                // SAFETY: the box lives as long as the body.
                unsafe { &raw mut (*body).payload }
            }
        }
    }

    /// Takes the payload out, and with it what the body has beside the slot.
    ///
    /// # Safety
    ///
    /// - The slot is on its home; its body, which is of this type, is live, and is not used again. The
    ///   report has been taken, or was never there.
    #[inline(always)]
    pub(super) unsafe fn take_payload(slot: NonNull<Slot>) -> P {
        // SAFETY: the caller's promise.
        let place = unsafe { Self::payload(slot) };
        match Self::PLACE {
            // SAFETY: the payload is initialised, and not used again.
            Place::Room(_) => unsafe { place.read() },
            // SAFETY: `put` made the box, and nobody uses it again.
            Place::Beside(_) => *unsafe { Box::from_raw(place) },
            Place::Away => {
                // SAFETY: `put` left the address of the box there.
                let body = unsafe { Slot::room(slot).cast::<*mut Self>().read() };
                // SAFETY: `put` made the box, and nobody uses it again.
                unsafe { Box::from_raw(body) }.payload
            }
        }
    }
}

/// What can be done with a body whose payload type is forgotten.
pub(super) struct BodyVtable {
    /// The name of the callback's typedef.
    pub(super) callback: &'static str,
    /// The class of its slot.
    pub(super) class: Class,
    /// Drops the payload, as [`Body::take_payload`] takes it.
    pub(super) drop_payload: unsafe fn(NonNull<Slot>),
}
