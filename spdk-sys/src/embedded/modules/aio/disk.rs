//! An aio bdev and its file, and what the bdev layer asks of the module.
//!
//! Invariant: a [`Disk`] stays where it is from its creation until its io_device is unregistered; it
//! is changed on the app thread and on the thread of its reset only.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, Ordering};
use std::ffi::CString;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;

use super::request::submit_request;
use super::reset::Reset;
use super::{create, group, request};
use crate::{
    SPDK_BDEV_IO_TYPE_FLUSH, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_RESET,
    SPDK_BDEV_IO_TYPE_UNMAP, SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_WRITE_ZEROES, spdk_bdev,
    spdk_bdev_fn_table, spdk_bdev_io_type, spdk_bdev_module, spdk_get_io_channel, spdk_io_channel,
    spdk_io_channel_get_ctx, spdk_io_device_register, spdk_io_device_unregister,
    spdk_put_io_channel, spdk_thread_get_app_thread, spdk_thread_send_msg,
};

/// The ioctls of block devices that tell their block size and their size in bytes.
const BLKSSZGET: libc::Ioctl = 0x1268;
const BLKGETSIZE64: libc::Ioctl = 0x8008_1272_u32 as libc::Ioctl;

pub(in super::super) static MODULE: spdk_bdev_module = spdk_bdev_module {
    module_init: Some(module_init),
    module_fini: Some(module_fini),
    get_ctx_size: Some(request::ctx_size),
    ..spdk_bdev_module::named(c"aio")
};

pub(super) static FN_TABLE: spdk_bdev_fn_table = spdk_bdev_fn_table {
    destruct: Some(destruct),
    submit_request: Some(submit_request),
    io_type_supported: Some(io_type_supported),
    get_io_channel: Some(get_io_channel),
    get_spin_time: None,
    get_module_ctx: None,
    reset_device_stat: None,
};

/// One bdev and its file.
pub(super) struct Disk {
    pub(super) bdev: spdk_bdev,
    pub(super) file: File,
    pub(super) readonly: bool,
    pub(super) fallocate: bool,
    /// The file has gone and the bdev is being unregistered.
    removing: AtomicBool,
    pub(super) reset: Reset,
}

/// The channel context of a bdev on one thread.
#[repr(C)]
pub(super) struct DiskChannel {
    pub(super) group: *mut group::Group,
    group_channel: *mut spdk_io_channel,
    pub(super) in_flight: u64,
}

/// The size of the file or device in bytes; 0 if it is neither or has gone.
pub(super) fn size_of_file(file: &File) -> u64 {
    let Ok(metadata) = file.metadata() else { return 0 };
    let kind = metadata.file_type();
    if kind.is_file() {
        return metadata.len();
    }
    if !(kind.is_block_device() || kind.is_char_device()) {
        return 0;
    }
    let mut size = 0_u64;
    // SAFETY: the ioctl writes one u64.
    match unsafe { libc::ioctl(file.as_raw_fd(), BLKGETSIZE64, &raw mut size) } {
        0 => size,
        _ => 0,
    }
}

/// The block size of a block device in bytes; 0 for anything else.
pub(super) fn block_size_of_device(file: &File) -> u32 {
    let mut size: c_int = 0;
    // SAFETY: the ioctl writes one int.
    match unsafe { libc::ioctl(file.as_raw_fd(), BLKSSZGET, &raw mut size) } {
        0 => u32::try_from(size).unwrap_or(0),
        _ => 0,
    }
}

impl Disk {
    /// A disk that is not registered yet.
    pub(super) fn new(bdev: spdk_bdev, file: File, readonly: bool, fallocate: bool) -> Self {
        let (removing, reset) = (AtomicBool::new(false), Reset::default());
        Self { bdev, file, readonly, fallocate, removing, reset }
    }

    /// Has the bdev unregistered by the app thread, once: its file is gone.
    pub(super) fn hot_remove(&self) {
        unsafe extern "C" fn remove(ctx: *mut c_void) {
            // SAFETY: `ctx` is the name that was leaked below for this one message.
            let name = unsafe { CString::from_raw(ctx.cast()) };
            create::delete(&name, |_| {});
        }
        if self.removing.swap(true, Ordering::Relaxed) {
            return;
        }
        // SAFETY: the name is NUL-terminated and the disk's own.
        let name = unsafe { core::ffi::CStr::from_ptr(self.bdev.name) }.to_owned();
        tracing::error!("the file of aio bdev {name:?} has gone, unregistering the bdev");
        // SAFETY: the app thread lives as long as there are bdevs; the message takes the name.
        unsafe {
            let app_thread = spdk_thread_get_app_thread();
            spdk_thread_send_msg(app_thread, Some(remove), name.into_raw().cast());
        }
    }
}

/// Registers the io_device of a disk: its own address.
///
/// # Safety
///
/// - `disk` stays where it is until [`unregister`] has freed it.
pub(super) unsafe fn register(disk: *mut Disk) {
    // SAFETY: by the caller's promise; the context size is a DiskChannel's.
    unsafe {
        spdk_io_device_register(
            disk.cast(),
            Some(create_channel),
            Some(destroy_channel),
            const { size_of::<DiskChannel>() as u32 },
            (*disk).bdev.name,
        );
    }
}

/// Unregisters the io_device of a disk and frees the disk when its channels are gone.
///
/// # Safety
///
/// - `disk` was registered and is not in the bdev layer.
pub(super) unsafe fn unregister(disk: *mut Disk) {
    unsafe extern "C" fn channels_gone(io_device: *mut c_void) {
        // SAFETY: the box that create leaked; nothing refers to it any more.
        unsafe {
            let disk = Box::from_raw(io_device.cast::<Disk>());
            drop(CString::from_raw(disk.bdev.name));
        }
    }
    // SAFETY: by the caller's promise.
    unsafe { spdk_io_device_unregister(disk.cast(), Some(channels_gone)) };
}

unsafe extern "C" fn module_init() -> c_int {
    group::register();
    0
}

unsafe extern "C" fn module_fini() {
    group::unregister();
}

unsafe extern "C" fn destruct(ctx: *mut c_void) -> c_int {
    // SAFETY: the bdev layer lets go of the bdev; `ctx` is its disk.
    unsafe { unregister(ctx.cast()) };
    0
}

unsafe extern "C" fn create_channel(_io_device: *mut c_void, ctx: *mut c_void) -> c_int {
    // SAFETY: the context is ours to initialize; the channel keeps its group alive.
    unsafe {
        let group_channel = spdk_get_io_channel(group::io_device());
        if group_channel.is_null() {
            return -libc::ENOMEM;
        }
        let group = group::from_ctx(spdk_io_channel_get_ctx(group_channel));
        ctx.cast::<DiskChannel>().write(DiskChannel { group, group_channel, in_flight: 0 });
    }
    0
}

unsafe extern "C" fn destroy_channel(_io_device: *mut c_void, ctx: *mut c_void) {
    // SAFETY: the thread library passes the context of a channel of this thread.
    unsafe { spdk_put_io_channel((*ctx.cast::<DiskChannel>()).group_channel) };
}

unsafe extern "C" fn get_io_channel(ctx: *mut c_void) -> *mut spdk_io_channel {
    // SAFETY: the io_device of a disk is its address.
    unsafe { spdk_get_io_channel(ctx) }
}

unsafe extern "C" fn io_type_supported(ctx: *mut c_void, io_type: spdk_bdev_io_type) -> bool {
    match io_type {
        SPDK_BDEV_IO_TYPE_READ
        | SPDK_BDEV_IO_TYPE_WRITE
        | SPDK_BDEV_IO_TYPE_FLUSH
        | SPDK_BDEV_IO_TYPE_RESET => true,
        // SAFETY: `ctx` is the disk; this field never changes.
        SPDK_BDEV_IO_TYPE_UNMAP | SPDK_BDEV_IO_TYPE_WRITE_ZEROES => unsafe {
            (*ctx.cast::<Disk>()).fallocate
        },
        _ => false,
    }
}
