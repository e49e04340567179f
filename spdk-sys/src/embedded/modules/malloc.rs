//! The malloc module: bdevs in memory.
//!
//! Owns its bdevs and their memory, which starts zeroed. Data moves inside submit; the I/O is
//! completed by the next poll of the channel, first submitted first. I/Os of different threads on one
//! bdev move their data one after another, in any order; only what a zero-copy has borrowed is touched
//! beside them.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

use libc::iovec;

use super::completions::{Completions, create_channel, ctx_size, destroy_channel};
use super::unregister::unregister_by_name;
use super::{Refusal, uuid};
use crate::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_MISCOMPARE, SPDK_BDEV_IO_STATUS_SUCCESS,
    SPDK_BDEV_IO_TYPE_ABORT, SPDK_BDEV_IO_TYPE_COMPARE, SPDK_BDEV_IO_TYPE_COPY,
    SPDK_BDEV_IO_TYPE_FLUSH, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_RESET,
    SPDK_BDEV_IO_TYPE_UNMAP, SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_WRITE_ZEROES,
    SPDK_BDEV_IO_TYPE_ZCOPY, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA, spdk_bdev, spdk_bdev_fn_table,
    spdk_bdev_io, spdk_bdev_io_set_buf, spdk_bdev_io_status, spdk_bdev_io_type, spdk_bdev_module,
    spdk_bdev_numa, spdk_bdev_register, spdk_free, spdk_get_io_channel, spdk_io_channel,
    spdk_io_device_register, spdk_io_device_unregister, spdk_zmalloc,
};

/// Alignment of a bdev's memory in bytes: that of a hugepage, as in SPDK.
const ALIGNMENT: usize = 2 * 1024 * 1024;

/// What a new malloc bdev is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its name; `Malloc0`, `Malloc1` and so on if there is none.
    pub name: Option<CString>,
    /// Its UUID; one is generated if there is none.
    pub uuid: Option<[u8; 16]>,
    /// Its size in blocks, more than 0.
    pub num_blocks: u64,
    /// Bytes of a block, a multiple of 512.
    pub block_size: u32,
    /// Bytes of a physical block, a multiple of 512; 0 for those of a block.
    pub physical_block_size: u32,
    /// Reads and writes are split at multiples of this many blocks; 0 for no split.
    pub optimal_io_boundary: u32,
    /// The NUMA node to take memory from; without one, any. The embedded backend has node 0 only.
    pub numa_id: Option<i32>,
}

impl Options {
    /// A bdev of `num_blocks` blocks of `block_size` bytes, with nothing special about it.
    #[must_use]
    pub fn new(name: &CStr, num_blocks: u64, block_size: u32) -> Self {
        Self {
            name: Some(name.to_owned()),
            uuid: None,
            num_blocks,
            block_size,
            physical_block_size: 0,
            optimal_io_boundary: 0,
            numa_id: None,
        }
    }
}

pub(super) static MODULE: spdk_bdev_module = spdk_bdev_module {
    module_init: Some(module_init),
    module_fini: Some(module_fini),
    get_ctx_size: Some(ctx_size),
    ..spdk_bdev_module::named(c"malloc")
};

static FN_TABLE: spdk_bdev_fn_table = spdk_bdev_fn_table {
    destruct: Some(destruct),
    submit_request: Some(submit_request),
    io_type_supported: Some(io_type_supported),
    get_io_channel: Some(get_io_channel),
    get_spin_time: None,
    get_module_ctx: None,
    reset_device_stat: None,
};

/// The number of the next bdev without a name; starts anew whenever the module does.
static NEXT_NAME: AtomicU32 = AtomicU32::new(0);

/// The io_device of the module is the address of this static.
static IO_DEVICE: u8 = 0;

fn io_device() -> *mut c_void {
    (&raw const IO_DEVICE).cast_mut().cast()
}

/// One bdev and its memory.
struct Disk {
    bdev: spdk_bdev,
    memory: *mut c_void,
    /// Held while data moves: a device may tear what two threads write to one block, a program may not.
    moving: Mutex<()>,
}

/// Creates and registers a malloc bdev and returns its name. App thread, after the bdev layer is
/// initialized.
///
/// Refused with `-EINVAL` for sizes that are not valid, `-ENOMEM` without memory, and `-EEXIST` for
/// a name in use.
pub fn create(options: &Options) -> Result<CString, Refusal> {
    let label = || match &options.name {
        Some(name) => format!("bdev_malloc_create: {name:?}"),
        None => "bdev_malloc_create".to_owned(),
    };
    check(options).map_err(|reason| Refusal::invalid(format!("{}: {reason}", label())))?;
    let size = usize::try_from(options.num_blocks)
        .ok()
        .and_then(|blocks| blocks.checked_mul(options.block_size as usize));
    let memory = size.map_or(null_mut(), |size| {
        // SAFETY: plain allocation; the environment is up.
        unsafe { spdk_zmalloc(size, ALIGNMENT, null_mut(), SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA) }
    });
    if memory.is_null() {
        return Err(Refusal::errno(-libc::ENOMEM, label()));
    }
    let name = options.name.clone().unwrap_or_else(next_name);
    let disk = Box::into_raw(Box::new(Disk {
        bdev: describe(options, name.clone()),
        memory,
        moving: Mutex::default(),
    }));
    // SAFETY: the disk stays where it is until destruct; if it is refused it is still ours.
    unsafe {
        (*disk).bdev.ctxt = disk.cast();
        match spdk_bdev_register(&raw mut (*disk).bdev) {
            0 => Ok(name),
            code => {
                destruct(disk.cast());
                Err(Refusal::errno(code, label()))
            }
        }
    }
}

fn check(options: &Options) -> Result<(), String> {
    if options.num_blocks == 0 {
        return Err("num_blocks must be more than 0".to_owned());
    }
    if !options.block_size.is_multiple_of(512) || options.block_size == 0 {
        return Err(format!("block_size {} is not a multiple of 512", options.block_size));
    }
    if !options.physical_block_size.is_multiple_of(512) {
        let size = options.physical_block_size;
        return Err(format!("physical_block_size {size} is not a multiple of 512"));
    }
    match options.numa_id {
        None | Some(SPDK_ENV_NUMA_ID_ANY | 0) => Ok(()),
        Some(id) => Err(format!("numa_id {id} does not exist; the embedded backend has node 0")),
    }
}

fn next_name() -> CString {
    let number = NEXT_NAME.fetch_add(1, Ordering::Relaxed);
    CString::new(format!("Malloc{number}")).expect("no NUL in the name")
}

/// The bdev as the bdev layer is to see it; takes the name over.
fn describe(options: &Options, name: CString) -> spdk_bdev {
    spdk_bdev {
        name: name.into_raw(),
        product_name: c"Malloc disk".as_ptr().cast_mut(),
        write_cache: 1,
        blocklen: options.block_size,
        phys_blocklen: options.physical_block_size,
        blockcnt: options.num_blocks,
        optimal_io_boundary: options.optimal_io_boundary,
        split_on_optimal_io_boundary: options.optimal_io_boundary != 0,
        uuid: uuid(options.uuid),
        numa: spdk_bdev_numa {
            id_valid: true,
            id: options.numa_id.unwrap_or(SPDK_ENV_NUMA_ID_ANY),
        },
        fn_table: &raw const FN_TABLE,
        module: (&raw const MODULE).cast_mut(),
        ..Default::default()
    }
}

/// Deletes the malloc bdev `name`, then calls `done` once with 0 or a negative errno (`-ENODEV` if
/// there is none). App thread.
pub fn delete(name: &CStr, done: impl FnOnce(c_int) + 'static) {
    unregister_by_name(name, &MODULE, done);
}

unsafe extern "C" fn module_init() -> c_int {
    NEXT_NAME.store(0, Ordering::Relaxed);
    // SAFETY: the address of a static, unique to this module; the context size is the queue's.
    unsafe {
        spdk_io_device_register(
            io_device(),
            Some(channel_created),
            Some(destroy_channel),
            const { size_of::<Completions>() as u32 },
            c"bdev_malloc".as_ptr(),
        );
    }
    0
}

unsafe extern "C" fn channel_created(_io_device: *mut c_void, ctx: *mut c_void) -> c_int {
    // SAFETY: the thread library passes the context of a new channel.
    unsafe { create_channel(ctx, c"malloc_completion_poller") }
}

unsafe extern "C" fn module_fini() {
    // SAFETY: module_init registered the device.
    unsafe { spdk_io_device_unregister(io_device(), None) };
}

unsafe extern "C" fn destruct(ctx: *mut c_void) -> c_int {
    // SAFETY: `ctx` is the box that create leaked, and nothing refers to it any more.
    unsafe {
        let disk = Box::from_raw(ctx.cast::<Disk>());
        drop(CString::from_raw(disk.bdev.name));
        spdk_free(disk.memory);
    }
    0
}

unsafe extern "C" fn get_io_channel(_ctx: *mut c_void) -> *mut spdk_io_channel {
    // SAFETY: a lookup by address on the current thread.
    unsafe { spdk_get_io_channel(io_device()) }
}

unsafe extern "C" fn io_type_supported(_ctx: *mut c_void, io_type: spdk_bdev_io_type) -> bool {
    matches!(
        io_type,
        SPDK_BDEV_IO_TYPE_READ
            | SPDK_BDEV_IO_TYPE_WRITE
            | SPDK_BDEV_IO_TYPE_FLUSH
            | SPDK_BDEV_IO_TYPE_RESET
            | SPDK_BDEV_IO_TYPE_UNMAP
            | SPDK_BDEV_IO_TYPE_WRITE_ZEROES
            | SPDK_BDEV_IO_TYPE_ZCOPY
            | SPDK_BDEV_IO_TYPE_ABORT
            | SPDK_BDEV_IO_TYPE_COMPARE
            | SPDK_BDEV_IO_TYPE_COPY
    )
}

unsafe extern "C" fn submit_request(channel: *mut spdk_io_channel, io: *mut spdk_bdev_io) {
    // SAFETY: the bdev layer hands over an I/O of this module on the channel's own thread.
    unsafe {
        let status = execute(io);
        Completions::push(Completions::of(channel), io, status);
    }
}

/// Executes the I/O at once and says how it ended.
///
/// # Safety
///
/// - `io` is an I/O of this module; its buffers are valid and its blocks are on the bdev.
unsafe fn execute(io: *mut spdk_bdev_io) -> spdk_bdev_io_status {
    // SAFETY: the bdev of an I/O of this module lives, and its context is its disk.
    let disk = unsafe { &*(*(*io).bdev).ctxt.cast::<Disk>() };
    let _moving = disk.moving.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: by the caller's promise; the bdev layer has checked the range of blocks.
    unsafe {
        match spdk_bdev_io_type::from((*io).type_) {
            SPDK_BDEV_IO_TYPE_RESET | SPDK_BDEV_IO_TYPE_FLUSH => SPDK_BDEV_IO_STATUS_SUCCESS,
            SPDK_BDEV_IO_TYPE_READ => read(io),
            SPDK_BDEV_IO_TYPE_WRITE => for_each_part(io, |memory, part, length| {
                memory.copy_from(part, length);
                true
            }),
            SPDK_BDEV_IO_TYPE_COMPARE => for_each_part(io, |memory, part, length| {
                libc::memcmp(memory.cast(), part.cast(), length) == 0
            }),
            SPDK_BDEV_IO_TYPE_UNMAP | SPDK_BDEV_IO_TYPE_WRITE_ZEROES => {
                let (memory, length) = extent(io, (*io).u.bdev.offset_blocks);
                memory.write_bytes(0, length);
                SPDK_BDEV_IO_STATUS_SUCCESS
            }
            SPDK_BDEV_IO_TYPE_COPY => {
                let (target, length) = extent(io, (*io).u.bdev.offset_blocks);
                let (source, _) = extent(io, (*io).u.bdev.copy.src_offset_blocks);
                target.copy_from(source, length);
                SPDK_BDEV_IO_STATUS_SUCCESS
            }
            SPDK_BDEV_IO_TYPE_ZCOPY => {
                if (*io).u.bdev.zcopy.start != 0 {
                    let (memory, length) = extent(io, (*io).u.bdev.offset_blocks);
                    spdk_bdev_io_set_buf(io, memory.cast(), length);
                }
                SPDK_BDEV_IO_STATUS_SUCCESS
            }
            // Nothing stays long enough to be aborted.
            _ => SPDK_BDEV_IO_STATUS_FAILED,
        }
    }
}

/// The memory of the I/O's number of blocks from block `first`, and its bytes.
///
/// # Safety
///
/// - `io` is an I/O of this module, and these blocks are on the bdev.
unsafe fn extent(io: *mut spdk_bdev_io, first: u64) -> (*mut u8, usize) {
    // SAFETY: by the caller's promise the offset lies inside the disk's memory.
    unsafe {
        let bdev = (*io).bdev;
        let block_size = (*bdev).blocklen as usize;
        let memory = (*(*bdev).ctxt.cast::<Disk>()).memory.cast::<u8>();
        (memory.add(first as usize * block_size), (*io).u.bdev.num_blocks as usize * block_size)
    }
}

/// # Safety
///
/// - `io` is a read of this module.
unsafe fn read(io: *mut spdk_bdev_io) -> spdk_bdev_io_status {
    // SAFETY: a read has at least one iovec, which is the module's to fill in when it has no base.
    unsafe {
        let iov = (*io).u.bdev.iovs;
        if (*iov).iov_base.is_null() {
            let (memory, length) = extent(io, (*io).u.bdev.offset_blocks);
            *iov = iovec { iov_base: memory.cast(), iov_len: length };
            return SPDK_BDEV_IO_STATUS_SUCCESS;
        }
        for_each_part(io, |memory, part, length| {
            part.copy_from(memory, length);
            true
        })
    }
}

/// Calls `part(memory, buffer, bytes)` for each piece of the I/O's buffers and the memory it belongs
/// to, until one returns false: a miscompare. Buffers that are too short fail before anything moves;
/// what they have too much is left alone.
///
/// # Safety
///
/// - `io` is a read, write or compare of this module, with valid buffers.
unsafe fn for_each_part(
    io: *mut spdk_bdev_io,
    mut part: impl FnMut(*mut u8, *mut u8, usize) -> bool,
) -> spdk_bdev_io_status {
    // SAFETY: the bdev layer hands over `iovcnt` valid iovecs; the extent is on the disk.
    let (iovs, (mut memory, mut left)) = unsafe {
        let params = (*io).u.bdev;
        let iovs: &[iovec] = match usize::try_from(params.iovcnt) {
            Ok(count @ 1..) => core::slice::from_raw_parts(params.iovs, count),
            _ => &[],
        };
        (iovs, extent(io, params.offset_blocks))
    };
    if iovs.iter().fold(0_usize, |sum, iov| sum.saturating_add(iov.iov_len)) < left {
        return SPDK_BDEV_IO_STATUS_FAILED;
    }
    for iov in iovs {
        let length = iov.iov_len.min(left);
        if !part(memory, iov.iov_base.cast(), length) {
            return SPDK_BDEV_IO_STATUS_MISCOMPARE;
        }
        // SAFETY: `left` counts down the bytes of the extent, so the pointer stays within it.
        memory = unsafe { memory.add(length) };
        left -= length;
    }
    SPDK_BDEV_IO_STATUS_SUCCESS
}
