//! A C library that calls back on another thread, and its callback types as the macros emit them.

use core::ffi::{c_int, c_void};

use callback_adapter::__private::{BoxedStorage, PooledStorage, Storage, complete, deliver};
use callback_adapter::{Call, Callback, Kept, MultiCallback, OnceCallback, Refusal, Submit};

use super::ledger::{Entry, Ledger};
use super::step::step;

/// What C reports: a number, and a resource that must be closed once.
pub(crate) struct Opened {
    pub(crate) number: c_int,
    _resource: Entry,
}

/// `void (*open_cb)(void *cb_arg, const struct report *report)`: completes once.
pub(crate) enum Open {}

pub(crate) struct Report {
    number: c_int,
    resources: Ledger,
}

pub(crate) type OpenFn = unsafe extern "C" fn(*mut c_void, *const Report);

impl Callback for Open {
    const NAME: &'static str = "open_cb";
    type Fn = OpenFn;
}

// SAFETY: each function hands its context to `complete` with the storage of its name.
unsafe impl OnceCallback for Open {
    type Value = Opened;
    type Error = core::convert::Infallible;
    const POOLED: OpenFn = open::<PooledStorage>;
    const BOXED: OpenFn = open::<BoxedStorage>;
}

unsafe extern "C" fn open<S: Storage>(cb_arg: *mut c_void, report: *const Report) {
    let read = || {
        // SAFETY: C passes a report that is valid during the callback.
        let report = unsafe { &*report };
        step();
        Ok(Opened { number: report.number, _resource: report.resources.entry() })
    };
    // SAFETY: C passes the context of this callback back.
    unsafe { complete::<Open, S>(cb_arg, read) }
}

/// `void (*event_cb)(void *cb_arg, int event)`: comes any number of times.
pub(crate) enum Event {}

pub(crate) type EventFn = unsafe extern "C" fn(*mut c_void, c_int);

impl Callback for Event {
    const NAME: &'static str = "event_cb";
    type Fn = EventFn;
}

// SAFETY: the function hands its context to `deliver` once.
unsafe impl MultiCallback for Event {
    type Item = c_int;
    const FN: EventFn = event;
}

unsafe extern "C" fn event(cb_arg: *mut c_void, number: c_int) {
    deliver::<Event>(cb_arg, || number);
}

/// What a call keeps: C writes to it until the callback.
pub(crate) struct Buffer {
    pub(crate) byte: u8,
    _entry: Entry,
}

/// A call that C has: what it needs to call back, and where it writes.
#[derive(Clone, Copy)]
pub(crate) struct Pending {
    callback: OpenFn,
    cb_arg: *mut c_void,
    buffer: *mut Buffer,
}

// SAFETY: C may call back, and write to the buffer, on any thread.
unsafe impl Send for Pending {}

/// What C writes to a buffer.
pub(crate) const WRITTEN: u8 = 0xa5;

impl Pending {
    /// Writes to the buffer and calls back.
    ///
    /// # Safety
    ///
    /// - The call is in flight.
    pub(crate) unsafe fn complete(self, number: c_int, resources: &Ledger) {
        // SAFETY: the buffer is C's while the call is in flight.
        unsafe { (*self.buffer).byte = WRITTEN };
        self.call_back(number, resources);
    }

    /// Calls back, whether it is C's turn or not.
    pub(crate) fn call_back(self, number: c_int, resources: &Ledger) {
        let report = Report { number, resources: resources.clone() };
        // SAFETY: the context is the one that came with the callback.
        unsafe { (self.callback)(self.cb_arg, &raw const report) }
    }
}

/// A call of the library. `made` is told of it while the C function runs, and answers whether C
/// accepts.
pub(crate) fn call<M>(
    buffers: &Ledger,
    mut made: M,
) -> Call<Open, Kept<Buffer>, impl Submit<Open, Kept<Buffer>> + use<M>>
where
    M: FnMut(Pending) -> Result<(), Refusal> + 'static,
{
    let buffer = Buffer { byte: 0, _entry: buffers.entry() };
    let submit = move |payload: *mut Kept<Buffer>, callback: OpenFn, cb_arg: *mut c_void| {
        // SAFETY: the record is alive until C has the context.
        let buffer = unsafe { &raw mut (*payload).0 };
        made(Pending { callback, cb_arg, buffer })
    };
    // SAFETY: the models complete each accepted call once; what they do beyond that (calling back
    // again, or after a refusal) is what a broken library does, and must be harmless.
    unsafe { Call::new(&"open", Kept(buffer), submit) }
}
