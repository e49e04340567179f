//! Buffers that the bdev layer lends to an I/O: for reads into memory of the bdev's choice, and as a
//! bounce buffer when the caller's memory is not aligned as the bdev requires.
//!
//! Where SPDK takes them from its iobuf pools, this implementation allocates; the size limit of the
//! large pool is kept. The buffer lives until the I/O is freed.

use core::ptr;
use std::alloc::{Layout, alloc, dealloc};

use super::io::{Bounce, OwnedBuf, int};
use super::module_types::spdk_bdev_io_get_buf_cb;
use super::{
    SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_WRITE, iovec, spdk_bdev, spdk_bdev_io,
    spdk_bdev_io_get_io_channel,
};

/// Size of SPDK's large buffers in bytes.
pub(super) const LARGE_BUF_SIZE: u64 = 132 * 1024;
/// A page: what SPDK's buffers are aligned to at least.
const MIN_ALIGN: usize = 4096;

/// Alignment that the bdev requires of buffers, in bytes.
///
/// # Safety
/// - `bdev` is valid.
pub(super) unsafe fn required_align(bdev: *const spdk_bdev) -> usize {
    // SAFETY: by contract.
    1 << unsafe { (*bdev).required_alignment }
}

/// Whether an I/O brought memory of its own.
///
/// # Safety
/// - `iovs` is NULL or points to at least one iovec.
pub(super) unsafe fn is_allocated(iovs: *const iovec) -> bool {
    // SAFETY: by contract.
    !iovs.is_null() && unsafe { !(*iovs).iov_base.is_null() }
}

/// # Safety
/// - `iovs` points to `count` iovecs.
unsafe fn all_aligned(iovs: *const iovec, count: i32, align: usize) -> bool {
    // SAFETY: by contract.
    (0..count as usize).all(|i| (unsafe { (*iovs.add(i)).iov_base } as usize).is_multiple_of(align))
}

/// Makes sure that an I/O has memory, aligned as its bdev requires, and calls `cb`: at once here.
/// Used by modules for reads, whose caller may leave the choice of memory to the bdev, and by
/// modules that cannot work on unaligned memory. Fails if `len` bytes exceed the largest buffer.
///
/// # Safety
/// - `bdev_io` is a read, write or copy in flight, and the caller runs on its thread.
pub unsafe extern "C" fn spdk_bdev_io_get_buf(
    bdev_io: *mut spdk_bdev_io,
    cb: spdk_bdev_io_get_buf_cb,
    len: u64,
) {
    // SAFETY: by contract.
    unsafe {
        let ch = spdk_bdev_io_get_io_channel(bdev_io);
        let ok = ensure(bdev_io, len);
        if let Some(cb) = cb {
            cb(ch, bdev_io, ok);
        }
    }
}

/// Makes sure that an I/O has suitable memory. False: `len` is too large.
///
/// # Safety
/// - As [`spdk_bdev_io_get_buf`].
pub(super) unsafe fn ensure(io: *mut spdk_bdev_io, len: u64) -> bool {
    // SAFETY: by contract.
    unsafe {
        let align = required_align((*io).bdev);
        let params = &raw mut (*io).u.bdev;
        let has_memory = is_allocated((*params).iovs);
        if has_memory && all_aligned((*params).iovs, (*params).iovcnt, align) {
            return true;
        }
        if len.saturating_add(align as u64 - 1) > LARGE_BUF_SIZE {
            tracing::error!("spdk_bdev_io_get_buf: {len} bytes are more than a buffer holds");
            return false;
        }
        let Some(owned) = allocate(len as usize, align.max(MIN_ALIGN)) else { return false };
        let fields = int(io);
        fields.buf.set(owned);
        fields.has_buf.set(true);
        if has_memory {
            pull_bounce(io, len as usize);
        } else {
            spdk_bdev_io_set_buf(io, owned.ptr.cast(), len as usize);
        }
        true
    }
}

fn allocate(len: usize, align: usize) -> Option<OwnedBuf> {
    let layout = Layout::from_size_align(len.max(1), align).ok()?;
    // SAFETY: the size is not zero.
    let ptr = unsafe { alloc(layout) };
    (!ptr.is_null()).then_some(OwnedBuf { ptr, len: layout.size(), align })
}

/// Frees the buffer that was lent to `io`.
pub(super) fn release(io: *mut spdk_bdev_io) {
    // SAFETY: pool memory; `has_buf` says that the buffer was allocated with this layout.
    unsafe {
        let fields = int(io);
        let owned = fields.buf.get();
        let layout = Layout::from_size_align_unchecked(owned.len, owned.align);
        dealloc(owned.ptr, layout);
        fields.has_buf.set(false);
    }
}

/// Puts the lent buffer in the place of the caller's memory.
unsafe fn pull_bounce(io: *mut spdk_bdev_io, len: usize) {
    // SAFETY: called by `ensure` with a fresh buffer of `len` bytes.
    unsafe {
        let fields = int(io);
        let params = &raw mut (*io).u.bdev;
        fields.bounce.set(Bounce { orig_iovs: (*params).iovs, orig_iovcnt: (*params).iovcnt });
        let base = fields.buf.get().ptr;
        if u32::from((*io).type_) == SPDK_BDEV_IO_TYPE_WRITE {
            let mut at = 0;
            for_each_part((*params).iovs, (*params).iovcnt, len, |part, bytes| {
                ptr::copy_nonoverlapping(part, base.add(at), bytes);
                at += bytes;
            });
        }
        fields.bounce_iov.set(iovec { iov_base: base.cast(), iov_len: len });
        (*params).iovs = fields.bounce_iov.as_ptr();
        (*params).iovcnt = 1;
        fields.has_bounce.set(true);
    }
}

/// Takes the bounce buffer away again, after copying what was read to the caller's memory.
///
/// # Safety
/// - `io` has a bounce buffer and succeeded.
pub(super) unsafe fn push_bounce(io: *mut spdk_bdev_io) {
    // SAFETY: by contract.
    unsafe {
        let fields = int(io);
        let params = &raw mut (*io).u.bdev;
        let bounce = fields.bounce.get();
        let iov = fields.bounce_iov.get();
        if u32::from((*io).type_) == SPDK_BDEV_IO_TYPE_READ {
            let base = iov.iov_base.cast::<u8>();
            let mut at = 0;
            for_each_part(bounce.orig_iovs, bounce.orig_iovcnt, iov.iov_len, |part, bytes| {
                ptr::copy_nonoverlapping(base.add(at), part, bytes);
                at += bytes;
            });
        }
        (*params).iovs = bounce.orig_iovs;
        (*params).iovcnt = bounce.orig_iovcnt;
        fields.has_bounce.set(false);
        release(io);
    }
}

/// Calls `f` with each part of the iovecs, up to `total` bytes.
///
/// # Safety
/// - `iovs` points to `count` iovecs.
pub(super) unsafe fn for_each_part(
    iovs: *const iovec,
    count: i32,
    total: usize,
    mut f: impl FnMut(*mut u8, usize),
) {
    let mut left = total;
    for i in 0..count as usize {
        // SAFETY: the caller passes an array of `count` iovecs.
        let iov = unsafe { *iovs.add(i) };
        let bytes = iov.iov_len.min(left);
        f(iov.iov_base.cast(), bytes);
        left -= bytes;
    }
}

/// Attaches memory of the module's own to a read.
///
/// # Safety
/// - `bdev_io` is in flight; `buf` points to `len` bytes that stay valid until the I/O is freed.
pub unsafe extern "C" fn spdk_bdev_io_set_buf(
    bdev_io: *mut spdk_bdev_io,
    buf: *mut core::ffi::c_void,
    len: usize,
) {
    // SAFETY: by contract.
    unsafe {
        let params = &raw mut (*bdev_io).u.bdev;
        if (*params).iovs.is_null() {
            (*params).iovs = &raw mut (*bdev_io).iov;
            (*params).iovcnt = 1;
        }
        (*(*params).iovs).iov_base = buf;
        (*(*params).iovs).iov_len = len;
    }
}
