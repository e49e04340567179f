//! A world of the hostile library: its scripts, its callbacks, and what it is owed.

use core::ffi::{c_int, c_void};
use core::ptr::NonNull;
use std::sync::Once;
use std::thread;
use std::time::Duration;

use super::sys;
use super::trace::{Event, Trace};

/// When the callback of a call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum When {
    /// By [`World::poll`] or [`World::poll_elsewhere`].
    Later,
    /// Before the call returns.
    Inline,
    /// On a thread that races with the return of the call.
    Thread,
    /// On another thread, and yet before the call returns.
    InlineElsewhere,
    /// Not before [`World::let_go`].
    Never,
    /// Before the call returns, which then refuses all the same.
    InlineRefused,
    /// The call refuses, and the callback comes all the same.
    LaterRefused,
}

/// When a callback that comes more than once comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Again {
    /// As soon as it has returned.
    AtOnce,
    /// By the next round of callbacks.
    NextRound,
    /// From inside of the release of what it was lent.
    InRelease,
}

/// What becomes of the next call.
#[derive(Clone, Copy, Debug)]
pub struct Script(sys::hostile_script);

impl Script {
    /// Accepted, and called back once with status zero.
    #[must_use]
    pub const fn new(when: When) -> Self {
        Self(sys::hostile_script {
            when: when as u32,
            refusals: 0,
            refusal: libc_enomem(),
            callbacks: 1,
            again: Again::AtOnce as u32,
            status: 0,
        })
    }

    /// Refused so many times before.
    #[must_use]
    pub const fn refused(mut self, times: u32) -> Self {
        self.0.refusals = times;
        self
    }

    /// Called back twice.
    #[must_use]
    pub const fn twice(mut self, again: Again) -> Self {
        self.0.callbacks = 2;
        self.0.again = again as u32;
        self
    }

    /// Called back with this status.
    #[must_use]
    pub const fn status(mut self, status: c_int) -> Self {
        self.0.status = status;
        self
    }
}

const fn libc_enomem() -> c_int {
    callback_adapter::Errno::ENOMEM.get()
}

/// A world that the creating thread is in until it is dropped.
#[derive(Debug)]
pub struct World {
    world: NonNull<sys::world>,
    before: *mut sys::world,
    /// The listener's argument points to it.
    trace: Box<Trace>,
}

unsafe extern "C" fn listen(listener: *mut c_void, event: u32) {
    // SAFETY: `World` keeps the trace until the world has ended.
    let trace = unsafe { &*listener.cast::<Trace>() };
    trace.note(Event::from_c(event));
}

/// Longer than all scenarios of a test program take together, also under a sanitizer.
const PATIENCE: Duration = Duration::from_secs(300);

/// Ends a program that hangs, as for want of a wake-up or in a lock that it has already.
fn watchdog() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        thread::spawn(|| {
            thread::sleep(PATIENCE);
            eprintln!("the tests hang: they have run for {PATIENCE:?}");
            std::process::abort();
        });
    });
}

impl World {
    /// A world that tells `trace` what it does. The program must end within five minutes of the first.
    #[must_use]
    pub fn new(trace: &Trace) -> Self {
        watchdog();
        let trace = Box::new(trace.clone());
        let listener = (&raw const *trace).cast_mut().cast();
        // SAFETY: the listener's argument lives until the world has ended.
        let world = unsafe { sys::hostile_new(Some(listen), listener) };
        // SAFETY: the world has just been made.
        let before = unsafe { sys::hostile_enter(world) };
        Self { world: NonNull::new(world).expect("the library has memory"), before, trace }
    }

    /// What becomes of the next call.
    pub fn script(&self, script: Script) {
        // SAFETY: the library copies the script.
        unsafe { sys::hostile_script(&raw const script.0) }
    }

    /// Runs the deferred callbacks; says how many ran.
    pub fn poll(&self) -> c_int {
        crate::drive::poll_c()
    }

    /// Runs at most so many of the deferred callbacks; says how many ran.
    pub fn poll_at_most(&self, count: u32) -> c_int {
        // SAFETY: the callbacks are those of calls that the adapter made.
        unsafe { sys::hostile_poll(count) }
    }

    /// Runs the deferred callbacks on another OS thread, which has ended then.
    pub fn poll_elsewhere(&self) -> c_int {
        // SAFETY: as above.
        unsafe { sys::hostile_poll_elsewhere() }
    }

    /// Waits for the threads that calls have started.
    pub fn join(&self) {
        // SAFETY: only this thread starts and joins threads of the world.
        unsafe { sys::hostile_join() }
    }

    /// Defers what was never to be called back.
    pub fn let_go(&self) {
        // SAFETY: it moves calls from one list to another.
        unsafe { sys::hostile_let_go() }
    }

    /// From now on, each release runs the deferred callbacks before it returns.
    pub fn nest(&self) {
        // SAFETY: it sets a variable of the world.
        unsafe { sys::hostile_nest(true) }
    }

    /// What is lent or handed over and has not come back, and what came back wrongly.
    #[must_use]
    pub fn debts(&self) -> Debts {
        // SAFETY: it counts.
        let ios = unsafe { sys::shapes_live_ios() };
        // SAFETY: it counts.
        let objects = unsafe { sys::shapes_live_objects() };
        // SAFETY: it reads a counter.
        let wrong_returns = unsafe { sys::hostile_wrong_returns() };
        Debts { ios, objects, wrong_returns }
    }

    /// The events since the last time.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.trace.take()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: the thread goes back to where it was.
        unsafe { sys::hostile_enter(self.before) };
        // SAFETY: no thread is in the world, but those that it joins by this.
        unsafe { sys::hostile_end(self.world.as_ptr()) }
    }
}

/// What the library and its caller owe each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Debts {
    /// I/Os that were lent and not given back.
    pub ios: c_int,
    /// Objects that are open.
    pub objects: c_int,
    /// Things that were given back and were not lent, or not any more.
    pub wrong_returns: c_int,
}
