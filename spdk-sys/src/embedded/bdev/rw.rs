//! Reads and writes, and the range checks that every family uses.

use core::ffi::{c_int, c_void};

use super::desc;
use super::state::blockcnt;
use super::submit::{Origin, prepare, submit};
use super::{
    SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_WRITE, buf, iovec, spdk_bdev, spdk_bdev_desc,
    spdk_bdev_desc_get_block_size, spdk_bdev_ext_io_opts, spdk_bdev_io_completion_cb,
    spdk_bdev_io_type, spdk_bdev_is_md_separate,
};
use crate::spdk_io_channel;

/// Whether the blocks exist. No blocks at all are fine anywhere up to the end.
///
/// # Safety
/// - `bdev` is registered.
pub(super) unsafe fn valid_blocks(bdev: *const spdk_bdev, offset: u64, count: u64) -> bool {
    // SAFETY: by contract.
    offset.checked_add(count).is_some_and(|end| end <= unsafe { blockcnt(bdev) })
}

/// Converts bytes to blocks of the descriptor; `None` unless both are multiples.
///
/// # Safety
/// - `desc` is open.
pub(super) unsafe fn to_blocks(
    desc: *mut spdk_bdev_desc,
    offset: u64,
    bytes: u64,
) -> Option<(u64, u64)> {
    // SAFETY: by contract.
    let size = u64::from(unsafe { spdk_bdev_desc_get_block_size(desc) });
    (offset.is_multiple_of(size) && bytes.is_multiple_of(size))
        .then(|| (offset / size, bytes / size))
}

/// Where the data of a read or write are.
#[derive(Copy, Clone)]
enum Memory {
    Buf(*mut c_void),
    Iovs(*mut iovec, c_int),
}

/// # Safety
/// - The origin is valid and the memory stays so until the completion callback.
unsafe fn start(
    origin: &Origin<'_>,
    type_: spdk_bdev_io_type,
    memory: Memory,
    md: *mut c_void,
    offset: u64,
    count: u64,
) -> c_int {
    if type_ == SPDK_BDEV_IO_TYPE_WRITE && !origin.desc.writable() {
        return -libc::EBADF;
    }
    // SAFETY: by contract.
    unsafe {
        let bdev = origin.ch.bdev;
        if !valid_blocks(bdev, offset, count) {
            return -libc::EINVAL;
        }
        let io = prepare(origin, type_);
        if io.is_null() {
            return -libc::ENOMEM;
        }
        let params = &raw mut (*io).u.bdev;
        match memory {
            Memory::Buf(buf) => {
                let desc = core::ptr::from_ref(origin.desc).cast_mut();
                let size = u64::from(spdk_bdev_desc_get_block_size(desc));
                (*io).iov = iovec { iov_base: buf, iov_len: count.saturating_mul(size) as usize };
                (*params).iovs = &raw mut (*io).iov;
                (*params).iovcnt = 1;
            }
            Memory::Iovs(iovs, iovcnt) => {
                (*params).iovs = iovs;
                (*params).iovcnt = iovcnt;
            }
        }
        (*params).md_buf = md;
        (*params).offset_blocks = offset;
        (*params).num_blocks = count;
        submit(io);
    }
    0
}

/// Reads into iovecs. See [`spdk_bdev_readv_blocks`].
///
/// # Safety
/// - As [`spdk_bdev_readv_blocks`].
pub(super) unsafe fn readv(
    origin: &Origin<'_>,
    iov: *mut iovec,
    iovcnt: c_int,
    offset: u64,
    count: u64,
) -> c_int {
    let memory = Memory::Iovs(iov, iovcnt);
    // SAFETY: by contract.
    unsafe { start(origin, SPDK_BDEV_IO_TYPE_READ, memory, core::ptr::null_mut(), offset, count) }
}

/// Reads into one buffer, or memory of the bdev's choice if it is NULL.
///
/// # Safety
/// - As [`spdk_bdev_read_blocks`].
pub(super) unsafe fn read(origin: &Origin<'_>, buf: *mut c_void, offset: u64, count: u64) -> c_int {
    let memory = Memory::Buf(buf);
    // SAFETY: by contract.
    unsafe { start(origin, SPDK_BDEV_IO_TYPE_READ, memory, core::ptr::null_mut(), offset, count) }
}

/// Writes from iovecs. See [`spdk_bdev_writev_blocks`].
///
/// # Safety
/// - As [`spdk_bdev_writev_blocks`].
pub(super) unsafe fn writev(
    origin: &Origin<'_>,
    iov: *mut iovec,
    iovcnt: c_int,
    offset: u64,
    count: u64,
) -> c_int {
    let memory = Memory::Iovs(iov, iovcnt);
    // SAFETY: by contract.
    unsafe { start(origin, SPDK_BDEV_IO_TYPE_WRITE, memory, core::ptr::null_mut(), offset, count) }
}

/// Writes one buffer.
///
/// # Safety
/// - As [`spdk_bdev_write_blocks`].
pub(super) unsafe fn write(
    origin: &Origin<'_>,
    buf: *mut c_void,
    offset: u64,
    count: u64,
) -> c_int {
    let memory = Memory::Buf(buf);
    // SAFETY: by contract.
    unsafe { start(origin, SPDK_BDEV_IO_TYPE_WRITE, memory, core::ptr::null_mut(), offset, count) }
}

/// Declares the eight block and byte variants of read and write.
macro_rules! rw_family {
    ($verb:literal, $type_:expr, $errno:literal,
     $bytes:ident, $blocks:ident, $md:ident, $vbytes:ident, $vblocks:ident, $vmd:ident, $ext:ident) => {
        #[doc = concat!($verb, " `nbytes` bytes at byte `offset`, both multiples of the descriptor's block size (else -EINVAL, before anything else); then as [`", stringify!($blocks), "`].")]
        ///
        /// # Safety
        #[doc = concat!("- As [`", stringify!($blocks), "`].")]
        pub unsafe extern "C" fn $bytes(
            desc: *mut spdk_bdev_desc,
            ch: *mut spdk_io_channel,
            buf: *mut c_void,
            offset: u64,
            nbytes: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
        ) -> c_int {
            // SAFETY: by contract.
            unsafe {
                match to_blocks(desc, offset, nbytes) {
                    Some((offset, count)) => $blocks(desc, ch, buf, offset, count, cb, cb_arg),
                    None => -libc::EINVAL,
                }
            }
        }

        #[doc = concat!($verb, " `num_blocks` blocks at `offset_blocks`. Returns 0, and `cb` runs once on this thread; or ", $errno, "-EINVAL if the blocks do not exist, or -ENOMEM (wait with `spdk_bdev_queue_io_wait`), and `cb` never runs.")]
        ///
        /// # Safety
        /// - `desc` is open, `ch` is a live channel of its bdev, and the caller runs on its thread.
        /// - The memory holds that many blocks and stays valid until `cb` runs. A read may pass NULL:
        ///   the bdev provides the memory, valid until the I/O is freed.
        pub unsafe extern "C" fn $blocks(
            desc: *mut spdk_bdev_desc,
            ch: *mut spdk_io_channel,
            buf: *mut c_void,
            offset_blocks: u64,
            num_blocks: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
        ) -> c_int {
            let md = core::ptr::null_mut();
            // SAFETY: by contract.
            unsafe {
                let origin = Origin::user(desc, ch, cb, cb_arg);
                start(&origin, $type_, Memory::Buf(buf), md, offset_blocks, num_blocks)
            }
        }

        #[doc = concat!("As [`", stringify!($blocks), "`], with separate metadata. -EINVAL if `md` is given and the bdev has none or `buf` is NULL.")]
        ///
        /// # Safety
        #[doc = concat!("- As [`", stringify!($blocks), "`], for `md` too.")]
        pub unsafe extern "C" fn $md(
            desc: *mut spdk_bdev_desc,
            ch: *mut spdk_io_channel,
            buf: *mut c_void,
            md: *mut c_void,
            offset_blocks: u64,
            num_blocks: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
        ) -> c_int {
            // SAFETY: by contract.
            unsafe {
                if !md_allowed(desc, md, buf.is_null()) {
                    return -libc::EINVAL;
                }
                let origin = Origin::user(desc, ch, cb, cb_arg);
                start(&origin, $type_, Memory::Buf(buf), md, offset_blocks, num_blocks)
            }
        }

        #[doc = concat!("As [`", stringify!($bytes), "`], on an array of buffers.")]
        ///
        /// # Safety
        #[doc = concat!("- As [`", stringify!($vblocks), "`].")]
        pub unsafe extern "C" fn $vbytes(
            desc: *mut spdk_bdev_desc,
            ch: *mut spdk_io_channel,
            iov: *mut iovec,
            iovcnt: c_int,
            offset: u64,
            nbytes: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
        ) -> c_int {
            // SAFETY: by contract.
            unsafe {
                match to_blocks(desc, offset, nbytes) {
                    Some((offset, count)) => {
                        $vblocks(desc, ch, iov, iovcnt, offset, count, cb, cb_arg)
                    }
                    None => -libc::EINVAL,
                }
            }
        }

        #[doc = concat!("As [`", stringify!($blocks), "`], on an array of buffers. Their total length is not checked here.")]
        ///
        /// # Safety
        #[doc = concat!("- As [`", stringify!($blocks), "`]; the array itself stays in place until `cb` runs, too.")]
        pub unsafe extern "C" fn $vblocks(
            desc: *mut spdk_bdev_desc,
            ch: *mut spdk_io_channel,
            iov: *mut iovec,
            iovcnt: c_int,
            offset_blocks: u64,
            num_blocks: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
        ) -> c_int {
            let md = core::ptr::null_mut();
            // SAFETY: by contract.
            unsafe {
                let origin = Origin::user(desc, ch, cb, cb_arg);
                start(&origin, $type_, Memory::Iovs(iov, iovcnt), md, offset_blocks, num_blocks)
            }
        }

        #[doc = concat!("As [`", stringify!($vblocks), "`], with separate metadata. -EINVAL if `md` is given and the bdev has none or there is no buffer.")]
        ///
        /// # Safety
        #[doc = concat!("- As [`", stringify!($vblocks), "`], for `md` too.")]
        pub unsafe extern "C" fn $vmd(
            desc: *mut spdk_bdev_desc,
            ch: *mut spdk_io_channel,
            iov: *mut iovec,
            iovcnt: c_int,
            md: *mut c_void,
            offset_blocks: u64,
            num_blocks: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
        ) -> c_int {
            // SAFETY: by contract.
            unsafe {
                if !md_allowed(desc, md, !buf::is_allocated(iov)) {
                    return -libc::EINVAL;
                }
                let origin = Origin::user(desc, ch, cb, cb_arg);
                start(&origin, $type_, Memory::Iovs(iov, iovcnt), md, offset_blocks, num_blocks)
            }
        }

        #[doc = concat!("As [`", stringify!($vblocks), "`], with options. -EINVAL for a bad `opts.size`, or metadata that the bdev does not have; -ENOTSUP for a memory domain or an accel sequence, which this backend does not have.")]
        ///
        /// # Safety
        #[doc = concat!("- As [`", stringify!($vblocks), "`]; `opts` is NULL or valid during the call, what it points to as long as the buffers.")]
        pub unsafe extern "C" fn $ext(
            desc: *mut spdk_bdev_desc,
            ch: *mut spdk_io_channel,
            iov: *mut iovec,
            iovcnt: c_int,
            offset_blocks: u64,
            num_blocks: u64,
            cb: spdk_bdev_io_completion_cb,
            cb_arg: *mut c_void,
            opts: *mut spdk_bdev_ext_io_opts,
        ) -> c_int {
            // SAFETY: by contract.
            unsafe {
                match ext_metadata(desc, iov, opts) {
                    Ok(md) => {
                        let origin = Origin::user(desc, ch, cb, cb_arg);
                        let memory = Memory::Iovs(iov, iovcnt);
                        start(&origin, $type_, memory, md, offset_blocks, num_blocks)
                    }
                    Err(errno) => -errno,
                }
            }
        }
    };
}

rw_family!(
    "Reads",
    SPDK_BDEV_IO_TYPE_READ,
    "",
    spdk_bdev_read,
    spdk_bdev_read_blocks,
    spdk_bdev_read_blocks_with_md,
    spdk_bdev_readv,
    spdk_bdev_readv_blocks,
    spdk_bdev_readv_blocks_with_md,
    spdk_bdev_readv_blocks_ext
);
rw_family!(
    "Writes",
    SPDK_BDEV_IO_TYPE_WRITE,
    "-EBADF on a read-only descriptor, ",
    spdk_bdev_write,
    spdk_bdev_write_blocks,
    spdk_bdev_write_blocks_with_md,
    spdk_bdev_writev,
    spdk_bdev_writev_blocks,
    spdk_bdev_writev_blocks_with_md,
    spdk_bdev_writev_blocks_ext
);

/// Whether a request may have this metadata buffer.
///
/// # Safety
/// - `desc` is open.
pub(super) unsafe fn md_allowed(
    desc: *mut spdk_bdev_desc,
    md: *mut c_void,
    no_buffer: bool,
) -> bool {
    // SAFETY: by contract.
    let target = unsafe { desc::of(desc) };
    if md.is_null() {
        return !(target.hide_metadata && no_buffer);
    }
    // SAFETY: an open descriptor has a registered bdev.
    !no_buffer && unsafe { spdk_bdev_is_md_separate(target.bdev) }
}

/// Checks the options of an `_ext` call; returns its metadata buffer.
///
/// # Safety
/// - `desc` is open; `iov` and `opts` are NULL or valid.
unsafe fn ext_metadata(
    desc: *mut spdk_bdev_desc,
    iov: *const iovec,
    opts: *const spdk_bdev_ext_io_opts,
) -> Result<*mut c_void, c_int> {
    use core::mem::{offset_of, size_of};
    if opts.is_null() {
        return Ok(core::ptr::null_mut());
    }
    let required = offset_of!(spdk_bdev_ext_io_opts, metadata) + size_of::<*mut c_void>();
    let with_sequence = offset_of!(spdk_bdev_ext_io_opts, accel_sequence) + size_of::<usize>();
    // SAFETY: the fields up to `metadata` are always there; the rest as far as `size` says.
    unsafe {
        let size = (*opts).size;
        if size < required || size > size_of::<spdk_bdev_ext_io_opts>() {
            return Err(libc::EINVAL);
        }
        if !(*opts).memory_domain.is_null() {
            return Err(if buf::is_allocated(iov) { libc::ENOTSUP } else { libc::EINVAL });
        }
        let md = (*opts).metadata;
        let separate = spdk_bdev_is_md_separate(desc::of(desc).bdev);
        if !md.is_null() && (!separate || !buf::is_allocated(iov)) {
            return Err(libc::EINVAL);
        }
        if size >= with_sequence && !(*opts).accel_sequence.is_null() {
            return Err(if md.is_null() { libc::ENOTSUP } else { libc::EINVAL });
        }
        Ok(md)
    }
}
