//! Moving what has just been written.

use core::mem::MaybeUninit;
use core::ptr;

/// What is copied at once: any bytes, pointers among them.
type Word = MaybeUninit<*mut ()>;

/// As [`ptr::read`], one word at a time, for values that were written a moment ago, field by field.
///
/// A processor forwards a store that is still under way to a load of the same bytes, but not two stores to
/// one load of both, which has to wait for the cache. An await writes its future into the task and polls
/// it at once, so the first poll of a call would spend a third of its time on that.
///
/// # Safety
///
/// - As for [`ptr::read`].
#[inline(always)]
pub unsafe fn read_by_words<T>(from: *const T) -> T {
    if align_of::<T>() != align_of::<Word>() || size_of::<T>() > 16 * size_of::<Word>() {
        // SAFETY: the caller's promise.
        return unsafe { ptr::read(from) };
    }
    let (from, mut to) = (from.cast::<Word>(), MaybeUninit::<T>::uninit());
    let mut word = 0;
    // The size is a multiple of the alignment, so the words are the whole.
    while word < size_of::<T>() / size_of::<Word>() {
        // SAFETY: the word lies inside of the value, which the caller lets us read.
        let value = unsafe { from.wrapping_add(word).read_volatile() };
        let place = to.as_mut_ptr().cast::<Word>().wrapping_add(word);
        // SAFETY: the word lies inside of the copy.
        unsafe { place.write(value) };
        word += 1;
    }
    // SAFETY: each word is that of a value.
    unsafe { to.assume_init() }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::read_by_words;

    fn moved<T>(value: T) -> T {
        let value = core::mem::ManuallyDrop::new(value);
        // SAFETY: the value is not used again.
        unsafe { read_by_words(&raw const *value) }
    }

    #[test]
    fn every_kind_of_value_survives() {
        let shared = Rc::new(1);
        assert_eq!(moved(()), ());
        assert_eq!(moved(7_u8), 7);
        assert_eq!(moved((1_u8, 2_u64, 3_u16)), (1, 2, 3));
        assert_eq!(moved(Some((4_u32, "text"))), Some((4, "text")));
        assert_eq!(moved(None::<(u64, bool)>), None);
        assert_eq!(moved([5_u16; 400]), [5; 400]);
        assert_eq!(moved(u128::MAX - 1), u128::MAX - 1);
        assert_eq!(moved([Rc::clone(&shared), Rc::clone(&shared)]).len(), 2);
        assert_eq!(Rc::strong_count(&shared), 1);
    }
}
