//! Buffers as C takes them.

use core::ffi::{c_int, c_void};
use core::ptr;

use spdk_async::DmaBuf;
use spdk_async::spdk_sys::iovec;

/// The pointers of one operation's buffers.
pub(crate) struct Pieces {
    /// The first buffer.
    pub(crate) start: *mut c_void,
    /// Bytes of all.
    pub(crate) len: u64,
    /// Each of them.
    pub(crate) iovs: [iovec; 2],
    /// How many.
    pub(crate) count: c_int,
}

impl Pieces {
    pub(crate) fn of(buffers: &mut [DmaBuf]) -> Self {
        let mut iovs = [iovec { iov_base: ptr::null_mut(), iov_len: 0 }; 2];
        for (iov, buf) in iovs.iter_mut().zip(&mut *buffers) {
            *iov = iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
        }
        let len = buffers.iter().map(|buf| buf.len() as u64).sum();
        Self { start: iovs[0].iov_base, len, iovs, count: buffers.len() as c_int }
    }
}
