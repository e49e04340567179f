//! Owned buffers as arguments of C.
//!
//! Invariants:
//!
//! 1. A length was the buffer's in bytes before the call, and C is told to use no more. A buffer that yields
//!    a slice of another length when the call is made ends the process, for it breaks the word of its
//!    trait. Of several buffers the sum counts, and how many are not empty: those that trade their lengths
//!    meanwhile are told to C as they are then.
//!    What buffers do to themselves during the call cannot all be seen (one may put other memory in its
//!    place, several may trade their lengths); their trait forbids that too.
//! 2. What C may write to is initialised, all of it, when C is told of it.
//! 3. From the call to the callback, the array of a [`Vectored`] is C's, and C writes to it: a raid bdev
//!    does, to split what meets its rebuild. So nothing that was in it is relied on afterwards.

use core::ffi::{c_int, c_void};
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr;

use compio_buf::{IoBuf, IoBufMut};
use libc::iovec;

use crate::adapter::Keep;
use crate::error::{Error, Result};

const CHANGED: &str = "a buffer changed its length on its own";

/// What C does with a buffer.
pub(super) trait Piece: 'static {
    /// The user's buffer.
    type Buffer: 'static;
    /// Whether C writes to it.
    const FILLED: bool;
    /// The length, in bytes.
    fn len(buf: &mut Self::Buffer) -> usize;
    /// The bytes for C, now that the buffer is where it stays.
    fn bytes(buf: &mut Self::Buffer) -> (*mut c_void, usize);
    /// Takes note that C has filled the buffer.
    ///
    /// # Safety
    ///
    /// - The buffer has `len` bytes, and they are initialised.
    unsafe fn fill(buf: &mut Self::Buffer, len: usize);
}

/// A buffer that C reads from.
pub(super) struct Source<B> {
    pub(super) buf: B,
    len: usize,
}

/// A buffer that C writes to, over its whole capacity.
pub(super) struct Target<B> {
    pub(super) buf: B,
    len: usize,
}

impl<B: IoBuf> Piece for Source<B> {
    type Buffer = B;
    const FILLED: bool = false;

    fn len(buf: &mut B) -> usize {
        (*buf).as_init().len()
    }

    fn bytes(buf: &mut B) -> (*mut c_void, usize) {
        let bytes = (*buf).as_init();
        (bytes.as_ptr().cast_mut().cast(), bytes.len())
    }

    unsafe fn fill(_buf: &mut B, _len: usize) {}
}

impl<B: IoBufMut> Piece for Target<B> {
    type Buffer = B;
    const FILLED: bool = true;

    fn len(buf: &mut B) -> usize {
        (*buf).as_uninit().len()
    }

    /// Zeroes what is not initialised: not every bdev writes all that it says it has read.
    fn bytes(buf: &mut B) -> (*mut c_void, usize) {
        let initialised = (*buf).as_init().len();
        let bytes = (*buf).as_uninit();
        if let Some(fresh) = bytes.get_mut(initialised..) {
            fresh.fill(MaybeUninit::new(0));
        }
        (bytes.as_mut_ptr().cast(), bytes.len())
    }

    unsafe fn fill(buf: &mut B, len: usize) {
        // A buffer that is longer already is not cut: the one beneath a slice may go on behind it.
        if (*buf).as_init().len() < len {
            // SAFETY: the caller's promise.
            unsafe { (*buf).set_len(len) };
        }
    }
}

impl<B: IoBuf> Source<B> {
    pub(super) fn new(mut buf: B) -> Self {
        let len = <Self as Piece>::len(&mut buf);
        Self { buf, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

impl<B: IoBufMut> Target<B> {
    pub(super) fn new(mut buf: B) -> Self {
        let len = <Self as Piece>::len(&mut buf);
        Self { buf, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The buffer after an operation that filled it, or did not.
    pub(super) fn filled(mut self, filled: bool) -> B {
        if filled {
            // SAFETY: invariants 1 and 2: the call was made, with `len` bytes.
            unsafe { Self::fill(&mut self.buf, self.len) };
        }
        self.buf
    }
}

/// Invariant 1, for one buffer.
fn start<T: Piece>(buf: &mut T::Buffer, described: usize) -> *mut c_void {
    let (start, len) = T::bytes(buf);
    assert!(len == described, "{CHANGED}");
    start
}

// SAFETY: the record neither moves, uses nor drops the buffer until the callback, and C only reads
// the bytes that the buffer has just vouched for; a wrong length aborts through the submit's guard.
unsafe impl<B: IoBuf> Keep<*mut c_void> for Source<B> {
    fn arg(&mut self) -> *mut c_void {
        start::<Self>(&mut self.buf, self.len)
    }
}

// SAFETY: as for `Source`, and C may write, for the buffer has yielded the bytes mutably.
unsafe impl<B: IoBufMut> Keep<*mut c_void> for Target<B> {
    fn arg(&mut self) -> *mut c_void {
        start::<Self>(&mut self.buf, self.len)
    }
}

/// Several buffers, of which nothing has been asked yet.
pub(super) struct Bufs<T: Piece>(Vec<T::Buffer>);

/// The same vector, taken apart and put together again. So the compiler moves it in words, which may stay in
/// registers, where it would move it as a whole, from memory to memory.
#[inline(always)]
fn in_words<B>(bufs: Vec<B>) -> Vec<B> {
    let mut bufs = ManuallyDrop::new(bufs);
    // SAFETY: these are the parts of a vector, which is not used again.
    unsafe { Vec::from_raw_parts(bufs.as_mut_ptr(), bufs.len(), bufs.capacity()) }
}

/// What C is told of several buffers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// How many are not empty.
    pub(super) count: c_int,
    /// How many bytes they have together.
    pub(super) total: u64,
}

impl<T: Piece> Bufs<T> {
    #[inline(always)]
    pub(super) fn new(bufs: Vec<T::Buffer>) -> Self {
        Self(in_words(bufs))
    }

    /// What C is to be told.
    #[inline]
    pub(super) fn measure(&mut self, operation: &'static str) -> Result<Told> {
        // So that no count of them overflows, here or when the call is made.
        if c_int::try_from(self.0.len()).is_err() {
            return Err(Error::invalid(operation, "too many buffers"));
        }
        let mut told = Told { count: 0, total: 0 };
        for buf in &mut self.0 {
            let len = T::len(buf);
            told.count += c_int::from(len > 0);
            told.total += len as u64;
        }
        Ok(told)
    }

    /// For a call in which C is told so.
    #[inline]
    pub(super) fn for_call(self, told: Told) -> Vectored<T> {
        let room = match u32::try_from(told.total) {
            Ok(total) if self.0.len() <= FEW => {
                Room::Few { count: told.count as u8, total, iovs: [NOTHING; FEW] }
            }
            _ => Room::Many { told, iovs: vec![NOTHING; self.0.len()].into() },
        };
        Vectored { bufs: self.0, room }
    }

    #[inline]
    pub(super) fn into_inner(self) -> Vec<T::Buffer> {
        self.0
    }
}

/// Several buffers and the array that tells C of them. SPDK's software copy fails over an empty buffer, so
/// C is not told of those.
pub(super) struct Vectored<T: Piece> {
    bufs: Vec<T::Buffer>,
    room: Room,
}

/// The array, and what C is told. A few fit into the record, with which an operation allocates nothing.
enum Room {
    Few { count: u8, total: u32, iovs: [iovec; FEW] },
    Many { told: Told, iovs: Box<[iovec]> },
}

/// How many buffers an operation may have without an allocation.
const FEW: usize = 4;

const NOTHING: iovec = iovec { iov_base: ptr::null_mut(), iov_len: 0 };

impl<T: Piece> Vectored<T> {
    /// Takes note that C has filled the buffers.
    #[inline]
    pub(super) fn fill(&mut self) {
        if !T::FILLED {
            return;
        }
        // C is done with the array, which is room enough.
        let (told, iovs) = self.room.get_mut();
        let mut total = 0;
        for (iov, buf) in iovs.iter_mut().zip(&mut self.bufs) {
            iov.iov_len = T::len(buf);
            total += iov.iov_len as u64;
        }
        assert_eq!(total, told.total, "{CHANGED}");
        for (iov, buf) in iovs.iter().zip(&mut self.bufs) {
            // SAFETY: the buffer has just shown that it has so many bytes. They are those that C was told
            // of, which are initialised (invariant 2): the sum is the same, and two that trade their
            // lengths during the call break their trait's word (invariant 1).
            unsafe { T::fill(buf, iov.iov_len) };
        }
    }

    /// The buffers after the call.
    #[inline]
    pub(super) fn give_back(self) -> Bufs<T> {
        Bufs(in_words(self.bufs))
    }
}

impl Room {
    #[inline]
    fn get_mut(&mut self) -> (Told, &mut [iovec]) {
        match self {
            Self::Few { count, total, iovs } => {
                (Told { count: c_int::from(*count), total: u64::from(*total) }, iovs)
            }
            Self::Many { told, iovs } => (*told, iovs),
        }
    }
}

// SAFETY: the array is part of the value or on the heap, and filled here, in its place, from buffers that
// stay in theirs as long as the vector does; see `Source` and `Target` for their bytes.
unsafe impl<T: Piece> Keep<*mut iovec> for Vectored<T> {
    #[inline]
    fn arg(&mut self) -> *mut iovec {
        let (told, iovs) = self.room.get_mut();
        let mut found = Told { count: 0, total: 0 };
        let mut places = iovs.iter_mut();
        for (start, len) in self.bufs.iter_mut().map(T::bytes).filter(|(_, len)| *len > 0) {
            let place = places.next().expect("there is one for each buffer");
            *place = iovec { iov_base: start, iov_len: len };
            found = Told { count: found.count + 1, total: found.total + len as u64 };
        }
        assert!(found == told, "{CHANGED}");
        iovs.as_mut_ptr()
    }
}

#[cfg(test)]
mod tests {
    use core::slice;
    use std::rc::Rc;

    use super::{Bufs, FEW, Keep, Source, Target};

    /// As a raid bdev writes to it, which puts things right again only before it completes.
    #[test]
    fn what_c_writes_to_the_array_is_no_length() {
        for count in [2, FEW + 1] {
            let bufs = (0..count).map(|_| Vec::with_capacity(512)).collect();
            let mut bufs = Bufs::<Target<Vec<u8>>>::new(bufs);
            let told = bufs.measure("test").unwrap();
            let mut vectored = bufs.for_call(told);
            let iovs = vectored.arg();
            // SAFETY: the array has an element for each buffer.
            let iovs = unsafe { slice::from_raw_parts_mut(iovs, count) };
            iovs.iter_mut().for_each(|iov| iov.iov_len += 512);
            iovs[0].iov_len = 0;
            vectored.fill();
            assert_eq!(vectored.give_back().into_inner(), vec![vec![0; 512]; count]);
        }
    }

    /// Not in a call that is made again either, when an `spdk_bdev_io` is free.
    #[test]
    fn c_is_not_told_of_empty_buffers() {
        for lens in [vec![0, 512, 0, 8], vec![1, 0, 0, 2, 0, 3, 4], vec![0, 0, 5]] {
            let bufs: Vec<Vec<u8>> = lens.iter().map(|len| vec![0; *len]).collect();
            let full = bufs.iter().filter(|buf| !buf.is_empty());
            let expected: Vec<_> = full.map(|buf| (buf.as_ptr(), buf.len())).collect();
            let mut bufs = Bufs::<Source<Vec<u8>>>::new(bufs);
            for _ in 0..2 {
                let told = bufs.measure("test").unwrap();
                assert_eq!(told.total, lens.iter().sum::<usize>() as u64);
                assert_eq!(told.count as usize, expected.len());
                let mut vectored = bufs.for_call(told);
                // SAFETY: the array has so many elements.
                let iovs = unsafe { slice::from_raw_parts(vectored.arg(), expected.len()) };
                let found: Vec<_> = iovs
                    .iter()
                    .map(|iov| (iov.iov_base.cast_const().cast(), iov.iov_len))
                    .collect();
                assert_eq!(found, expected);
                bufs = vectored.give_back();
            }
        }
    }

    /// As many as have their array in the record, but longer together than what is said of them there.
    #[test]
    fn a_few_of_four_gigabytes() {
        let bytes = Rc::new(vec![0; 1 << 30]);
        let mut bufs = Bufs::<Source<Rc<Vec<u8>>>>::new(vec![bytes; FEW]);
        let told = bufs.measure("test").unwrap();
        assert_eq!((told.count, told.total), (4, 1 << 32));
        let mut vectored = bufs.for_call(told);
        // SAFETY: the array has an element for each buffer.
        let iovs = unsafe { slice::from_raw_parts(vectored.arg(), FEW) };
        assert!(iovs.iter().all(|iov| iov.iov_len == 1 << 30));
    }

    /// A vector of those has no memory of its own.
    #[test]
    fn buffers_that_take_no_room() {
        struct Letter;

        impl compio_buf::IoBuf for Letter {
            fn as_init(&self) -> &[u8] {
                b"a"
            }
        }

        for count in [1, FEW, FEW + 1] {
            let mut bufs = Bufs::<Source<Letter>>::new((0..count).map(|_| Letter).collect());
            let told = bufs.measure("test").unwrap();
            assert_eq!((told.count as usize, told.total), (count, count as u64));
            let mut vectored = bufs.for_call(told);
            // SAFETY: the array has an element for each buffer.
            let iovs = unsafe { slice::from_raw_parts(vectored.arg(), count) };
            assert!(iovs.iter().all(|iov| iov.iov_len == 1));
            assert_eq!(vectored.give_back().into_inner().len(), count);
        }
    }

    /// They are not even asked, so that no count of them overflows.
    #[test]
    fn more_buffers_than_c_can_count() {
        #[derive(Clone, Copy)]
        struct Unasked;

        impl compio_buf::IoBuf for Unasked {
            fn as_init(&self) -> &[u8] {
                panic!("it was asked")
            }
        }

        // Without a size, they take no room.
        let bufs = Vec::from([Unasked; 1 << 31]);
        let refused = Bufs::<Source<Unasked>>::new(bufs).measure("test").err().unwrap();
        assert!(refused.to_string().contains("too many buffers"), "{refused}");
    }
}
