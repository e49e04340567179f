//! An open bdev, what its I/O and its events brought, and calls that must be refused or taken.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use std::rc::Rc;

use spdk_sys::*;

use crate::common::{config, malloc, null, pool, turn};

pub(crate) const EINVAL: c_int = -libc::EINVAL;
pub(crate) const EBADF: c_int = -libc::EBADF;
pub(crate) const ENOTSUP: c_int = -libc::ENOTSUP;
/// Blocks of the bdevs.
pub(crate) const END: u64 = 2048;

/// The bdevs, and the pool of its usual size: SPDK keeps what another test of the process has set.
pub(crate) fn usual() -> String {
    config(&[pool(65_535, 256), malloc("Malloc0", END), null("Null0", END)])
}

/// What the callback of an I/O saw.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) calls: Cell<u32>,
    pub(crate) success: Cell<bool>,
    /// NVMe status code type and status code.
    pub(crate) nvme: Cell<(c_int, c_int)>,
    pub(crate) cdw0: Cell<u32>,
    /// What a seek found.
    pub(crate) found: Cell<u64>,
    /// The I/O, if it is left to the test.
    pub(crate) io: Cell<Option<*mut spdk_bdev_io>>,
    pub(crate) kind: Kind,
}

/// What an I/O answers besides its status.
#[derive(Default, PartialEq)]
pub(crate) enum Kind {
    #[default]
    Nothing,
    /// An offset.
    Seek,
    /// Itself: it is not freed.
    ZeroCopy,
}

impl Ended {
    pub(crate) fn arg(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// Waits for the callback; whether it was told of a success.
    pub(crate) async fn success(&self) -> bool {
        while self.calls.get() == 0 {
            turn().await;
        }
        turn().await;
        assert_eq!(self.calls.get(), 1, "it comes once");
        self.success.get()
    }
}

pub(crate) unsafe extern "C" fn ended(io: *mut spdk_bdev_io, success: bool, arg: *mut c_void) {
    let (mut cdw0, mut sct, mut sc) = (0, 0, 0);
    // SAFETY: the test keeps its record until the callback has run.
    let ended = unsafe { &*arg.cast::<Ended>() };
    ended.calls.set(ended.calls.get() + 1);
    ended.success.set(success);
    // SAFETY: the I/O is the callback's.
    unsafe { spdk_bdev_io_get_nvme_status(io, &raw mut cdw0, &raw mut sct, &raw mut sc) };
    ended.nvme.set((sct, sc));
    ended.cdw0.set(cdw0);
    if ended.kind == Kind::Seek {
        // SAFETY: it is a seek, and the callback's.
        ended.found.set(unsafe { spdk_bdev_io_get_seek_offset(io) });
    }
    if ended.kind == Kind::ZeroCopy {
        ended.io.set(Some(io));
    } else {
        // SAFETY: as above, and it is freed here only.
        unsafe { spdk_bdev_free_io(io) };
    }
}

/// An open descriptor, a channel of this thread, and the events.
pub(crate) struct Open {
    pub(crate) desc: *mut spdk_bdev_desc,
    pub(crate) ch: *mut spdk_io_channel,
    pub(crate) events: Rc<RefCell<Vec<spdk_bdev_event_type>>>,
}

pub(crate) unsafe extern "C" fn event(
    kind: spdk_bdev_event_type,
    _bdev: *mut spdk_bdev,
    ctx: *mut c_void,
) {
    // SAFETY: the descriptor's owner keeps the list until it is closed.
    let events = unsafe { &*ctx.cast::<RefCell<Vec<spdk_bdev_event_type>>>() };
    events.borrow_mut().push(kind);
}

/// Opens, or says why not.
pub(crate) fn open(name: &CStr, write: bool) -> Result<Open, c_int> {
    let (events, mut desc) = (Rc::new(RefCell::default()), ptr::null_mut());
    let ctx = Rc::as_ptr(&events).cast_mut().cast();
    // SAFETY: on an spdk_thread; the list outlives the descriptor.
    let rc = unsafe { spdk_bdev_open_ext(name.as_ptr(), write, Some(event), ctx, &raw mut desc) };
    if rc != 0 {
        return Err(rc);
    }
    // SAFETY: the descriptor is open.
    let ch = unsafe { spdk_bdev_get_io_channel(desc) };
    assert!(!ch.is_null());
    Ok(Open { desc, ch, events })
}

impl Open {
    pub(crate) fn bdev(&self) -> *mut spdk_bdev {
        // SAFETY: the descriptor is open.
        unsafe { spdk_bdev_desc_get_bdev(self.desc) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: both are of this thread, and tests wait for their I/O.
        unsafe { spdk_put_io_channel(self.ch) };
        // SAFETY: as above.
        unsafe { spdk_bdev_close(self.desc) };
    }
}

/// Calls `$f(desc, ch, args.., ended, record)`.
macro_rules! submit {
    ($record:expr, $f:ident, $open:expr $(, $arg:expr)* $(,)?) => {{
        let (desc, ch, record) = ($open.desc, $open.ch, $record.arg());
        // SAFETY: the descriptor and its channel are open; the test keeps record and memory.
        unsafe { $f(desc, ch $(, $arg)*, Some(ended), record) }
    }};
}

/// The code of a call that must be refused.
macro_rules! refused {
    ($($call:tt)*) => {{
        let record = Ended::default();
        let rc = submit!(record, $($call)*);
        assert_ne!(rc, 0, "taken: {}", stringify!($($call)*));
        turn().await;
        assert_eq!(record.calls.get(), 0, "a refused call never calls back");
        rc
    }};
}

/// The record of a call that must be taken, when its callback has run, which is not inside the call.
macro_rules! taken {
    (kind = $kind:expr, $($call:tt)*) => {{
        let record = Ended { kind: $kind, ..Ended::default() };
        assert_eq!(submit!(record, $($call)*), 0, "refused: {}", stringify!($($call)*));
        assert_eq!(record.calls.get(), 0, "inside the call: {}", stringify!($($call)*));
        record.success().await;
        record
    }};
    ($($call:tt)*) => { taken!(kind = Kind::Nothing, $($call)*) };
}

pub(crate) const FAILED: (c_int, c_int) = (0, 0x06);

pub(crate) use {refused, submit, taken};
