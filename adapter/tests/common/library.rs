//! A C library whose behaviour a scenario scripts: it calls back inline, later, on this or another
//! OS thread, twice, or never, and refuses on demand.

use core::ffi::{c_int, c_void};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::thread;

use callback_adapter::__private::errno_return;
use callback_adapter::{Call, OnceCallback, Payload, Submit};

use super::callbacks::{Done, DoneFn, Object, Open, OpenFn};
use super::trace::Trace;

/// What the library does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// Calls back with this status before it returns.
    Inline(c_int),
    /// Accepts, and leaves the callback to the scenario.
    Later,
    /// Returns this and does not call back.
    Refuse(c_int),
    /// Calls back all the same, which is a fault, and returns this.
    CallBackAndRefuse(c_int),
}

/// The calls that the library has accepted and not completed, and the trace of what it was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Library {
    accepted: Arc<Mutex<VecDeque<Context>>>,
    pub(crate) trace: Trace,
}

impl Library {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A call of `lib_work`, which keeps `payload`.
    pub(crate) fn call<P: Payload>(
        &self,
        script: Script,
        payload: P,
    ) -> Call<Done, P, impl Submit<Done, P> + use<P>> {
        self.named(&"lib_work", script, payload)
    }

    /// A call of the function `name`.
    pub(crate) fn named<P: Payload>(
        &self,
        name: &'static &'static str,
        script: Script,
        payload: P,
    ) -> Call<Done, P, impl Submit<Done, P> + use<P>> {
        let library = self.clone();
        // SAFETY: `work` calls back as it says by what it returns, except in scripts of a faulty
        // library, and never touches the payload.
        unsafe {
            Call::new(name, payload, move |_, callback, cb_arg| {
                errno_return(library.work(script, Context { callback, cb_arg }))
            })
        }
    }

    /// The function `lib_work(int script, done_cb cb, void *cb_arg)`.
    pub(crate) fn work(&self, script: Script, context: Context) -> c_int {
        self.trace.note("call");
        match script {
            Script::Inline(status) => {
                context.complete(status);
                0
            }
            Script::Later => {
                self.accepted.lock().unwrap().push_back(context);
                0
            }
            Script::Refuse(status) => status,
            Script::CallBackAndRefuse(status) => {
                context.complete(0);
                status
            }
        }
    }

    /// How many calls wait for their callback.
    pub(crate) fn outstanding(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }

    /// Takes the oldest waiting call, for the scenario to complete as often as it likes.
    #[track_caller]
    pub(crate) fn next(&self) -> Context {
        let next = self.accepted.lock().unwrap().pop_front();
        next.expect("the library has an accepted call")
    }

    /// Completes the oldest waiting call.
    #[track_caller]
    pub(crate) fn complete(&self, status: c_int) {
        self.next().complete(status);
    }
}

/// What the library keeps of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) callback: DoneFn,
    pub(crate) cb_arg: *mut c_void,
}

// SAFETY: C hands contexts from thread to thread; that is what the scenarios are about.
unsafe impl Send for Context {}

impl Context {
    /// Calls back.
    pub(crate) fn complete(self, status: c_int) {
        // SAFETY: the callback and the context came with one call; all else is for the adapter to
        // check.
        unsafe { (self.callback)(self.cb_arg, status) }
    }

    /// Calls back on another OS thread, and waits until that has ended.
    pub(crate) fn complete_elsewhere(self, status: c_int) -> thread::ThreadId {
        elsewhere(move || self.complete(status))
    }
}

/// Runs `body` on another OS thread, waits for its end, and says which thread it was.
pub(crate) fn elsewhere(body: impl FnOnce() + Send) -> thread::ThreadId {
    thread::scope(|scope| {
        let thread = scope.spawn(body);
        let id = thread.thread().id();
        thread.join().expect("the other thread ends well");
        id
    })
}

/// What the library keeps of a call of `lib_open`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenContext {
    callback: OpenFn,
    cb_arg: *mut c_void,
}

// SAFETY: as for `Context`.
unsafe impl Send for OpenContext {}

impl OpenContext {
    /// Calls back with an object that is now the callback's.
    pub(crate) fn complete(self, object: *mut Object) {
        // SAFETY: as for `Context::complete`, and the object is handed over.
        unsafe { (self.callback)(self.cb_arg, object) }
    }
}

/// Where calls of `lib_open` leave their context.
pub(crate) type Opening = Arc<Mutex<Option<OpenContext>>>;

/// A call of `lib_open(open_cb cb, void *cb_arg)`, completed by the scenario.
pub(crate) fn open_call<P: Payload>(
    opening: &Opening,
    payload: P,
) -> Call<Open, P, impl Submit<Open, P> + use<P>> {
    let opening = Arc::clone(opening);
    // SAFETY: the scenario calls back, and nothing touches the payload.
    unsafe {
        Call::new(&"lib_open", payload, move |_, callback, cb_arg| {
            *opening.lock().unwrap() = Some(OpenContext { callback, cb_arg });
            Ok(())
        })
    }
}

/// A call whose C side is a closure of the scenario, for conventions that `Library` does not have.
pub(crate) fn custom_call<C: OnceCallback, P: Payload, S: Submit<C, P>>(
    payload: P,
    submit: S,
) -> Call<C, P, S> {
    // SAFETY: the scenarios' closures keep the promises of `Call::new`.
    unsafe { Call::new(&"lib_custom", payload, submit) }
}

/// Which record a context of a pooled call names, without its generation: the address below 21 bits.
pub(crate) fn slot_of(cb_arg: *mut c_void) -> usize {
    cb_arg.addr() << 21
}

/// Where that record lies.
pub(crate) fn address_of(cb_arg: *mut c_void) -> usize {
    slot_of(cb_arg) >> 16
}

/// The context of the next call of the same record.
pub(crate) fn next_of(cb_arg: *mut c_void) -> *mut c_void {
    cb_arg.map_addr(|context| context.wrapping_add(1 << 43))
}
