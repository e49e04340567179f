//! Waiting for a free `spdk_bdev_io`: the one call of `bdev.h` whose callback travels in a struct.

use spdk_sys::{spdk_bdev, spdk_bdev_io_wait_entry, spdk_io_channel};

use super::callbacks::spdk_bdev_io_wait_cb;
use crate::adapter::{__private, Call, Keep, Kept, Submit};

/// Waits until an `spdk_bdev_io` is free on the thread of `ch`.
///
/// Refused with `EINVAL` if one is free already, or if `bdev` is not the bdev of `ch`. To be made on
/// the thread of `ch`, after a call was refused with `ENOMEM`.
///
/// # Safety
///
/// - `bdev` is open, and what `ch` yields is a channel of it on the calling thread.
pub unsafe fn spdk_bdev_queue_io_wait<K: Keep<*mut spdk_io_channel>>(
    bdev: *mut spdk_bdev,
    ch: K,
) -> Call<spdk_bdev_io_wait_cb, Waits<K>, impl Submit<spdk_bdev_io_wait_cb, Waits<K>>> {
    let submit = move |payload: *mut Waits<K>, cb_fn, cb_arg| {
        // SAFETY: the payload is alive and ours alone until C has the entry.
        let (ch, entry) = unsafe { &mut (*payload).0 };
        let ch = ch.arg();
        entry.0 = spdk_bdev_io_wait_entry { bdev, cb_fn, cb_arg, ..Default::default() };
        let entry = &raw mut entry.0;
        // SAFETY: the entry lives in the record, where it stays in place until the callback, and
        // the caller vouches for the bdev and the channel.
        __private::errno_return(unsafe { spdk_sys::spdk_bdev_queue_io_wait(bdev, ch, entry) })
    };
    let payload = Kept((ch, WaitEntry(Default::default())));
    // SAFETY: a queued entry is called exactly once and a refused one never; what C touches is the
    // entry, which the payload owns, and the channel, which it keeps.
    unsafe { Call::new(&"spdk_bdev_queue_io_wait", payload, submit) }
}

/// What a wait keeps: the channel, and the entry.
type Waits<K> = Kept<(K, WaitEntry)>;

/// The entry of SPDK's queue. It belongs to the record of the wait.
#[derive(Debug, Default)]
pub struct WaitEntry(spdk_bdev_io_wait_entry);
