//! Options of the library: pool and cache sizes, automatic examine.

use core::ffi::c_int;
use core::mem::offset_of;
use std::sync::Mutex;

use super::registry::lock;
use super::spdk_bdev_opts;
use crate::spdk_thread_get_count;

const DEFAULTS: spdk_bdev_opts = spdk_bdev_opts {
    bdev_io_pool_size: 64 * 1024 - 1,
    bdev_io_cache_size: 256,
    bdev_auto_examine: true,
    reserved9: [0; 7],
    opts_size: size_of::<spdk_bdev_opts>(),
    iobuf_small_cache_size: 128,
    iobuf_large_cache_size: 16,
};

static OPTS: Mutex<spdk_bdev_opts> = Mutex::new(DEFAULTS);

/// The options in force.
pub(super) fn current_opts() -> spdk_bdev_opts {
    *lock(&OPTS)
}

/// Copies the fields that fit into `size` bytes.
macro_rules! copy_fields {
    ($size:expr, $from:expr => $to:expr; $($field:ident: $ty:ty),+) => {$(
        if offset_of!(spdk_bdev_opts, $field) + size_of::<$ty>() <= $size {
            $to.$field = $from.$field;
        }
    )+};
}

/// Reads the options in force into `opts`, of which the caller knows `opts_size` bytes.
///
/// # Safety
/// - `opts` is NULL or points to `opts_size` writable bytes.
pub unsafe extern "C" fn spdk_bdev_get_opts(opts: *mut spdk_bdev_opts, opts_size: usize) {
    if opts.is_null() || opts_size == 0 {
        tracing::error!("spdk_bdev_get_opts: opts is NULL or opts_size is 0; pass both");
        return;
    }
    let now = current_opts();
    let mut known = spdk_bdev_opts { opts_size, ..Default::default() };
    copy_fields!(opts_size, now => known;
        bdev_io_pool_size: u32, bdev_io_cache_size: u32, bdev_auto_examine: bool,
        iobuf_small_cache_size: u32, iobuf_large_cache_size: u32);
    let bytes = opts_size.min(size_of::<spdk_bdev_opts>());
    // SAFETY: the destination has `opts_size` bytes by contract; the source is a local structure.
    unsafe {
        core::ptr::copy_nonoverlapping((&raw const known).cast::<u8>(), opts.cast(), bytes);
    }
}

/// Sets options; effective for pools and channels made later. Returns 0, or -1 if `opts` is NULL,
/// its `opts_size` is 0, or the pool is too small for the caches of every thread and one more.
///
/// # Safety
/// - `opts` is NULL or points to a whole structure; `opts_size` says which fields were set.
pub unsafe extern "C" fn spdk_bdev_set_opts(opts: *mut spdk_bdev_opts) -> c_int {
    if opts.is_null() {
        tracing::error!("spdk_bdev_set_opts: opts is NULL");
        return -1;
    }
    // SAFETY: valid by contract; the structure is packed, so it is read byte-wise.
    let opts = unsafe { opts.read_unaligned() };
    if opts.opts_size == 0 {
        tracing::error!("spdk_bdev_set_opts: opts_size is 0; set it to the structure's size");
        return -1;
    }
    // SAFETY: may be called from anywhere.
    let threads = unsafe { spdk_thread_get_count() };
    let needed = opts.bdev_io_cache_size.wrapping_mul(threads + 1);
    if opts.bdev_io_pool_size < needed {
        tracing::error!("spdk_bdev_set_opts: bdev_io_pool_size must be at least {needed}");
        return -1;
    }
    let mut now = lock(&OPTS);
    copy_fields!(opts.opts_size, opts => now;
        bdev_io_pool_size: u32, bdev_io_cache_size: u32, bdev_auto_examine: bool,
        iobuf_small_cache_size: u32, iobuf_large_cache_size: u32);
    now.opts_size = opts.opts_size;
    0
}
