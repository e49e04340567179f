//! I/O channels: one per device and thread, counted, destroyed by a message to their own thread.
//!
//! Invariant: a channel is alive while it has a reference, is in its create callback or has a
//! destroy message on the way (`destroy_count`); it stands in its thread's map and its device's thread
//! list from creation until its destroy callback is about to run.

use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::{c_char, c_void};
use core::ptr;

use super::io_device::{IoDevice, free_if_unused};
use super::object::{EXITED, current, require_current};
use super::registry;
use super::send::spdk_thread_send_msg;
use super::{SPDK_IO_CHANNEL_STRUCT_SIZE, spdk_thread};

const HEADER: usize = SPDK_IO_CHANNEL_STRUCT_SIZE as usize;

/// A thread's channel to a device.
///
/// Opaque, as in C; used through pointers only. The device's context follows it in memory.
#[repr(C, align(16))]
pub struct spdk_io_channel {
    thread: *mut spdk_thread,
    pub(super) device: *mut IoDevice,
    /// References, at least 0.
    count: Cell<u32>,
    /// Destroy messages on the way.
    destroy_count: Cell<u32>,
    /// Fills the object up to the size that the header of SPDK fixes.
    _fill: [u64; 9],
}

const _: () = assert!(size_of::<spdk_io_channel>() == HEADER);

impl spdk_io_channel {
    fn layout(ctx_size: usize) -> Layout {
        Layout::from_size_align(HEADER + ctx_size, align_of::<Self>())
            .expect("spdk_get_io_channel: context too large")
    }

    fn alloc(thread: *mut spdk_thread, device: *mut IoDevice, ctx_size: usize) -> *mut Self {
        // SAFETY: the layout is never empty.
        let channel = unsafe { std::alloc::alloc_zeroed(Self::layout(ctx_size)) }.cast::<Self>();
        if !channel.is_null() {
            let (count, destroy_count) = (Cell::new(1), Cell::new(0));
            // SAFETY: freshly allocated with room for the header.
            unsafe {
                channel.write(Self { thread, device, count, destroy_count, _fill: [0; 9] });
            }
        }
        channel
    }

    /// # Safety
    /// - `channel` came from `alloc` with the same size and is not used again.
    unsafe fn dealloc(channel: *mut Self, ctx_size: usize) {
        // SAFETY: allocated with this very layout; the header owns nothing.
        unsafe { std::alloc::dealloc(channel.cast(), Self::layout(ctx_size)) };
    }
}

/// A channel of the current thread to a registered device: the existing one with another reference,
/// else a new one, whose create callback runs before this returns. NULL for an unknown device,
/// without a current thread, on an exited one, or when the create callback fails.
///
/// # Safety
/// - The device's create callback may be called now.
pub unsafe extern "C" fn spdk_get_io_channel(io_device: *mut c_void) -> *mut spdk_io_channel {
    match find_or_insert(io_device) {
        Ok(Found::Old(channel)) => channel,
        // SAFETY: the channel was just inserted, on the current thread.
        Ok(Found::New(channel)) => unsafe { create(channel) },
        Err(why) => {
            tracing::error!("spdk_get_io_channel: {why}");
            ptr::null_mut()
        }
    }
}

enum Found {
    Old(*mut spdk_io_channel),
    New(*mut spdk_io_channel),
}

fn find_or_insert(io_device: *mut c_void) -> Result<Found, String> {
    let mut registry = registry::lock();
    let device = registry
        .device(io_device)
        .ok_or_else(|| format!("{io_device:p} is not a registered device"))?;
    let thread = current();
    if thread.is_null() {
        return Err("called without a current spdk_thread".into());
    }
    // SAFETY: a current thread is alive and its map is ours on this OS thread; registered devices are
    // alive, and members of the map too.
    unsafe {
        if (*thread).state() == EXITED {
            return Err(format!("thread '{}' has exited", (*thread).label()));
        }
        let channels = &mut *(*thread).channels.get();
        if let Some(&channel) = channels.get(&(device as usize)) {
            (*channel).count.set((*channel).count.get() + 1);
            return Ok(Found::Old(channel));
        }
        let channel = spdk_io_channel::alloc(thread, device, (*device).ctx_size);
        if channel.is_null() {
            return Err("out of memory".into());
        }
        channels.insert(device as usize, channel);
        let state = (*device).state(&mut registry);
        state.channels += 1;
        state.threads.insert((*thread).id, thread);
        Ok(Found::New(channel))
    }
}

/// # Safety
/// - `channel` was just inserted on the current thread.
unsafe fn create(channel: *mut spdk_io_channel) -> *mut spdk_io_channel {
    // SAFETY: the caller vouches for the channel; it keeps its device alive.
    unsafe {
        let device = (*channel).device;
        let rc = ((*device).create)((*device).io_device, spdk_io_channel_get_ctx(channel));
        if rc == 0 {
            return channel;
        }
        tracing::error!(
            "spdk_get_io_channel: the create callback of the device '{}' failed with {rc}",
            (*device).label()
        );
        remove(channel);
        release(channel);
    }
    ptr::null_mut()
}

/// Takes the channel out of its thread's map and its device's thread list.
///
/// # Safety
/// - `channel` is alive and inserted, and its thread is current.
unsafe fn remove(channel: *mut spdk_io_channel) {
    let mut registry = registry::lock();
    // SAFETY: the caller vouches for the channel; it keeps its device alive, its thread is current.
    unsafe {
        let (device, thread) = ((*channel).device, (*channel).thread);
        (*(*thread).channels.get()).remove(&(device as usize));
        (*device).state(&mut registry).threads.remove(&(*thread).id);
    }
}

/// Frees a removed channel and, if it was the last one of an unregistered device, the device.
///
/// # Safety
/// - `channel` is removed and is not used again.
unsafe fn release(channel: *mut spdk_io_channel) {
    let mut registry = registry::lock();
    // SAFETY: the caller vouches for the channel; until the count falls it keeps its device alive.
    unsafe {
        let device = (*channel).device;
        spdk_io_channel::dealloc(channel, (*device).ctx_size);
        (*device).state(&mut registry).channels -= 1;
        free_if_unused(&mut registry, device);
    }
}

/// Gives a reference back. The last one sends a message to the thread itself, which destroys the
/// channel unless it was got again meanwhile.
///
/// # Safety
/// - `ch` is a channel with a reference that the caller owns.
pub unsafe extern "C" fn spdk_put_io_channel(ch: *mut spdk_io_channel) {
    // SAFETY: the caller vouches for the channel, which its thread outlives.
    unsafe {
        let thread = (*ch).thread;
        require_current("spdk_put_io_channel", "the channel", thread);
        let Some(count) = (*ch).count.get().checked_sub(1) else {
            panic!(
                "spdk_put_io_channel: the channel of the device '{}' was put more often than it was got",
                (*(*ch).device).label()
            );
        };
        (*ch).count.set(count);
        if count == 0 {
            (*ch).destroy_count.set((*ch).destroy_count.get() + 1);
            spdk_thread_send_msg(thread, Some(destroy), ch.cast());
        }
    }
}

/// # Safety
/// - `channel` is a channel with a destroy message counted, and its thread is current.
unsafe extern "C" fn destroy(channel: *mut c_void) {
    let channel = channel.cast::<spdk_io_channel>();
    // SAFETY: the message kept the channel alive, and the channel its device.
    unsafe {
        (*channel).destroy_count.set((*channel).destroy_count.get() - 1);
        if (*channel).count.get() > 0 || (*channel).destroy_count.get() > 0 {
            return;
        }
        remove(channel);
        let device = (*channel).device;
        ((*device).destroy)((*device).io_device, spdk_io_channel_get_ctx(channel));
        release(channel);
    }
}

/// Another reference to a channel of the current thread; returns the channel.
///
/// # Safety
/// - `ch` is a channel with at least one reference.
pub unsafe extern "C" fn spdk_io_channel_ref(ch: *mut spdk_io_channel) -> *mut spdk_io_channel {
    // SAFETY: the caller vouches for the channel.
    unsafe {
        require_current("spdk_io_channel_ref", "the channel", (*ch).thread);
        (*ch).count.set((*ch).count.get() + 1);
    }
    ch
}

/// The device's context behind the channel; NULL for NULL. Aligned to 16 bytes.
///
/// # Safety
/// - `ch` is NULL or a channel.
#[inline]
pub unsafe extern "C" fn spdk_io_channel_get_ctx(ch: *mut spdk_io_channel) -> *mut c_void {
    if ch.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the context follows the header in the same allocation.
    unsafe { ch.byte_add(HEADER) }.cast()
}

/// The channel whose context `ctx` is.
///
/// # Safety
/// - `ctx` came from [`spdk_io_channel_get_ctx`] or a channel callback.
#[inline]
pub unsafe extern "C" fn spdk_io_channel_from_ctx(ctx: *mut c_void) -> *mut spdk_io_channel {
    // SAFETY: the header directly precedes the context in one allocation.
    unsafe { ctx.byte_sub(HEADER) }.cast()
}

/// The thread the channel belongs to.
///
/// # Safety
/// - `ch` is a channel.
pub unsafe extern "C" fn spdk_io_channel_get_thread(ch: *mut spdk_io_channel) -> *mut spdk_thread {
    // SAFETY: the caller vouches for the channel.
    unsafe { (*ch).thread }
}

/// The address under which the channel's device was registered.
///
/// # Safety
/// - `ch` is a channel.
pub unsafe extern "C" fn spdk_io_channel_get_io_device(ch: *mut spdk_io_channel) -> *mut c_void {
    // SAFETY: the caller vouches for the channel, which keeps its device alive.
    unsafe { (*(*ch).device).io_device }
}

/// The name of the channel's device; valid as long as the channel.
///
/// # Safety
/// - `ch` is a channel.
pub unsafe extern "C" fn spdk_io_channel_get_io_device_name(
    ch: *mut spdk_io_channel,
) -> *const c_char {
    // SAFETY: the caller vouches for the channel, which keeps its device alive.
    unsafe { (*(*ch).device).name_ptr() }
}
