//! The same reads through the bare callback: what the others are measured by, and what makes the
//! backend's own memory for so many before theirs is counted.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::time::Instant;

use futures_channel::oneshot;
use spdk_async::DmaBuf;
use spdk_async::spdk_sys::{
    self, spdk_bdev, spdk_bdev_desc, spdk_bdev_event_type, spdk_bdev_io, spdk_io_channel,
};

use crate::reads::Times;

/// The null bdev by its C pointers, on one thread.
pub(crate) struct Bare {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
}

impl Bare {
    pub(crate) fn open() -> Self {
        let mut desc = ptr::null_mut();
        // SAFETY: the name ends in NUL, the place is valid, and an spdk_thread is current.
        let status = unsafe {
            spdk_sys::spdk_bdev_open_ext(
                c"Null0".as_ptr(),
                true,
                Some(ignore_event),
                ptr::null_mut(),
                &raw mut desc,
            )
        };
        assert_eq!(status, 0, "the null bdev can be opened");
        // SAFETY: the descriptor has just been opened here.
        let ch = unsafe { spdk_sys::spdk_bdev_get_io_channel(desc) };
        Self { desc, ch: NonNull::new(ch).expect("a channel needs next to nothing").as_ptr() }
    }

    /// A read into each buffer, all in flight at once.
    pub(crate) async fn round(&self, buffers: &mut [DmaBuf]) -> Times {
        let (sender, finished) = oneshot::channel();
        let left = Left { reads: Cell::new(buffers.len()), finished: Cell::new(Some(sender)) };
        let cb_arg = (&raw const left).cast_mut().cast();
        let count = buffers.len();
        let start = Instant::now();
        for (block, buf) in buffers.iter_mut().enumerate() {
            let (start, block) = (buf.as_mut_ptr().cast(), block as u64);
            // SAFETY: descriptor and channel are open; the buffer of one block, and what the context
            // points to, stay until the last callback, which is awaited below.
            let status = unsafe {
                spdk_sys::spdk_bdev_read_blocks(
                    self.desc,
                    self.ch,
                    start,
                    block,
                    1,
                    Some(completed),
                    cb_arg,
                )
            };
            assert_eq!(status, 0, "there is an spdk_bdev_io for each read");
        }
        let submitted = Instant::now();
        finished.await.expect("the last read says so");
        Times::of(count, start, submitted, submitted)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // SAFETY: the channel is ours, of this thread, and idle: each round awaits its reads.
        unsafe { spdk_sys::spdk_put_io_channel(self.ch) };
        // SAFETY: the descriptor is ours, of this thread, and has no channel any more.
        unsafe { spdk_sys::spdk_bdev_close(self.desc) };
    }
}

/// What the reads of a round share; its address is their context.
struct Left {
    reads: Cell<usize>,
    finished: Cell<Option<oneshot::Sender<()>>>,
}

/// # Safety
///
/// - `cb_arg` is the `Left` of a round that goes on.
unsafe extern "C" fn completed(bdev_io: *mut spdk_bdev_io, success: bool, cb_arg: *mut c_void) {
    // SAFETY: the I/O has completed and is given back once.
    unsafe { spdk_sys::spdk_bdev_free_io(bdev_io) };
    assert!(success, "a read failed");
    // SAFETY: the caller's promise.
    let left = unsafe { &*cb_arg.cast::<Left>() };
    left.reads.set(left.reads.get() - 1);
    if left.reads.get() == 0
        && let Some(finished) = left.finished.take()
    {
        let _ = finished.send(());
    }
}

/// Nothing happens to the bdev while it is open.
unsafe extern "C" fn ignore_event(
    _event: spdk_bdev_event_type,
    _bdev: *mut spdk_bdev,
    _ctx: *mut c_void,
) {
}
