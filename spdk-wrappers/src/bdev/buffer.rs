//! Owned buffers as arguments of C.
//!
//! Invariants:
//!
//! 1. A length was the buffer's in bytes when the operation was described, and C is told to use no more. A
//!    buffer that yields a slice of another length when the call is made ends the process, for it breaks
//!    the word of its trait.
//!    What a buffer does to itself during the call cannot all be seen (it may put other memory in its
//!    place, several may trade their lengths); its trait forbids that too.
//! 2. What C may write to is initialised, all of it: `Piece::prepare` comes before everything else.
//! 3. Until the call, the array of a [`Vectored`] holds the lengths of its buffers, in their order. From the call
//!    to the callback it is C's, and C writes to it: a raid bdev does, to split what meets its rebuild. So
//!    nothing that was in it is relied on afterwards.

use core::array;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
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
    /// Makes the buffer fit for C. Answers its length, in bytes.
    fn prepare(buf: &mut Self::Buffer) -> usize;
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

    fn prepare(buf: &mut B) -> usize {
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

    /// Zeroes what is not initialised: not every bdev writes all that it says it has read.
    fn prepare(buf: &mut B) -> usize {
        let initialised = (*buf).as_init().len();
        let bytes = (*buf).as_uninit();
        let len = bytes.len();
        if let Some(fresh) = bytes.get_mut(initialised..) {
            fresh.fill(MaybeUninit::new(0));
        }
        len
    }

    fn bytes(buf: &mut B) -> (*mut c_void, usize) {
        let bytes = (*buf).as_uninit();
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
        let len = Self::prepare(&mut buf);
        Self { buf, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

impl<B: IoBufMut> Target<B> {
    pub(super) fn new(mut buf: B) -> Self {
        let len = Self::prepare(&mut buf);
        Self { buf, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The buffer after an operation that filled it, or did not.
    pub(super) fn filled(mut self, filled: bool) -> B {
        if filled {
            // SAFETY: invariant 2, and `len` is what `new` found.
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

/// Several buffers and the array that tells C of them. SPDK's software copy fails over an empty buffer, so
/// C is not told of those.
pub(super) struct Vectored<T: Piece> {
    bufs: Vec<T::Buffer>,
    iovs: Iovs,
}

/// Room for the array. A few fit into the record, with which an operation allocates nothing.
enum Iovs {
    Few([iovec; FEW]),
    Many(Box<[iovec]>),
}

/// How many buffers an operation may have without an allocation.
const FEW: usize = 4;

/// A length whose address is not known yet.
const fn nowhere(len: usize) -> iovec {
    iovec { iov_base: ptr::null_mut(), iov_len: len }
}

impl Iovs {
    #[inline]
    const fn as_slice(&self) -> &[iovec] {
        match self {
            Self::Few(iovs) => iovs,
            Self::Many(iovs) => iovs,
        }
    }

    #[inline]
    const fn as_mut_slice(&mut self) -> &mut [iovec] {
        match self {
            Self::Few(iovs) => iovs,
            Self::Many(iovs) => iovs,
        }
    }
}

impl<T: Piece> Vectored<T> {
    #[inline]
    pub(super) fn new(mut bufs: Vec<T::Buffer>) -> Self {
        let few = bufs.len() <= FEW;
        let mut lens = bufs.iter_mut().map(T::prepare);
        let iovs = if few {
            Iovs::Few(array::from_fn(|_| nowhere(lens.next().unwrap_or(0))))
        } else {
            Iovs::Many(lens.map(nowhere).collect())
        };
        Self { bufs, iovs }
    }

    /// The sum of the lengths, in bytes. Not after the call.
    #[inline]
    pub(super) fn total(&self) -> u64 {
        self.iovs.as_slice().iter().map(|iov| iov.iov_len as u64).sum()
    }

    /// How many buffers C is told of. Not after the call.
    #[inline]
    pub(super) fn count(&self, operation: &'static str) -> Result<c_int> {
        let count = self.iovs.as_slice().iter().filter(|iov| iov.iov_len > 0).count();
        c_int::try_from(count).map_err(|_| Error::invalid(operation, "too many buffers"))
    }

    /// The buffers after an operation that did not succeed, or wrote to none of them.
    pub(super) fn into_inner(self) -> Vec<T::Buffer> {
        self.bufs
    }

    /// The buffers after an operation that succeeded, of which `total` was the length.
    #[inline]
    pub(super) fn filled(mut self, total: u64) -> Vec<T::Buffer> {
        if T::FILLED {
            let mut found = 0;
            for (iov, buf) in self.iovs.as_mut_slice().iter_mut().zip(&mut self.bufs) {
                *iov = nowhere(T::bytes(buf).1);
                found += iov.iov_len as u64;
            }
            assert_eq!(found, total, "{CHANGED}");
            for (iov, buf) in self.iovs.as_slice().iter().zip(&mut self.bufs) {
                // SAFETY: the buffer has just shown that it has so many bytes. They are those of `new`, which
                // are initialised (invariant 2): the sum is the same, and two that trade their lengths break
                // their trait's word (invariant 1).
                unsafe { T::fill(buf, iov.iov_len) };
            }
        }
        self.bufs
    }
}

// SAFETY: the array is part of the value or on the heap, and filled here, in its place, from buffers that
// stay in theirs as long as the vector does; see `Source` and `Target` for their bytes.
unsafe impl<T: Piece> Keep<*mut iovec> for Vectored<T> {
    #[inline]
    fn arg(&mut self) -> *mut iovec {
        let iovs = self.iovs.as_mut_slice();
        let mut told = 0;
        for (start, len) in self.bufs.iter_mut().map(T::bytes).filter(|(_, len)| *len > 0) {
            let ahead = iovs[told..].iter().position(|iov| iov.iov_len > 0).expect(CHANGED);
            if ahead > 0 {
                // All between are empty, so those that are not keep their order.
                iovs.swap(told, told + ahead);
            }
            assert_eq!(iovs[told].iov_len, len, "{CHANGED}");
            iovs[told].iov_base = start;
            told += 1;
        }
        assert!(iovs[told..].iter().all(|iov| iov.iov_len == 0), "{CHANGED}");
        iovs.as_mut_ptr()
    }
}

#[cfg(test)]
mod tests {
    use core::slice;

    use super::{FEW, Keep, Source, Target, Vectored};

    /// As a raid bdev writes to it, which puts things right again only before it completes.
    #[test]
    fn what_c_writes_to_the_array_is_no_length() {
        for count in [2, FEW + 1] {
            let bufs = (0..count).map(|_| Vec::with_capacity(512)).collect();
            let mut vectored = Vectored::<Target<Vec<u8>>>::new(bufs);
            let total = vectored.total();
            let iovs = vectored.arg();
            // SAFETY: the array has an element for each buffer.
            let iovs = unsafe { slice::from_raw_parts_mut(iovs, count) };
            iovs.iter_mut().for_each(|iov| iov.iov_len += 512);
            iovs[0].iov_len = 0;
            assert_eq!(vectored.filled(total), vec![vec![0; 512]; count]);
        }
    }

    /// Not in a call that is made again either, when an `spdk_bdev_io` is free.
    #[test]
    fn c_is_not_told_of_empty_buffers() {
        for lens in [vec![0, 512, 0, 8], vec![1, 0, 0, 2, 0, 3, 4], vec![0, 0, 5]] {
            let bufs: Vec<Vec<u8>> = lens.iter().map(|len| vec![0; *len]).collect();
            let full = bufs.iter().filter(|buf| !buf.is_empty());
            let expected: Vec<_> = full.map(|buf| (buf.as_ptr(), buf.len())).collect();
            let mut vectored = Vectored::<Source<Vec<u8>>>::new(bufs);
            for _ in 0..2 {
                assert_eq!(vectored.total(), lens.iter().sum::<usize>() as u64);
                let count = vectored.count("test").unwrap() as usize;
                assert_eq!(count, expected.len());
                // SAFETY: the array has so many elements.
                let iovs = unsafe { slice::from_raw_parts(vectored.arg(), count) };
                let told: Vec<_> = iovs
                    .iter()
                    .map(|iov| (iov.iov_base.cast_const().cast(), iov.iov_len))
                    .collect();
                assert_eq!(told, expected);
            }
        }
    }
}
