//! What the example needs beneath the safe API: an open bdev and its channel as pointers, a buffer
//! that a record can keep, and a function of SPDK that this crate does not declare.

use core::ffi::{CStr, c_int, c_void};
use std::rc::Rc;

use spdk_async::adapter::{Keep, MultiCallback, Parent, Submitted, Subscription};
use spdk_async::raw::bdev as raw;
use spdk_async::spdk_sys::{self, spdk_bdev, spdk_bdev_desc, spdk_io_channel, spdk_msg_fn};
use spdk_async::{DmaBuf, spdk_async, spdk_callback};

use crate::Failure;

/// An open bdev and a channel of it, on the thread that opened it.
pub(crate) struct Opened {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    _events: Subscription<raw::spdk_bdev_event_cb_t>,
}

impl Opened {
    /// Opens a bdev for reading.
    pub(crate) fn open(name: &CStr) -> Result<Rc<Self>, Failure> {
        let (subscription, _) = Subscription::new("spdk_bdev_open_ext");
        // SAFETY: an spdk_thread is current, and the name is read during the call.
        let desc = unsafe { raw::spdk_bdev_open_ext(name.as_ptr(), false, &subscription) }?;
        // SAFETY: the descriptor is open, and an spdk_thread is current.
        let ch = unsafe { spdk_sys::spdk_bdev_get_io_channel(desc) };
        if ch.is_null() {
            // SAFETY: the descriptor is open, was opened here, and has no channel.
            unsafe { spdk_sys::spdk_bdev_close(desc) };
            return Err("there is no memory for a channel".into());
        }
        Ok(Rc::new(Self { desc, ch, _events: subscription }))
    }

    /// The descriptor, open as long as `self` lives.
    pub(crate) fn desc(&self) -> *mut spdk_bdev_desc {
        self.desc
    }

    /// The bdev, open as long as `self` lives.
    pub(crate) fn bdev(&self) -> *mut spdk_bdev {
        // SAFETY: the descriptor is open.
        unsafe { spdk_sys::spdk_bdev_desc_get_bdev(self.desc) }
    }
}

// SAFETY: the channel is put by the drop and not before.
unsafe impl Parent<*mut spdk_io_channel> for Opened {
    fn as_arg(&self) -> *mut spdk_io_channel {
        self.ch
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: the channel belongs to this thread: an `Rc` does not leave it. Calls in flight
        // hold a reference, so there is none.
        unsafe { spdk_sys::spdk_put_io_channel(self.ch) };
        // SAFETY: opened on this thread, and closed only here.
        unsafe { spdk_sys::spdk_bdev_close(self.desc) };
    }
}

/// A block of memory that a record keeps.
pub(crate) struct Block(DmaBuf);

impl Block {
    /// 512 bytes.
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self(DmaBuf::zeroed(512, 512)?))
    }
}

// SAFETY: the bytes are on SPDK's heap until the drop, and only the buffer refers to them.
unsafe impl Keep<*mut c_void> for Block {
    fn arg(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast()
    }
}

/// A bdev was unregistered.
#[spdk_callback(once, sys = spdk_sys, crate = spdk_async::adapter)]
pub(crate) type spdk_bdev_unregister_cb =
    unsafe extern "C" fn(cb_arg: *mut c_void, #[status(errno)] rc: c_int);

/// Takes a bdev away, once each of its descriptors is closed. On the app thread.
///
/// # Safety
///
/// - `bdev` is registered, and nobody else unregisters it.
#[spdk_async(sys = spdk_sys, crate = spdk_async::adapter)]
pub(crate) unsafe fn spdk_bdev_unregister(
    bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_unregister_cb,
    cb_arg: *mut c_void,
);

/// Begins to unregister the bdev of this name.
pub(crate) fn unregister(name: &CStr) -> Result<Submitted<spdk_bdev_unregister_cb, ()>, Failure> {
    // SAFETY: an spdk_thread is current, and the name is read during the call.
    let bdev = unsafe { spdk_sys::spdk_bdev_get_by_name(name.as_ptr()) };
    if bdev.is_null() {
        return Err("there is no bdev to unregister".into());
    }
    // SAFETY: the bdev has just been found, and the application runs on the app thread only.
    Ok(unsafe { spdk_bdev_unregister(bdev) }.submit())
}

/// Sends the current `spdk_thread` a message that is the callback of a subscription.
pub(crate) fn send_to_this_thread<C: MultiCallback<Fn = spdk_msg_fn>>(
    subscription: &Subscription<C>,
) {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    // SAFETY: the current thread is alive; the callback takes the context of its subscription.
    unsafe {
        spdk_sys::spdk_thread_send_msg(thread, subscription.callback(), subscription.cb_arg())
    };
}
