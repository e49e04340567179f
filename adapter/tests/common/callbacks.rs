//! Nominal callback types of the scripted library, written as the macros emit them.

use core::ffi::{c_int, c_void};
use std::cell::RefCell;

use callback_adapter::__private::{
    BoxedStorage, PooledStorage, Storage, complete, deliver, errno_status, visit, visit_shared,
};
use callback_adapter::{
    Callback, Errno, Handle, MultiCallback, OnceCallback, ResumedVisitorCallback, VisitorCallback,
};

use super::trace::Trace;

thread_local! {
    static READING: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `action` while the next report on this OS thread is read.
pub(crate) fn during_next_read(action: impl FnOnce() + 'static) {
    READING.with_borrow_mut(|actions| actions.push(Box::new(action)));
}

fn reading() {
    let action = READING.with_borrow_mut(Vec::pop);
    if let Some(action) = action {
        action();
    }
}

/// `void (*done_cb)(void *cb_arg, int status)`: completes once.
pub(crate) enum Done {}

pub(crate) type DoneFn = unsafe extern "C" fn(*mut c_void, c_int);

impl Callback for Done {
    const NAME: &'static str = "done_cb";
    type Fn = DoneFn;
}

// SAFETY: each function hands its context to `complete` with the storage of its name.
unsafe impl OnceCallback for Done {
    type Value = ();
    type Error = Errno;
    const POOLED: DoneFn = done::<PooledStorage>;
    const BOXED: DoneFn = done::<BoxedStorage>;
}

unsafe extern "C" fn done<S: Storage>(cb_arg: *mut c_void, status: c_int) {
    let read = || {
        reading();
        errno_status(status)
    };
    // SAFETY: C passes the context of this callback back.
    unsafe { complete::<Done, S>(cb_arg, read) }
}

/// `void (*open_cb)(void *cb_arg, struct object *object)`: hands a resource over.
pub(crate) enum Open {}

pub(crate) type OpenFn = unsafe extern "C" fn(*mut c_void, *mut Object);

impl Callback for Open {
    const NAME: &'static str = "open_cb";
    type Fn = OpenFn;
}

// SAFETY: each function hands its context to `complete` with the storage of its name.
unsafe impl OnceCallback for Open {
    type Value = Option<Opened>;
    type Error = core::convert::Infallible;
    const POOLED: OpenFn = open::<PooledStorage>;
    const BOXED: OpenFn = open::<BoxedStorage>;
}

unsafe extern "C" fn open<S: Storage>(cb_arg: *mut c_void, object: *mut Object) {
    let read = || {
        // SAFETY: the library hands the object over to this callback, which may close it anywhere.
        let handle = unsafe { Handle::new(object, close) };
        reading();
        Ok(handle.map(Opened))
    };
    // SAFETY: C passes the context of this callback back.
    unsafe { complete::<Open, S>(cb_arg, read) }
}

/// A resource of the library; closing it is noted.
#[derive(Debug)]
pub(crate) struct Object(pub(crate) Trace);

impl Object {
    /// An object as the library hands it over.
    pub(crate) fn opened(trace: &Trace) -> *mut Self {
        Box::into_raw(Box::new(Self(trace.clone())))
    }
}

unsafe fn close(object: *mut Object) {
    // SAFETY: objects come from `Object::opened`, and a handle closes once.
    let object = unsafe { Box::from_raw(object) };
    object.0.note("close");
}

/// A handle of an object, which may be closed on any thread.
#[derive(Debug)]
pub(crate) struct Opened(pub(crate) Handle<Object>);

// SAFETY: an object is a trace, which is `Send`, and closing it notes an event.
unsafe impl Send for Opened {}

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
    deliver::<Event>(cb_arg, || {
        reading();
        number
    });
}

/// `int (*visit_cb)(void *ctx, int number)`: visits while the call runs.
pub(crate) enum Visit {}

pub(crate) type VisitFn = unsafe extern "C" fn(*mut c_void, c_int) -> c_int;

impl Callback for Visit {
    const NAME: &'static str = "visit_cb";
    type Fn = VisitFn;
}

// SAFETY: the function hands its context to `visit` with the same closure type.
unsafe impl VisitorCallback for Visit {
    type Item = c_int;
    type Answer = c_int;
    fn visit<F: FnMut(c_int) -> c_int>() -> VisitFn {
        visit_one::<F>
    }
}

unsafe extern "C" fn visit_one<F: FnMut(c_int) -> c_int>(ctx: *mut c_void, number: c_int) -> c_int {
    // SAFETY: C passes the context of the walk back while the walk runs.
    unsafe { visit::<Visit, F>(ctx, || number) }
}

/// `void (*place_cb)(struct visited *iterator)`: visits on any thread, then resumes.
pub(crate) enum Place {}

pub(crate) type PlaceFn = unsafe extern "C" fn(*mut Visited);

/// One visit: where it is, the shared context, and how the visit was ended.
#[derive(Debug)]
pub(crate) struct Visited {
    pub(crate) place: c_int,
    pub(crate) ctx: *mut c_void,
    pub(crate) resumed: Option<c_int>,
}

impl Callback for Place {
    const NAME: &'static str = "place_cb";
    type Fn = PlaceFn;
}

// SAFETY: the function hands its context to `visit_shared` once and then resumes.
unsafe impl ResumedVisitorCallback for Place {
    type Item = c_int;
    const FN: PlaceFn = place;
}

unsafe extern "C" fn place(iterator: *mut Visited) {
    // SAFETY: C passes an iterator that is valid during the visit.
    let iterator = unsafe { &mut *iterator };
    let number = iterator.place;
    let status = visit_shared::<Place>(iterator.ctx, || number);
    iterator.resumed = Some(status);
}
