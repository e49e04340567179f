//! One open bdev with a channel, and I/O on it that the test waits for.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::ptr::null_mut;
use std::rc::Rc;

use spdk_sys::*;

use super::host::{Host, on_thread};

/// How an I/O ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not yet.
    Pending,
    /// The submit was refused with this code.
    Refused(c_int),
    /// It succeeded.
    Success,
    /// It failed; the errno of the file, or -EIO for any other reason.
    Failed(c_int),
}

/// An I/O that was submitted.
#[derive(Clone)]
pub(crate) struct Pending(Rc<Cell<Outcome>>);

impl Pending {
    /// How it ended, or that it has not.
    pub(crate) fn outcome(&self) -> Outcome {
        self.0.get()
    }
}

/// An open bdev and a channel of one thread.
pub(crate) struct Disk {
    pub(crate) desc: *mut spdk_bdev_desc,
    pub(crate) channel: *mut spdk_io_channel,
    thread: *mut spdk_thread,
    /// REMOVE and RESIZE events so far, in that order.
    pub(crate) events: Rc<Cell<(u32, u32)>>,
}

unsafe extern "C" fn count_event(
    kind: spdk_bdev_event_type,
    _bdev: *mut spdk_bdev,
    ctx: *mut c_void,
) {
    // SAFETY: the disk keeps the cell alive until after the close.
    let events = unsafe { &*ctx.cast::<Cell<(u32, u32)>>() };
    let (removes, resizes) = events.get();
    match kind {
        SPDK_BDEV_EVENT_REMOVE => events.set((removes + 1, resizes)),
        SPDK_BDEV_EVENT_RESIZE => events.set((removes, resizes + 1)),
        other => panic!("unexpected event {other}"),
    }
}

impl Disk {
    /// Opens `name` and a channel on the host's thread.
    pub(crate) fn open(host: &Host, name: &CStr, write: bool) -> Self {
        Self::open_on(host.thread(), name, write)
    }

    /// Opens `name` and a channel on `thread`.
    pub(crate) fn open_on(thread: *mut spdk_thread, name: &CStr, write: bool) -> Self {
        let events = Rc::new(Cell::new((0, 0)));
        let mut desc = null_mut();
        // SAFETY: the name is NUL-terminated; the event callback's context outlives the descriptor.
        let channel = on_thread(thread, || unsafe {
            let ctx = Rc::as_ptr(&events).cast_mut().cast();
            let rc =
                spdk_bdev_open_ext(name.as_ptr(), write, Some(count_event), ctx, &raw mut desc);
            assert_eq!(rc, 0, "opening {name:?}");
            spdk_bdev_get_io_channel(desc)
        });
        assert!(!channel.is_null());
        Self { desc, channel, thread, events }
    }

    /// The bdev.
    pub(crate) fn bdev(&self) -> *mut spdk_bdev {
        // SAFETY: the descriptor is open.
        unsafe { spdk_bdev_desc_get_bdev(self.desc) }
    }

    /// Submits an I/O; its bdev_io is freed when it has ended.
    pub(crate) fn submit(
        &self,
        submit: impl FnOnce(
            *mut spdk_bdev_desc,
            *mut spdk_io_channel,
            spdk_bdev_io_completion_cb,
            *mut c_void,
        ) -> c_int,
    ) -> Pending {
        unsafe extern "C" fn ended(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
            // SAFETY: `ctx` is the cell that was leaked for this one callback, which owns the I/O.
            unsafe {
                let outcome = Rc::from_raw(ctx.cast::<Cell<Outcome>>());
                let mut errno = 0;
                if !success {
                    spdk_bdev_io_get_aio_status(io, &raw mut errno);
                }
                spdk_bdev_free_io(io);
                outcome.set(if success { Outcome::Success } else { Outcome::Failed(errno) });
            }
        }
        let outcome = Rc::new(Cell::new(Outcome::Pending));
        let ctx = Rc::into_raw(Rc::clone(&outcome));
        let rc = on_thread(self.thread, || {
            submit(self.desc, self.channel, Some(ended), ctx.cast_mut().cast())
        });
        if rc != 0 {
            outcome.set(Outcome::Refused(rc));
            // SAFETY: a refused submit does not call back, so the count is still ours.
            drop(unsafe { Rc::from_raw(ctx) });
        }
        Pending(outcome)
    }

    /// Submits an I/O and polls the host until it has ended.
    pub(crate) fn run(
        &self,
        host: &Host,
        submit: impl FnOnce(
            *mut spdk_bdev_desc,
            *mut spdk_io_channel,
            spdk_bdev_io_completion_cb,
            *mut c_void,
        ) -> c_int,
    ) -> Outcome {
        let pending = self.submit(submit);
        host.poll_until(|| pending.outcome() != Outcome::Pending);
        pending.outcome()
    }

    /// Submits a write of `data` at `offset` bytes. `data` must live until the I/O has ended.
    pub(crate) fn submit_write(&self, data: &[u8], offset: u64) -> Pending {
        let (buf, length) = (data.as_ptr().cast_mut().cast(), data.len() as u64);
        // SAFETY: the caller keeps the data until the I/O has ended.
        self.submit(|desc, channel, cb, ctx| unsafe {
            spdk_bdev_write(desc, channel, buf, offset, length, cb, ctx)
        })
    }

    /// Submits a read to `data` from `offset` bytes. `data` must live until the I/O has ended.
    pub(crate) fn submit_read(&self, data: &mut [u8], offset: u64) -> Pending {
        let (buf, length) = (data.as_mut_ptr().cast(), data.len() as u64);
        // SAFETY: the caller keeps the data until the I/O has ended.
        self.submit(|desc, channel, cb, ctx| unsafe {
            spdk_bdev_read(desc, channel, buf, offset, length, cb, ctx)
        })
    }

    /// Writes `data` at `offset` bytes.
    pub(crate) fn write(&self, host: &Host, data: &[u8], offset: u64) -> Outcome {
        let pending = self.submit_write(data, offset);
        host.poll_until(|| pending.outcome() != Outcome::Pending);
        pending.outcome()
    }

    /// Reads `length` bytes at `offset` bytes.
    pub(crate) fn read(&self, host: &Host, offset: u64, length: usize) -> Vec<u8> {
        let mut data = vec![0xEE; length];
        let pending = self.submit_read(&mut data, offset);
        host.poll_until(|| pending.outcome() != Outcome::Pending);
        assert_eq!(pending.outcome(), Outcome::Success);
        data
    }

    /// Closes the channel and the descriptor.
    pub(crate) fn close(self) {
        // SAFETY: nothing is in flight; both belong to this thread.
        on_thread(self.thread, || unsafe {
            spdk_put_io_channel(self.channel);
            spdk_bdev_close(self.desc);
        });
    }
}
