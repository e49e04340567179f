//! What the tests of the raw awaitables share: an open bdev and its channel as pointers, and
//! arguments that a record can keep and a test can look into afterwards.

use core::ffi::{CStr, c_int, c_void};
use core::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use libc::iovec;
use spdk_async::adapter::{CallError, Events, Keep, Parent, Refusal, Submitted, Subscription};
use spdk_async::bdev::IoStatus;
use spdk_async::raw::bdev::{self as raw, spdk_bdev_event_cb_t};
use spdk_async::{DmaBuf, spdk_async, spdk_callback};
use spdk_sys::{spdk_bdev, spdk_bdev_desc, spdk_io_channel, spdk_nvme_cmd};

/// An alignment that suits every bdev of the tests.
const ALIGN: usize = 4096;

/// An open bdev and a channel of it, on the thread that opened it.
pub(crate) struct Opened {
    desc: *mut spdk_bdev_desc,
    ch: *mut spdk_io_channel,
    events: Subscription<spdk_bdev_event_cb_t>,
}

impl Opened {
    /// Opens a bdev for reading and writing.
    pub(crate) fn writable(name: &CStr) -> Rc<Self> {
        Self::open(name, true).unwrap()
    }

    /// Opens a bdev for reading only.
    pub(crate) fn read_only(name: &CStr) -> Rc<Self> {
        Self::open(name, false).unwrap()
    }

    fn open(name: &CStr, write: bool) -> Result<Rc<Self>, Refusal> {
        let (events, _) = Subscription::new("spdk_bdev_open_ext");
        // SAFETY: an spdk_thread is current, and the name is read during the call.
        let desc = unsafe { raw::spdk_bdev_open_ext(name.as_ptr(), write, &events) }?;
        // SAFETY: it has just been opened, on this thread.
        Ok(unsafe { Self::of(desc, events) })
    }

    /// Takes over an open descriptor.
    ///
    /// # Safety
    ///
    /// - `desc` was opened on the current `spdk_thread`, with `events`, and nobody else closes it.
    pub(crate) unsafe fn of(
        desc: *mut spdk_bdev_desc,
        events: Subscription<spdk_bdev_event_cb_t>,
    ) -> Rc<Self> {
        // SAFETY: the caller's promise.
        let ch = unsafe { spdk_sys::spdk_bdev_get_io_channel(desc) };
        assert!(!ch.is_null());
        Rc::new(Self { desc, ch, events })
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

    /// The events from now on.
    pub(crate) fn events(&self) -> Events<spdk_bdev_event_cb_t> {
        self.events.events()
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
        // SAFETY: the channel is of this thread; calls in flight hold a reference, so there is none.
        unsafe { spdk_sys::spdk_put_io_channel(self.ch) };
        // SAFETY: opened on this thread, and closed only here.
        unsafe { spdk_sys::spdk_bdev_close(self.desc) };
    }
}

/// A buffer for a record.
#[derive(Debug)]
pub(crate) struct Bytes(DmaBuf);

impl Bytes {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(DmaBuf::copied_from(bytes, ALIGN).unwrap())
    }

    pub(crate) fn zeroed(len: usize) -> Self {
        Self(DmaBuf::zeroed(len, ALIGN).unwrap())
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

// SAFETY: the bytes are on SPDK's heap until the drop, and only the buffer refers to them.
unsafe impl Keep<*mut c_void> for Bytes {
    fn arg(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast()
    }
}

/// Several buffers for a record, and the array that tells C of them.
pub(crate) struct Iovs(Vec<Bytes>, Vec<iovec>);

impl Iovs {
    /// The bytes in pieces of `sizes`, and the rest.
    pub(crate) fn of(bytes: &[u8], sizes: &[usize]) -> Self {
        let mut bufs = Vec::new();
        let mut rest = bytes;
        for &size in sizes {
            let (piece, behind) = rest.split_at(size);
            bufs.push(Bytes::of(piece));
            rest = behind;
        }
        bufs.push(Bytes::of(rest));
        Self(bufs, Vec::new())
    }

    pub(crate) fn zeroed(len: usize, sizes: &[usize]) -> Self {
        Self::of(&vec![0; len], sizes)
    }

    pub(crate) fn concat(&self) -> Vec<u8> {
        self.0.iter().flat_map(|buf| buf.iter().copied()).collect()
    }
}

// SAFETY: the array is on the heap and filled here, from buffers on SPDK's heap, which stay as long
// as the value.
unsafe impl Keep<*mut iovec> for Iovs {
    fn arg(&mut self) -> *mut iovec {
        let iov = |buf: &mut Bytes| iovec { iov_base: buf.arg(), iov_len: buf.len() };
        self.1 = self.0.iter_mut().map(iov).collect();
        self.1.as_mut_ptr()
    }
}

/// An NVMe command for a record.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command(pub(crate) [u8; 64]);

const _: () = assert!(size_of::<spdk_nvme_cmd>() == size_of::<Command>());
const _: () = assert!(align_of::<spdk_nvme_cmd>() <= align_of::<Command>());

impl Command {
    /// A command of this opcode whose other bytes are a pattern.
    pub(crate) fn of(opcode: u8) -> Self {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&super::pattern(u64::from(opcode), 64));
        bytes[0] = opcode;
        Self(bytes)
    }
}

// SAFETY: the bytes are part of the value, which the record does not move, and any bytes are a
// command.
unsafe impl Keep<*const spdk_nvme_cmd> for Command {
    fn arg(&mut self) -> *const spdk_nvme_cmd {
        (&raw const *self).cast()
    }
}

/// The errno of a call that C must have refused.
#[track_caller]
pub(crate) fn refused<V, E>(result: Result<V, CallError<E>>) -> i32 {
    let error = result.err().expect("the call is refused");
    error.refused_errno().expect("the call is refused with an errno").get()
}

/// The status of an I/O that C must have taken and failed.
#[track_caller]
pub(crate) fn failed<V>(result: Result<V, CallError<IoStatus>>) -> IoStatus {
    match result.err().expect("the call fails") {
        CallError::Failed(status) => status,
        CallError::Refused(refusal) => panic!("it was refused: {refusal:?}"),
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
unsafe fn spdk_bdev_unregister(
    bdev: *mut spdk_bdev,
    cb_fn: spdk_bdev_unregister_cb,
    cb_arg: *mut c_void,
);

/// Begins to unregister the bdev of this name. On the app thread.
pub(crate) fn unregister(name: &CStr) -> Submitted<spdk_bdev_unregister_cb, ()> {
    // SAFETY: an spdk_thread is current, and the name is read during the call.
    let bdev = unsafe { spdk_sys::spdk_bdev_get_by_name(name.as_ptr()) };
    assert!(!bdev.is_null());
    // SAFETY: the bdev has just been found, and the test runs on the app thread.
    unsafe { spdk_bdev_unregister(bdev) }.submit()
}

/// Unregisters the bdev of this name, which nobody must have open.
pub(crate) async fn unregister_unused(name: &CStr) {
    let gone = spdk_async::timeout(Duration::from_secs(20), unregister(name));
    gone.await.expect("every descriptor is closed").unwrap();
}
