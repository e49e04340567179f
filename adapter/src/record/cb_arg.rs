//! The context pointer of a pooled record: its address and the generation of its call in one word. The
//! only file where a record becomes a `*mut c_void` and back.
//!
//! A slot is aligned to 64 bytes and lives below 2^48, so its address has 42 bits that count. One bit
//! below them is the answered mark, which a context never has; those above are the generation's.
//! C only stores and compares the pointer, so it need not be a valid address.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::slot::Slot;

/// The bits of a generation, above those of the address.
const GENERATION: u32 = 21;
/// By how much an address is lower in a ticket.
const SHIFT: u32 = 5;
/// Says that no callback is expected any more.
const ANSWERED: Ticket = 1;

/// A slot's address with a generation in the bits that it leaves: what the context pointer of a call
/// looks like. A slot keeps its own, and compares; once its call is answered, no context is like it.
pub(super) type Ticket = usize;

/// The ticket of a slot that has had no call yet.
pub(super) fn fresh(slot: NonNull<Slot>) -> Ticket {
    answered(slot.addr().get() >> SHIFT)
}

/// The ticket after its call has been answered.
#[inline]
pub(super) const fn answered(ticket: Ticket) -> Ticket {
    ticket | ANSWERED
}

/// The ticket of the slot's next call, from that of an answered one. After 2^21 they come round.
#[inline]
pub(super) const fn next(ticket: Ticket) -> Ticket {
    debug_assert!(ticket & ANSWERED != 0, "a call begins after the one before has been answered");
    ticket.wrapping_add((1 << (Ticket::BITS - GENERATION)) - ANSWERED)
}

/// The pointer that C gets, or has got, with this ticket of the slot.
#[inline]
pub(super) fn encode(slot: NonNull<Slot>, ticket: Ticket) -> *mut c_void {
    slot.as_ptr().cast::<c_void>().with_addr(ticket & !ANSWERED)
}

/// The slot that a context names, which it is good for if it is its ticket; `None` for a null context.
#[inline]
pub(super) fn decode(cb_arg: *mut c_void) -> Option<NonNull<Slot>> {
    let slot = |ticket: Ticket| ticket << GENERATION >> (GENERATION - SHIFT);
    NonNull::new(cb_arg.cast::<Slot>().map_addr(slot))
}

#[cfg(test)]
mod tests {
    use super::{NonNull, Slot, answered, decode, encode, fresh, next};

    #[test]
    fn tickets_name_their_slot_and_come_round_after_2_to_the_21() {
        let slot = Box::new(Slot::new());
        let slot = NonNull::from(&*slot);
        let (mut free, mut count) = (fresh(slot), 0);
        loop {
            let ticket = next(free);
            let context = encode(slot, ticket);
            assert_eq!(context.addr(), ticket);
            assert_eq!(decode(context), Some(slot));
            (free, count) = (answered(ticket), count + 1);
            assert_ne!(context.addr(), free);
            assert_eq!((encode(slot, free), answered(free)), (context, free));
            if free == fresh(slot) {
                break;
            }
        }
        assert_eq!(count, 1 << 21);
        assert!(decode(core::ptr::null_mut()).is_none());
    }

    #[test]
    fn the_highest_address_fits() {
        let slot = NonNull::new(core::ptr::without_provenance_mut::<Slot>((1 << 48) - 64)).unwrap();
        assert_eq!(decode(encode(slot, next(fresh(slot)))), Some(slot));
    }
}
