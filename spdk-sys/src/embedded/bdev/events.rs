//! Changes of a bdev that its users are told about: its size, and media management.

use core::ffi::c_int;

use super::desc;
use super::state::{blockcnt, set_blockcnt, state};
use super::{
    SPDK_BDEV_EVENT_MEDIA_MANAGEMENT, SPDK_BDEV_EVENT_RESIZE, spdk_bdev, spdk_bdev_desc,
    spdk_bdev_media_event,
};

/// Events a descriptor keeps until they are fetched.
const MEDIA_EVENT_POOL_SIZE: usize = 64;

/// Changes the number of blocks, at once, and tells every descriptor. -EBUSY to shrink a bdev that is
/// open; nothing happens if the size is the same.
///
/// # Safety
/// - `bdev` is registered, and the caller is its module.
pub unsafe extern "C" fn spdk_bdev_notify_blockcnt_change(
    bdev: *mut spdk_bdev,
    size: u64,
) -> c_int {
    // SAFETY: by contract; descriptors in the list are open while the bdev is locked.
    unsafe {
        let shared = state(bdev).lock();
        let now = blockcnt(bdev);
        if size == now {
            return 0;
        }
        if size < now && !shared.open_descs.is_empty() {
            return -libc::EBUSY;
        }
        set_blockcnt(bdev, size);
        for desc in shared.open_descs.iter() {
            desc::notify(desc, SPDK_BDEV_EVENT_RESIZE);
        }
    }
    0
}

/// Queues media management events on the first writable descriptor. Returns how many fitted, or
/// -ENODEV if there is no such descriptor.
///
/// # Safety
/// - `bdev` is registered with `media_events` set; `events` points to `num_events` events.
pub unsafe extern "C" fn spdk_bdev_push_media_events(
    bdev: *mut spdk_bdev,
    events: *const spdk_bdev_media_event,
    num_events: usize,
) -> c_int {
    // SAFETY: by contract; descriptors in the list are open while the bdev is locked.
    unsafe {
        let shared = state(bdev).lock();
        let writer = shared.open_descs.iter().find(|&desc| desc::of(desc).writable());
        let Some(writer) = writer else { return -libc::ENODEV };
        let mut sync = desc::of(writer).lock();
        let Some(queue) = sync.media_events.as_mut() else { return -libc::ENODEV };
        let room = MEDIA_EVENT_POOL_SIZE - queue.len();
        let taken = num_events.min(room);
        queue.extend((0..taken).map(|i| *events.add(i)));
        taken as c_int
    }
}

/// Tells the descriptors that have media management events waiting.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_notify_media_management(bdev: *mut spdk_bdev) {
    // SAFETY: by contract; descriptors in the list are open while the bdev is locked.
    unsafe {
        let shared = state(bdev).lock();
        for desc in shared.open_descs.iter() {
            let waiting = {
                let sync = desc::of(desc).lock();
                sync.media_events.as_ref().is_some_and(|queue| !queue.is_empty())
            };
            if waiting {
                desc::notify(desc, SPDK_BDEV_EVENT_MEDIA_MANAGEMENT);
            }
        }
    }
}

/// Takes up to `max_events` media management events off a descriptor; returns their number.
///
/// # Safety
/// - `bdev_desc` is open; `events` has room for `max_events`.
pub unsafe extern "C" fn spdk_bdev_get_media_events(
    bdev_desc: *mut spdk_bdev_desc,
    events: *mut spdk_bdev_media_event,
    max_events: usize,
) -> usize {
    // SAFETY: by contract.
    unsafe {
        let mut sync = desc::of(bdev_desc).lock();
        let Some(queue) = sync.media_events.as_mut() else { return 0 };
        let taken = queue.len().min(max_events);
        for (i, event) in queue.drain(..taken).enumerate() {
            *events.add(i) = event;
        }
        taken
    }
}
