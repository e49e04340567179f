//! The null module: bdevs that take every write and leave every read buffer as it is.
//!
//! Owns its bdevs and the buffer of zeroes for reads without one. Made for measuring what everything
//! around a device costs: an I/O is linked into a queue and completed by the next poll.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::ffi::CString;

use super::completions::{Completions, create_channel, ctx_size, destroy_channel};
use super::unregister::unregister_by_name;
use super::{Refusal, uuid};
use crate::{
    SPDK_BDEV_IO_STATUS_ABORTED, SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_SUCCESS,
    SPDK_BDEV_IO_TYPE_ABORT, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_RESET,
    SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_WRITE_ZEROES, SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA,
    spdk_bdev, spdk_bdev_close, spdk_bdev_desc_get_bdev, spdk_bdev_event_type, spdk_bdev_fn_table,
    spdk_bdev_io, spdk_bdev_io_complete, spdk_bdev_io_type, spdk_bdev_module,
    spdk_bdev_module_fini_done, spdk_bdev_notify_blockcnt_change, spdk_bdev_open_ext,
    spdk_bdev_register, spdk_free, spdk_get_io_channel, spdk_io_channel, spdk_io_device_register,
    spdk_io_device_unregister, spdk_zmalloc,
};

/// Bytes of the largest read without a buffer.
const ZEROES_SIZE: usize = 64 * 1024;

/// What a new null bdev is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its name.
    pub name: CString,
    /// Its UUID; one is generated if there is none.
    pub uuid: Option<[u8; 16]>,
    /// Its size in blocks, more than 0.
    pub num_blocks: u64,
    /// Bytes of a block, a multiple of 512.
    pub block_size: u32,
    /// Bytes of a physical block, a multiple of 512; 0 for those of a block.
    pub physical_block_size: u32,
    /// Preferred alignment of writes in blocks; 0 for none, like the four below.
    pub preferred_write_alignment: u32,
    /// Preferred granularity of writes in blocks.
    pub preferred_write_granularity: u32,
    /// Optimal size of a write in blocks.
    pub optimal_write_size: u32,
    /// Preferred alignment of unmaps in blocks.
    pub preferred_unmap_alignment: u32,
    /// Preferred granularity of unmaps in blocks.
    pub preferred_unmap_granularity: u32,
}

impl Options {
    /// A bdev of `num_blocks` blocks of `block_size` bytes, with nothing special about it.
    #[must_use]
    pub fn new(name: &CStr, num_blocks: u64, block_size: u32) -> Self {
        Self {
            name: name.to_owned(),
            uuid: None,
            num_blocks,
            block_size,
            physical_block_size: 0,
            preferred_write_alignment: 0,
            preferred_write_granularity: 0,
            optimal_write_size: 0,
            preferred_unmap_alignment: 0,
            preferred_unmap_granularity: 0,
        }
    }
}

pub(super) static MODULE: spdk_bdev_module = spdk_bdev_module {
    module_init: Some(module_init),
    module_fini: Some(module_fini),
    get_ctx_size: Some(ctx_size),
    async_fini: true,
    ..spdk_bdev_module::named(c"null")
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

/// The shared buffer of reads without one; null while the module is down.
static ZEROES: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// The io_device of the module is the address of this static.
static IO_DEVICE: u8 = 0;

fn io_device() -> *mut c_void {
    (&raw const IO_DEVICE).cast_mut().cast()
}

/// Creates and registers a null bdev. App thread, after the bdev layer is initialized.
///
/// Refused with `-EINVAL` for sizes that are not valid and with `-EEXIST` for a name in use.
pub fn create(options: &Options) -> Result<(), Refusal> {
    let refuse = |reason: String| {
        Err(Refusal::invalid(format!("bdev_null_create: {:?}: {reason}", options.name)))
    };
    if !options.block_size.is_multiple_of(512) || options.block_size == 0 {
        return refuse(format!("block_size {} is not a multiple of 512", options.block_size));
    }
    if !options.physical_block_size.is_multiple_of(512) {
        let size = options.physical_block_size;
        return refuse(format!("physical_block_size {size} is not a multiple of 512"));
    }
    if options.num_blocks == 0 {
        return refuse("num_blocks must be more than 0".to_owned());
    }
    let bdev = Box::into_raw(Box::new(spdk_bdev {
        name: options.name.clone().into_raw(),
        product_name: c"Null disk".as_ptr().cast_mut(),
        blocklen: options.block_size,
        phys_blocklen: options.physical_block_size,
        blockcnt: options.num_blocks,
        preferred_write_alignment: options.preferred_write_alignment,
        preferred_write_granularity: options.preferred_write_granularity,
        optimal_write_size: options.optimal_write_size,
        preferred_unmap_alignment: options.preferred_unmap_alignment,
        preferred_unmap_granularity: options.preferred_unmap_granularity,
        uuid: uuid(options.uuid),
        fn_table: &raw const FN_TABLE,
        module: (&raw const MODULE).cast_mut(),
        ..Default::default()
    }));
    // SAFETY: the bdev stays where it is until destruct; if it is refused it is still ours.
    unsafe {
        (*bdev).ctxt = bdev.cast();
        match spdk_bdev_register(bdev) {
            0 => Ok(()),
            code => {
                destruct(bdev.cast());
                Err(Refusal::errno(code, format_args!("bdev_null_create: {:?}", options.name)))
            }
        }
    }
}

/// Deletes the null bdev `name`, then calls `done` once with 0 or a negative errno (`-ENODEV` if
/// there is none). App thread.
pub fn delete(name: &CStr, done: impl FnOnce(c_int) + 'static) {
    unregister_by_name(name, &MODULE, done);
}

/// Grows the null bdev `name` to `new_size` MiB, on the app thread.
///
/// Refused with `-ENODEV` if there is no such bdev and with `-EINVAL` if it is another module's or
/// larger already.
pub fn resize(name: &CStr, new_size: u64) -> Result<(), Refusal> {
    unsafe extern "C" fn ignore(
        _type: spdk_bdev_event_type,
        _bdev: *mut spdk_bdev,
        _ctx: *mut c_void,
    ) {
    }
    const MIB: u64 = 1024 * 1024;
    let mut desc = null_mut();
    // SAFETY: `name` is NUL-terminated, `desc` is writable, the event callback needs no context.
    let opened = unsafe {
        spdk_bdev_open_ext(name.as_ptr(), false, Some(ignore), null_mut(), &raw mut desc)
    };
    if opened != 0 {
        return Err(Refusal::errno(opened, format_args!("bdev_null_resize: opening {name:?}")));
    }
    // SAFETY: the descriptor is open until the close below, on this thread, and the bdev with it.
    unsafe {
        let bdev = spdk_bdev_desc_get_bdev(desc);
        let block_size = u64::from((*bdev).blocklen);
        let outcome = if !core::ptr::eq((*bdev).module, &raw const MODULE) {
            Err(Refusal::invalid(format!("bdev_null_resize: {name:?} is not a null bdev")))
        } else if new_size < block_size.saturating_mul((*bdev).blockcnt) / MIB {
            Err(Refusal::invalid(format!(
                "bdev_null_resize: {name:?} is larger than {new_size} MiB"
            )))
        } else {
            match spdk_bdev_notify_blockcnt_change(bdev, new_size.saturating_mul(MIB) / block_size)
            {
                0 => Ok(()),
                code => Err(Refusal::errno(code, format_args!("bdev_null_resize: {name:?}"))),
            }
        };
        spdk_bdev_close(desc);
        outcome
    }
}

unsafe extern "C" fn module_init() -> c_int {
    // SAFETY: plain allocation; the environment is up.
    let zeroes =
        unsafe { spdk_zmalloc(ZEROES_SIZE, 0, null_mut(), SPDK_ENV_NUMA_ID_ANY, SPDK_MALLOC_DMA) };
    if zeroes.is_null() {
        return -1;
    }
    ZEROES.store(zeroes, Ordering::Release);
    // SAFETY: the address of a static, unique to this module; the context size is the queue's.
    unsafe {
        spdk_io_device_register(
            io_device(),
            Some(channel_created),
            Some(destroy_channel),
            const { size_of::<Completions>() as u32 },
            c"null_bdev".as_ptr(),
        );
    }
    0
}

unsafe extern "C" fn channel_created(_io_device: *mut c_void, ctx: *mut c_void) -> c_int {
    // SAFETY: the thread library passes the context of a new channel.
    unsafe { create_channel(ctx, c"null_io_poll") }
}

unsafe extern "C" fn module_fini() {
    unsafe extern "C" fn channels_gone(_io_device: *mut c_void) {
        // SAFETY: no channel is left, so nobody reads from the buffer; the pointer is taken once.
        unsafe {
            spdk_free(ZEROES.swap(null_mut(), Ordering::AcqRel));
            spdk_bdev_module_fini_done();
        }
    }
    if ZEROES.load(Ordering::Acquire).is_null() {
        // SAFETY: the module did not start, so there is nothing to wait for.
        unsafe { spdk_bdev_module_fini_done() };
        return;
    }
    // SAFETY: module_init registered the device.
    unsafe { spdk_io_device_unregister(io_device(), Some(channels_gone)) };
}

unsafe extern "C" fn destruct(ctx: *mut c_void) -> c_int {
    // SAFETY: `ctx` is the box that create leaked, and nothing refers to it any more.
    unsafe {
        let bdev = Box::from_raw(ctx.cast::<spdk_bdev>());
        drop(CString::from_raw(bdev.name));
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
            | SPDK_BDEV_IO_TYPE_WRITE_ZEROES
            | SPDK_BDEV_IO_TYPE_RESET
            | SPDK_BDEV_IO_TYPE_ABORT
    )
}

unsafe extern "C" fn submit_request(channel: *mut spdk_io_channel, io: *mut spdk_bdev_io) {
    // SAFETY: the bdev layer hands over an I/O of this module on the channel's own thread.
    unsafe {
        let queue = Completions::of(channel);
        match spdk_bdev_io_type::from((*io).type_) {
            SPDK_BDEV_IO_TYPE_READ if !give_buffer(io) => {
                spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
            }
            SPDK_BDEV_IO_TYPE_READ
            | SPDK_BDEV_IO_TYPE_WRITE
            | SPDK_BDEV_IO_TYPE_WRITE_ZEROES
            | SPDK_BDEV_IO_TYPE_RESET => {
                Completions::push(queue, io, SPDK_BDEV_IO_STATUS_SUCCESS);
            }
            SPDK_BDEV_IO_TYPE_ABORT => abort(queue, io),
            _ => spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED),
        }
    }
}

/// Points a read without a buffer at the zeroes; false if it is too large for them.
///
/// # Safety
///
/// - `io` is a read of this module.
unsafe fn give_buffer(io: *mut spdk_bdev_io) -> bool {
    // SAFETY: a read has at least one iovec, which is the module's to fill in when it has no base.
    unsafe {
        let iov = (*io).u.bdev.iovs;
        if !(*iov).iov_base.is_null() {
            return true;
        }
        let length = (*io).u.bdev.num_blocks.saturating_mul((*(*io).bdev).blocklen.into());
        if length > ZEROES_SIZE as u64 {
            tracing::error!(
                "a read of {length} bytes without a buffer is larger than {ZEROES_SIZE}"
            );
            return false;
        }
        (*iov).iov_base = ZEROES.load(Ordering::Relaxed);
        (*iov).iov_len = length as usize;
    }
    true
}

/// Takes the target of an abort out of the queue, if it is still in it.
///
/// # Safety
///
/// - `io` is an abort of this module, submitted to the channel of `queue` on this thread.
unsafe fn abort(queue: *mut Completions, io: *mut spdk_bdev_io) {
    // SAFETY: the bdev layer keeps the target alive until it has been completed.
    unsafe {
        let target = (*io).u.abort.bio_to_abort;
        if Completions::remove(queue, target) {
            spdk_bdev_io_complete(target, SPDK_BDEV_IO_STATUS_ABORTED);
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_SUCCESS);
        } else {
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
}
