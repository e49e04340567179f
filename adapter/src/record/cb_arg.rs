//! The context pointer of a pooled record: its address and the generation of its call in one word. The
//! only file where a record becomes a `*mut c_void` and back.
//!
//! A slot is aligned to 64 bytes and lives below 2^48, which leaves 16 + 6 bits for the generation; turned
//! by 16, the address leaves them together.
//! C only stores and compares the pointer, so it need not be a valid address.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::slot::Slot;

/// By how much an address is turned.
const TURN: u32 = 16;
/// The bits of a generation, below those of the address.
const GENERATION: u32 = 22;
/// The bits of a slot's address below its alignment.
const ALIGNMENT: u32 = GENERATION - TURN;

/// A slot's address with a generation in the bits that it leaves: what the context pointer of a call
/// looks like. A slot keeps its own, and compares.
pub(super) type Ticket = usize;

/// The first ticket of a slot.
pub(super) fn first(slot: NonNull<Slot>) -> Ticket {
    slot.addr().get() << TURN
}

/// The ticket of the slot's next call. After 2^22 they come round.
#[inline]
pub(super) const fn next(ticket: Ticket) -> Ticket {
    let next = ticket.wrapping_add(1);
    if next & ((1 << GENERATION) - 1) == 0 { round(next) } else { next }
}

#[cold]
const fn round(next: Ticket) -> Ticket {
    next.wrapping_sub(1 << GENERATION)
}

/// The pointer that C gets with this ticket of the slot.
#[inline]
pub(super) fn encode(slot: NonNull<Slot>, ticket: Ticket) -> *mut c_void {
    slot.as_ptr().cast::<c_void>().with_addr(ticket)
}

/// The slot that a context names, which it is good for if it is its ticket; `None` for a null context.
#[inline]
pub(super) fn decode(cb_arg: *mut c_void) -> Option<NonNull<Slot>> {
    let slot = |ticket: Ticket| (ticket >> GENERATION) << ALIGNMENT;
    NonNull::new(cb_arg.cast::<Slot>().map_addr(slot))
}

#[cfg(test)]
mod tests {
    use super::{NonNull, Slot, decode, encode, first, next};

    #[test]
    fn tickets_name_their_slot_and_come_round_after_2_to_the_22() {
        let slot = Box::new(Slot::new());
        let slot = NonNull::from(&*slot);
        let (mut ticket, mut count) = (first(slot), 0);
        loop {
            let context = encode(slot, ticket);
            assert_eq!(context.addr(), ticket);
            assert_eq!(decode(context), Some(slot));
            (ticket, count) = (next(ticket), count + 1);
            if ticket == first(slot) {
                break;
            }
        }
        assert_eq!(count, 1 << 22);
        assert!(decode(core::ptr::null_mut()).is_none());
    }
}
