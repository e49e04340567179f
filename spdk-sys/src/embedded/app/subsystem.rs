//! The subsystems of an application: bringing them up and taking them down (init.h).
//!
//! The embedded backend has one, "bdev", with the modules malloc, null and aio. Invariant: the state
//! below changes only on the app thread, and no lock is held while a callback runs.
//!
//! Called by the app framework, and by hosts that poll their threads themselves.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;
use std::sync::Mutex;

use super::config::require_app_thread;
use crate::embedded::modules::add_builtin_modules;
use crate::{spdk_bdev_finish, spdk_bdev_initialize};

/// The subsystems have been initialized (`rc` 0) or could not be (`rc` negative); also the end of
/// [`spdk_subsystem_load_config`](crate::spdk_subsystem_load_config).
pub type spdk_subsystem_init_fn = Option<unsafe extern "C" fn(rc: c_int, ctx: *mut c_void)>;
/// The subsystems are down.
pub type spdk_subsystem_fini_fn = Option<unsafe extern "C" fn(ctx: *mut c_void)>;

/// Where the subsystems are between down and up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is initialized.
    Down,
    /// Initialization runs.
    Starting,
    /// Initialization runs, and its end starts the way down.
    StartingToEnd,
    /// Initialized, or failed to; both have to be taken down.
    Up,
    /// The way down runs.
    Ending,
}

/// A callback and its context. The app thread alone uses them.
#[derive(Debug, Clone, Copy)]
struct Callback<F> {
    function: F,
    ctx: *mut c_void,
}

struct Subsystems {
    state: State,
    init: Callback<spdk_subsystem_init_fn>,
    fini: Callback<spdk_subsystem_fini_fn>,
    ends: u64,
}

// SAFETY: the contexts inside are only passed back to their callbacks, on the app thread, as the
// callers of spdk_subsystem_init and spdk_subsystem_fini allowed.
unsafe impl Send for Subsystems {}

static SUBSYSTEMS: Mutex<Subsystems> = Mutex::new(Subsystems {
    state: State::Down,
    init: Callback { function: None, ctx: null_mut() },
    fini: Callback { function: None, ctx: null_mut() },
    ends: 0,
});

/// Runs `change` on the state. `change` calls nothing that could come back here.
fn with<T>(change: impl FnOnce(&mut Subsystems) -> T) -> T {
    change(&mut SUBSYSTEMS.lock().expect("no change panics while it holds the lock"))
}

/// Whether this program contains the subsystem.
pub(super) fn is_linked(name: &str) -> bool {
    name == "bdev"
}

/// How often the way down has begun. What was started under an older number must not go on.
pub(super) fn ends() -> u64 {
    with(|subsystems| subsystems.ends)
}

/// Whether this program contains the subsystem `name`. The embedded backend has "bdev".
///
/// # Safety
///
/// - `name` is a NUL-terminated string.
pub unsafe extern "C" fn spdk_subsystem_exists(name: *const c_char) -> bool {
    // SAFETY: the caller promises a NUL-terminated string.
    unsafe { CStr::from_ptr(name) }.to_str().is_ok_and(is_linked)
}

/// Initializes the subsystems, then calls `cb_fn` with 0 or a negative errno, perhaps inside this
/// call. After a failure they still have to be taken down with [`spdk_subsystem_fini`].
///
/// # Safety
///
/// - Call it on the app thread, once between two ends of [`spdk_subsystem_fini`]; anything else ends
///   the process with a message.
/// - `cb_fn` is not null and may be called with `cb_arg` on this thread until it has been called.
pub unsafe extern "C" fn spdk_subsystem_init(cb_fn: spdk_subsystem_init_fn, cb_arg: *mut c_void) {
    require_app_thread("spdk_subsystem_init");
    assert!(cb_fn.is_some(), "spdk_subsystem_init: the callback must not be null");
    let before = with(|subsystems| {
        let before = subsystems.state;
        if before == State::Down {
            subsystems.state = State::Starting;
            subsystems.init = Callback { function: cb_fn, ctx: cb_arg };
        }
        before
    });
    assert!(before == State::Down, "spdk_subsystem_init: the subsystems are initialized already");
    add_builtin_modules();
    // SAFETY: the app thread is current; the callback needs no context.
    unsafe { spdk_bdev_initialize(Some(bdev_initialized), null_mut()) };
}

unsafe extern "C" fn bdev_initialized(_ctx: *mut c_void, rc: c_int) {
    let (before, init) = with(|subsystems| {
        let before = core::mem::replace(&mut subsystems.state, State::Up);
        (before, subsystems.init)
    });
    if before == State::StartingToEnd {
        // Whoever waited for the initialization has asked for its end meanwhile.
        finish_bdev();
    } else if let Some(function) = init.function {
        // SAFETY: the caller of spdk_subsystem_init made this pair callable once on this thread.
        unsafe { function(rc, init.ctx) };
    }
}

/// Takes the subsystems down, then calls `cb_fn`, perhaps inside this call.
///
/// An initialization that still runs is ended first; its callback then never comes. Bdevs are
/// unregistered; a descriptor or channel that is kept open blocks the end for ever.
///
/// # Safety
///
/// - Call it on the app thread, not while another end is in progress; anything else ends the process
///   with a message.
/// - `cb_fn` is not null and may be called with `cb_arg` on this thread until it has been called.
pub unsafe extern "C" fn spdk_subsystem_fini(cb_fn: spdk_subsystem_fini_fn, cb_arg: *mut c_void) {
    require_app_thread("spdk_subsystem_fini");
    assert!(cb_fn.is_some(), "spdk_subsystem_fini: the callback must not be null");
    let before = with(|subsystems| {
        let before = subsystems.state;
        subsystems.fini = Callback { function: cb_fn, ctx: cb_arg };
        subsystems.ends += 1;
        if before == State::Starting {
            subsystems.state = State::StartingToEnd;
        }
        before
    });
    match before {
        State::Down => finished(),
        State::Starting => {}
        State::Up => finish_bdev(),
        State::StartingToEnd | State::Ending => {
            panic!("spdk_subsystem_fini: the subsystems are being taken down already")
        }
    }
}

fn finish_bdev() {
    unsafe extern "C" fn bdev_finished(_ctx: *mut c_void) {
        finished();
    }
    with(|subsystems| subsystems.state = State::Ending);
    // SAFETY: the app thread is current; the callback needs no context.
    unsafe { spdk_bdev_finish(Some(bdev_finished), null_mut()) };
}

fn finished() {
    let fini = with(|subsystems| {
        subsystems.state = State::Down;
        subsystems.fini
    });
    if let Some(function) = fini.function {
        // SAFETY: the caller of spdk_subsystem_fini made this pair callable once on this thread.
        unsafe { function(fini.ctx) };
    }
}
