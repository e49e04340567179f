//! The error texts of string.h.
//!
//! Each OS thread has its own buffer. Any OS thread may call in here.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};

const LEN: usize = 64;

thread_local! {
    static MESSAGE: UnsafeCell<[c_char; LEN]> = const { UnsafeCell::new([0; LEN]) };
}

/// The text of a positive errno, valid until the next call on this OS thread.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_strerror(errnum: c_int) -> *const c_char {
    MESSAGE.with(|message| {
        let buffer = message.get().cast::<c_char>();
        // SAFETY: the buffer is this OS thread's own and as long as said.
        unsafe { spdk_strerror_r(errnum, buffer, LEN) };
        buffer.cast_const()
    })
}

/// Writes the text of a positive errno into `buf`, cut to `buflen` bytes with the NUL.
///
/// # Safety
/// - `buf` points to `buflen` writable bytes.
pub unsafe extern "C" fn spdk_strerror_r(errnum: c_int, buf: *mut c_char, buflen: usize) {
    // SAFETY: the caller vouches for the buffer.
    let rc = unsafe { libc::strerror_r(errnum, buf, buflen) };
    if rc != 0 {
        // SAFETY: as above.
        unsafe { libc::snprintf(buf, buflen, c"Unknown error %d".as_ptr(), errnum) };
    }
}
