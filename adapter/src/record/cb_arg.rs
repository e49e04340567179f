//! The context pointer of a pooled record: its address and its generation in one word. The only
//! file where a record becomes a `*mut c_void` and back.
//!
//! A slot is aligned to 64 bytes and lives below 2^48, which leaves 6 + 16 bits for the generation.
//! C only stores and compares the pointer, so it need not be a valid address.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::slot::Slot;

const LOW_BITS: u32 = 6;
const LOW: usize = (1 << LOW_BITS) - 1;
const HIGH_SHIFT: u32 = 48;
/// The bits of a generation that travel.
const GENERATION: u32 = (1 << (16 + LOW_BITS)) - 1;

/// The pointer that C gets for this generation of the slot.
#[inline]
pub(super) fn encode(slot: NonNull<Slot>, generation: u32) -> *mut c_void {
    let generation = (generation & GENERATION) as usize;
    let tag = generation & LOW | (generation >> LOW_BITS) << HIGH_SHIFT;
    slot.as_ptr().cast::<c_void>().map_addr(|addr| addr | tag)
}

/// The slot and the travelled bits of the generation; `None` for a null context.
#[inline]
pub(super) fn decode(cb_arg: *mut c_void) -> Option<(NonNull<Slot>, u32)> {
    let tag = cb_arg.addr();
    let generation = tag & LOW | (tag >> HIGH_SHIFT) << LOW_BITS;
    let slot = cb_arg.cast::<Slot>().map_addr(|addr| addr & !LOW & ((1 << HIGH_SHIFT) - 1));
    NonNull::new(slot).map(|slot| (slot, generation as u32))
}

/// Whether a travelled generation is that of `generation`.
#[inline]
pub(super) const fn same_generation(travelled: u32, generation: u32) -> bool {
    travelled == generation & GENERATION
}

#[cfg(test)]
mod tests {
    use super::{NonNull, Slot, decode, encode, same_generation};

    #[test]
    fn address_and_generation_survive() {
        let slot = Box::new(Slot::new());
        let address = NonNull::from(&*slot);
        for generation in [0, 1, 63, 64, 65, 0x3f_ffff, 0x40_0000, u32::MAX >> 8] {
            let (back, travelled) = decode(encode(address, generation)).unwrap();
            assert_eq!(back, address);
            assert!(same_generation(travelled, generation));
            assert!(!same_generation(travelled, generation.wrapping_add(1)));
        }
        assert!(decode(core::ptr::null_mut()).is_none());
    }
}
