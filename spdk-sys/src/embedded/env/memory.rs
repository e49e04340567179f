//! Buffers for I/O, and the table of those that are alive.
//!
//! Invariant: the table holds exactly the buffers that were given out and not freed, so a double
//! free, a foreign pointer or a leak is found and named. Any OS thread may call in here.

use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::ptr;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::init::is_running;

/// Memory may come from any NUMA node.
pub const SPDK_ENV_NUMA_ID_ANY: c_int = -1;
/// The old name of [`SPDK_ENV_NUMA_ID_ANY`].
pub const SPDK_ENV_SOCKET_ID_ANY: c_int = -1;
/// The memory is to be used for DMA.
pub const SPDK_MALLOC_DMA: u32 = 1;
/// The memory is to be shared between processes.
pub const SPDK_MALLOC_SHARE: u32 = 2;

/// Least alignment of a buffer, in bytes.
const MIN_ALIGN: usize = 64;

type Table = Option<HashMap<usize, Layout>>;

static LIVE: Mutex<Table> = Mutex::new(None);

fn live() -> MutexGuard<'static, Table> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of buffers that are alive and their size in bytes.
pub(super) fn in_use() -> (usize, usize) {
    let live = live();
    let sizes = live.iter().flatten().map(|(_, layout)| layout.size());
    (sizes.clone().count(), sizes.sum())
}

fn allocate(function: &str, size: usize, align: usize, zeroed: bool) -> *mut c_void {
    if !is_running() {
        tracing::error!("{function}: the environment is not initialised; call spdk_env_init first");
        return ptr::null_mut();
    }
    let Ok(layout) = Layout::from_size_align(size, align.max(MIN_ALIGN)) else {
        return ptr::null_mut();
    };
    if size == 0 {
        return ptr::null_mut();
    }
    let allocate = if zeroed { std::alloc::alloc_zeroed } else { std::alloc::alloc };
    // SAFETY: the size is not 0.
    let buffer = unsafe { allocate(layout) };
    if !buffer.is_null() {
        live().get_or_insert_default().insert(buffer as usize, layout);
    }
    buffer.cast()
}

fn forget(function: &str, buffer: *mut c_void) -> Layout {
    let found = live().as_mut().and_then(|table| table.remove(&(buffer as usize)));
    found.unwrap_or_else(|| {
        panic!("{function}: {buffer:p} is no live buffer of spdk_malloc; it was freed before or comes from another allocator")
    })
}

fn release(function: &str, buffer: *mut c_void) {
    if buffer.is_null() {
        return;
    }
    let layout = forget(function, buffer);
    // SAFETY: the table says that it was allocated with this layout and not freed.
    unsafe { std::alloc::dealloc(buffer.cast(), layout) };
}

/// # Safety
/// - `buffer` is NULL or alive and used by nobody else meanwhile.
unsafe fn resize(function: &str, buffer: *mut c_void, size: usize, align: usize) -> *mut c_void {
    if buffer.is_null() {
        return allocate(function, size, align, false);
    }
    if size == 0 {
        release(function, buffer);
        return ptr::null_mut();
    }
    let fresh = allocate(function, size, align, false);
    if fresh.is_null() {
        return fresh;
    }
    let layout = forget(function, buffer);
    // SAFETY: both are valid for the smaller size and distinct; the old one was allocated with this
    // layout and is freed once.
    unsafe {
        ptr::copy_nonoverlapping(buffer.cast::<u8>(), fresh.cast(), layout.size().min(size));
        std::alloc::dealloc(buffer.cast(), layout);
    }
    fresh
}

/// Allocates `size` uninitialised bytes aligned to at least 64 bytes and to `align` (0 or a power of two). NULL for
/// flags 0, a non-NULL `unused`, size 0, no memory or no initialised environment.
///
/// # Safety
/// - None beyond those of any C call: no pointer is read.
pub unsafe extern "C" fn spdk_malloc(
    size: usize,
    align: usize,
    unused: *mut u64,
    _numa_id: c_int,
    flags: u32,
) -> *mut c_void {
    if flags == 0 || !unused.is_null() {
        return ptr::null_mut();
    }
    allocate("spdk_malloc", size, align, false)
}

/// As [`spdk_malloc`], with zeroed memory.
///
/// # Safety
/// - None beyond those of any C call: no pointer is read.
pub unsafe extern "C" fn spdk_zmalloc(
    size: usize,
    align: usize,
    unused: *mut u64,
    _numa_id: c_int,
    flags: u32,
) -> *mut c_void {
    if flags == 0 || !unused.is_null() {
        return ptr::null_mut();
    }
    allocate("spdk_zmalloc", size, align, true)
}

/// Moves a buffer to one of `size` bytes and keeps its contents; NULL allocates. When memory is short
/// the answer is NULL and the old buffer stays.
///
/// # Safety
/// - `buf` is NULL or a live buffer that nobody else uses meanwhile.
pub unsafe extern "C" fn spdk_realloc(buf: *mut c_void, size: usize, align: usize) -> *mut c_void {
    // SAFETY: passed on from the caller.
    unsafe { resize("spdk_realloc", buf, size, align) }
}

/// Frees a buffer; NULL is a no-op.
///
/// # Safety
/// - `buf` is NULL or a live buffer that is not used again.
pub unsafe extern "C" fn spdk_free(buf: *mut c_void) {
    release("spdk_free", buf);
}

/// As [`spdk_malloc`], for DMA.
///
/// # Safety
/// - None beyond those of any C call: no pointer is read.
pub unsafe extern "C" fn spdk_dma_malloc(
    size: usize,
    align: usize,
    unused: *mut u64,
) -> *mut c_void {
    // SAFETY: passed on from the caller.
    unsafe { spdk_dma_malloc_socket(size, align, unused, SPDK_ENV_NUMA_ID_ANY) }
}

/// As [`spdk_dma_malloc`], preferring a NUMA node (of which this backend has one).
///
/// # Safety
/// - None beyond those of any C call: no pointer is read.
pub unsafe extern "C" fn spdk_dma_malloc_socket(
    size: usize,
    align: usize,
    unused: *mut u64,
    numa_id: c_int,
) -> *mut c_void {
    // SAFETY: passed on from the caller.
    unsafe { spdk_malloc(size, align, unused, numa_id, SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE) }
}

/// As [`spdk_zmalloc`], for DMA.
///
/// # Safety
/// - None beyond those of any C call: no pointer is read.
pub unsafe extern "C" fn spdk_dma_zmalloc(
    size: usize,
    align: usize,
    unused: *mut u64,
) -> *mut c_void {
    // SAFETY: passed on from the caller.
    unsafe { spdk_dma_zmalloc_socket(size, align, unused, SPDK_ENV_NUMA_ID_ANY) }
}

/// As [`spdk_dma_zmalloc`], preferring a NUMA node (of which this backend has one).
///
/// # Safety
/// - None beyond those of any C call: no pointer is read.
pub unsafe extern "C" fn spdk_dma_zmalloc_socket(
    size: usize,
    align: usize,
    unused: *mut u64,
    numa_id: c_int,
) -> *mut c_void {
    // SAFETY: passed on from the caller.
    unsafe { spdk_zmalloc(size, align, unused, numa_id, SPDK_MALLOC_DMA | SPDK_MALLOC_SHARE) }
}

/// As [`spdk_realloc`]; NULL for a non-NULL `unused`.
///
/// # Safety
/// - As for [`spdk_realloc`].
pub unsafe extern "C" fn spdk_dma_realloc(
    buf: *mut c_void,
    size: usize,
    align: usize,
    unused: *mut u64,
) -> *mut c_void {
    if !unused.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: passed on from the caller.
    unsafe { resize("spdk_dma_realloc", buf, size, align) }
}

/// As [`spdk_free`].
///
/// # Safety
/// - As for [`spdk_free`].
pub unsafe extern "C" fn spdk_dma_free(buf: *mut c_void) {
    release("spdk_dma_free", buf);
}
