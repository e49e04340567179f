//! Owned buffers as arguments of C.
//!
//! Invariant: `len` was the buffer's length in bytes when the operation was described, and C is told
//! to use no more. A buffer that yields a shorter slice when the call is made ends the process, for
//! it breaks the word of its trait.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;

use compio_buf::{IoBuf, IoBufMut};
use libc::iovec;

use crate::adapter::Keep;
use crate::error::{Error, Result};

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

impl<B: IoBuf> Source<B> {
    pub(super) fn new(buf: B) -> Self {
        let len = buf.as_init().len();
        Self { buf, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    fn start(&self) -> *mut c_void {
        let bytes = self.buf.as_init();
        assert_eq!(bytes.len(), self.len, "a buffer changed its length on its own");
        bytes.as_ptr().cast_mut().cast()
    }
}

impl<B: IoBufMut> Target<B> {
    /// Zeroes what is not initialised: not every bdev writes all that it says it has read.
    pub(super) fn new(mut buf: B) -> Self {
        let initialised = buf.as_init().len();
        let bytes = buf.as_uninit();
        let len = bytes.len();
        if let Some(fresh) = bytes.get_mut(initialised..) {
            fresh.fill(MaybeUninit::new(0));
        }
        Self { buf, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    fn start(&mut self) -> *mut c_void {
        let bytes = self.buf.as_uninit();
        assert_eq!(bytes.len(), self.len, "a buffer changed its length on its own");
        bytes.as_mut_ptr().cast()
    }

    /// The buffer after an operation that filled it, or did not.
    pub(super) fn filled(mut self, filled: bool) -> B {
        // A buffer that is longer already is not cut: the one beneath a slice may go on behind it.
        if filled && self.buf.as_init().len() < self.len {
            // SAFETY: each of the `len` bytes was initialised by `new`, or before.
            unsafe { self.buf.set_len(self.len) };
        }
        self.buf
    }
}

// SAFETY: the record neither moves, uses nor drops the buffer until the callback, and C only reads
// the bytes that the buffer has just vouched for; a wrong length aborts through the submit's guard.
unsafe impl<B: IoBuf> Keep<*mut c_void> for Source<B> {
    fn arg(&mut self) -> *mut c_void {
        self.start()
    }
}

// SAFETY: as for `Source`, and C may write, for the buffer has yielded the bytes mutably.
unsafe impl<B: IoBufMut> Keep<*mut c_void> for Target<B> {
    fn arg(&mut self) -> *mut c_void {
        self.start()
    }
}

/// Several buffers and the array that tells C of them.
pub(super) struct Vectored<T> {
    bufs: Vec<T>,
    iovs: Vec<iovec>,
    total: u64,
    /// How many of the buffers hold anything. SPDK's software copy fails over an empty one.
    filled: usize,
}

/// What a vector is made of.
pub(super) trait Piece: 'static {
    /// The user's buffer.
    type Buffer;
    /// The buffer as C is told of it.
    fn piece(&mut self) -> iovec;
    /// The length, in bytes.
    fn len(&self) -> usize;
    /// The buffer after an operation that succeeded, or did not.
    fn finish(self, succeeded: bool) -> Self::Buffer;
}

impl<B: IoBuf> Piece for Source<B> {
    type Buffer = B;

    fn piece(&mut self) -> iovec {
        iovec { iov_base: self.start(), iov_len: self.len }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn finish(self, _succeeded: bool) -> B {
        self.buf
    }
}

impl<B: IoBufMut> Piece for Target<B> {
    type Buffer = B;

    fn piece(&mut self) -> iovec {
        iovec { iov_base: self.start(), iov_len: self.len }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn finish(self, succeeded: bool) -> B {
        self.filled(succeeded)
    }
}

impl<T: Piece> Vectored<T> {
    pub(super) fn new(bufs: Vec<T>) -> Self {
        let total = bufs.iter().map(|buf| buf.len() as u64).sum();
        let filled = bufs.iter().filter(|buf| buf.len() > 0).count();
        let iovs = Vec::with_capacity(filled);
        Self { bufs, iovs, total, filled }
    }

    /// The sum of the lengths, in bytes.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// How many buffers C is told of.
    pub(super) fn count(&self, operation: &'static str) -> Result<c_int> {
        c_int::try_from(self.filled).map_err(|_| Error::invalid(operation, "too many buffers"))
    }

    /// The buffers after an operation that succeeded, or did not.
    pub(super) fn finish(self, succeeded: bool) -> Vec<T::Buffer> {
        self.bufs.into_iter().map(|buf| buf.finish(succeeded)).collect()
    }
}

// SAFETY: the array is on the heap and filled here, from buffers that stay in place as long as the
// vector does; see `Source` and `Target` for their bytes.
unsafe impl<T: Piece> Keep<*mut iovec> for Vectored<T> {
    fn arg(&mut self) -> *mut iovec {
        self.iovs.clear();
        let pieces = self.bufs.iter_mut().map(Piece::piece);
        self.iovs.extend(pieces.filter(|piece| piece.iov_len > 0));
        self.iovs.as_mut_ptr()
    }
}
