//! Buffers that a device can reach.
//!
//! Invariants:
//!
//! 1. `start` points to `len` initialised bytes of SPDK's heap, which only this buffer owns.
//! 2. `LIVE` counts the buffers. While it is not zero, the environment is not taken down.

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::{AtomicUsize, Ordering};

use compio_buf::{IoBuf, IoBufMut, SetLen};

use crate::error::{Error, Result};

/// A buffer for I/O from SPDK's heap, which devices reach without a copy (`spdk_zmalloc`). Always
/// initialised; derefs to its bytes.
///
/// An application that ends while a `DmaBuf` lives keeps SPDK's memory up, and no other can be
/// started in the same process until the buffer is dropped.
///
/// ```no_run
/// use spdk_async::DmaBuf;
///
/// # async fn example() -> spdk_async::Result<()> {
/// let mut buf = DmaBuf::zeroed(4096, 4096)?;
/// buf[..5].copy_from_slice(b"hello");
/// # Ok(())
/// # }
/// ```
pub struct DmaBuf {
    start: NonNull<u8>,
    len: usize,
}

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// How many buffers live.
pub(crate) fn live_buffers() -> usize {
    LIVE.load(Ordering::SeqCst)
}

// SAFETY: the memory has one owner and no ties to a thread; SPDK's heap is free-threaded.
unsafe impl Send for DmaBuf {}
// SAFETY: shared references only read.
unsafe impl Sync for DmaBuf {}

impl DmaBuf {
    /// A zeroed buffer of `len` bytes, aligned to `align` bytes: a power of two, or zero for the
    /// least that SPDK offers, a cache line.
    ///
    /// # Errors
    ///
    /// If `len` is zero, `align` no power of two, SPDK is not up, or out of memory.
    pub fn zeroed(len: usize, align: usize) -> Result<Self> {
        const OPERATION: &str = "spdk_zmalloc";
        if len == 0 {
            return Err(Error::invalid(OPERATION, "a DmaBuf holds at least one byte"));
        }
        if align != 0 && !align.is_power_of_two() {
            let reason = format!("an alignment is a power of two, which {align} is not");
            return Err(Error::invalid(OPERATION, reason));
        }
        // Counted before the look at the state, which the end of an application changes before it
        // looks at the count: one of the two sees the other.
        LIVE.fetch_add(1, Ordering::SeqCst);
        if !crate::app::is_up() {
            LIVE.fetch_sub(1, Ordering::SeqCst);
            let reason = "SPDK is not up; allocate inside of App::run";
            return Err(Error::invalid(OPERATION, reason));
        }
        // SAFETY: SPDK is up; the arguments are in range.
        let start = unsafe {
            spdk_sys::spdk_zmalloc(
                len,
                align,
                ptr::null_mut(),
                spdk_sys::SPDK_ENV_NUMA_ID_ANY as _,
                spdk_sys::SPDK_MALLOC_DMA as _,
            )
        };
        match NonNull::new(start.cast()) {
            Some(start) => Ok(Self { start, len }),
            None => {
                LIVE.fetch_sub(1, Ordering::SeqCst);
                Err(Error::no_memory(OPERATION))
            }
        }
    }

    /// A buffer with a copy of `bytes`, aligned to `align` bytes.
    ///
    /// # Errors
    ///
    /// As [`zeroed`](Self::zeroed).
    pub fn copied_from(bytes: &[u8], align: usize) -> Result<Self> {
        let mut buf = Self::zeroed(bytes.len(), align)?;
        buf.copy_from_slice(bytes);
        Ok(buf)
    }
}

impl Drop for DmaBuf {
    fn drop(&mut self) {
        // SAFETY: invariant 1, and the environment is still up by invariant 2.
        unsafe { spdk_sys::spdk_free(self.start.as_ptr().cast()) };
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Deref for DmaBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: invariant 1.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for DmaBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: invariant 1.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl IoBuf for DmaBuf {
    fn as_init(&self) -> &[u8] {
        self
    }
}

impl SetLen for DmaBuf {
    /// Nothing to do: each byte is initialised already.
    unsafe fn set_len(&mut self, _len: usize) {}
}

impl IoBufMut for DmaBuf {
    fn as_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: invariant 1. The trait lets a caller write uninitialised bytes, for a `Vec` as for
        // this; operations write initialised ones.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.len) }
    }
}

impl fmt::Debug for DmaBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DmaBuf").field("len", &self.len).finish_non_exhaustive()
    }
}
