//! What a test saw.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use std::rc::Rc;

use spdk_sys::*;

/// A completion, as its callback saw it.
#[derive(Default)]
pub(crate) struct Probe {
    pub(crate) calls: Cell<u32>,
    pub(crate) success: Cell<bool>,
    /// NVMe status code type and status code.
    pub(crate) nvme: Cell<(c_int, c_int)>,
    pub(crate) cdw0: Cell<u32>,
    /// Completions of this probe's log before it.
    pub(crate) place: Cell<usize>,
    pub(crate) io: Cell<Option<*mut spdk_bdev_io>>,
    /// Leave the bdev_io to the test.
    pub(crate) keep: Cell<bool>,
    /// The thread that submitted, where the callback must run.
    home: Cell<Option<*mut spdk_thread>>,
    log: RefCell<Option<Rc<Cell<usize>>>>,
    /// Runs inside the callback.
    then: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Probe {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self::default())
    }

    /// A probe that notes its place among those with the same counter.
    pub(crate) fn in_order(counter: &Rc<Cell<usize>>) -> Rc<Self> {
        let probe = Self::new();
        *probe.log.borrow_mut() = Some(Rc::clone(counter));
        probe
    }

    /// A probe that leaves its bdev_io to the test.
    pub(crate) fn keeping() -> Rc<Self> {
        let probe = Self::new();
        probe.keep.set(true);
        probe
    }

    pub(crate) fn then(self: &Rc<Self>, action: impl FnOnce() + 'static) {
        *self.then.borrow_mut() = Some(Box::new(action));
    }

    pub(crate) fn arg(self: &Rc<Self>) -> *mut c_void {
        Rc::as_ptr(self).cast_mut().cast()
    }

    /// Notes that the I/O is submitted on the current thread.
    pub(crate) fn submitting(&self) {
        self.home.set(Some(here()));
    }

    pub(crate) fn done(&self) -> bool {
        self.calls.get() > 0
    }

    pub(crate) fn succeeded(&self) -> bool {
        assert_eq!(self.calls.get(), 1, "the callback runs exactly once");
        self.success.get()
    }
}

fn here() -> *mut spdk_thread {
    // SAFETY: may be called from anywhere.
    unsafe { spdk_get_thread() }
}

/// The completion callback for a [`Probe`].
pub(crate) unsafe extern "C" fn on_done(io: *mut spdk_bdev_io, success: bool, arg: *mut c_void) {
    // SAFETY: the argument is a probe that the test keeps; the I/O is the callback's.
    unsafe {
        let probe = &*arg.cast::<Probe>();
        probe.calls.set(probe.calls.get() + 1);
        if let Some(home) = probe.home.get() {
            assert_eq!(here(), home, "the callback runs on the thread that submitted");
        }
        probe.success.set(success);
        let (mut cdw0, mut sct, mut sc) = (0, 0, 0);
        spdk_bdev_io_get_nvme_status(io, &raw mut cdw0, &raw mut sct, &raw mut sc);
        probe.nvme.set((sct, sc));
        probe.cdw0.set(cdw0);
        probe.io.set(Some(io));
        if let Some(log) = &*probe.log.borrow() {
            probe.place.set(log.get());
            log.set(log.get() + 1);
        }
        if !probe.keep.get() {
            spdk_bdev_free_io(io);
        }
        let then = probe.then.borrow_mut().take();
        if let Some(then) = then {
            then();
        }
    }
}

/// The events of a descriptor, which must all come on the thread that opened it.
#[derive(Default)]
pub(crate) struct Events {
    seen: RefCell<Vec<spdk_bdev_event_type>>,
    opener: Cell<Option<*mut spdk_thread>>,
}

impl Events {
    pub(crate) fn new() -> Rc<Self> {
        Rc::default()
    }

    /// The context for an open on the current thread.
    pub(crate) fn arg(self: &Rc<Self>) -> *mut c_void {
        self.opener.set(Some(here()));
        Rc::as_ptr(self).cast_mut().cast()
    }

    pub(crate) fn seen(&self) -> Vec<spdk_bdev_event_type> {
        self.seen.borrow().clone()
    }
}

/// The event callback for [`Events`].
pub(crate) unsafe extern "C" fn on_event(
    type_: spdk_bdev_event_type,
    _bdev: *mut spdk_bdev,
    ctx: *mut c_void,
) {
    // SAFETY: the context is an event log that the test keeps while the descriptor is open.
    let events = unsafe { &*ctx.cast::<Events>() };
    assert_eq!(events.opener.get(), Some(here()), "events come on the thread that opened");
    events.seen.borrow_mut().push(type_);
}

/// The statuses a callback of the form `(void *, int)` got.
#[derive(Default)]
pub(crate) struct Statuses(RefCell<Vec<c_int>>);

impl Statuses {
    pub(crate) fn new() -> Rc<Self> {
        Rc::default()
    }

    pub(crate) fn arg(self: &Rc<Self>) -> *mut c_void {
        Rc::as_ptr(self).cast_mut().cast()
    }

    pub(crate) fn seen(&self) -> Vec<c_int> {
        self.0.borrow().clone()
    }

    pub(crate) fn push(&self, status: c_int) {
        self.0.borrow_mut().push(status);
    }
}

/// The callback for [`Statuses`].
pub(crate) unsafe extern "C" fn on_status(ctx: *mut c_void, status: c_int) {
    // SAFETY: the context is a log that the test keeps.
    unsafe { (*ctx.cast::<Statuses>()).push(status) };
}
