//! Starting and ending the library. App thread.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering;
use std::sync::Mutex;

use super::examine::{action_done, when_done};
use super::open_async;
use super::opts::current_opts;
use super::pool::POOL;
use super::registry::{lock, registry};
use super::state::state;
use super::{
    SPDK_BDEV_CLAIM_NONE, fail, mgmt, spdk_bdev, spdk_bdev_fini_cb, spdk_bdev_init_cb,
    spdk_bdev_module, spdk_bdev_unregister,
};
use crate::{
    spdk_get_thread, spdk_thread_exec_msg, spdk_thread_get_app_thread, spdk_thread_send_msg,
};

struct Progress {
    init_cb: spdk_bdev_init_cb,
    init_arg: *mut c_void,
    fini_cb: spdk_bdev_fini_cb,
    fini_arg: *mut c_void,
    /// Every `module_init` was called.
    modules_initialised: bool,
    /// The caller of the initialisation was told.
    complete: bool,
    /// The pool and the management device exist.
    resources: bool,
    /// Modules that were initialised and not ended, in order of initialisation.
    started: Vec<*const spdk_bdev_module>,
    /// Modules whose `fini_start` is to be called, last first.
    to_fini_start: Vec<*const spdk_bdev_module>,
}

// SAFETY: used on the app thread only; the pointers are modules and arguments of the app.
unsafe impl Send for Progress {}

static PROGRESS: Mutex<Progress> = Mutex::new(Progress {
    init_cb: None,
    init_arg: ptr::null_mut(),
    fini_cb: None,
    fini_arg: ptr::null_mut(),
    modules_initialised: false,
    complete: false,
    resources: false,
    started: Vec::new(),
    to_fini_start: Vec::new(),
});

/// Starts the library and its modules. `cb_fn` runs with 0 or -1, inside the call if every module
/// starts at once. App thread.
///
/// # Safety
/// - `cb_arg` stays valid until `cb_fn` runs. The library is not initialised.
pub unsafe extern "C" fn spdk_bdev_initialize(cb_fn: spdk_bdev_init_cb, cb_arg: *mut c_void) {
    fail::require_app_thread("spdk_bdev_initialize");
    assert!(cb_fn.is_some(), "spdk_bdev_initialize: cb_fn is NULL; pass one");
    {
        let mut progress = lock(&PROGRESS);
        assert!(
            !progress.resources,
            "spdk_bdev_initialize: the library is initialised; finish it first"
        );
        progress.init_cb = cb_fn;
        progress.init_arg = cb_arg;
        progress.resources = true;
    }
    let modules = registry().modules.clone();
    POOL.create(current_opts().bdev_io_pool_size as usize, driver_ctx_size(&modules));
    mgmt::register();
    let ok = init_modules(&modules);
    lock(&PROGRESS).modules_initialised = true;
    if ok {
        action_complete();
    }
}

fn driver_ctx_size(modules: &[*const spdk_bdev_module]) -> usize {
    // SAFETY: modules live as long as the process.
    let size = |&module: &*const spdk_bdev_module| unsafe {
        (*module).get_ctx_size.map_or(0, |get_ctx_size| get_ctx_size())
    };
    modules.iter().map(size).max().unwrap_or(0).max(0) as usize
}

fn init_modules(modules: &[*const spdk_bdev_module]) -> bool {
    for &module in modules {
        lock(&PROGRESS).started.push(module);
        // SAFETY: modules live as long as the process.
        unsafe {
            let actions = &(*module).internal.action_in_progress;
            if (*module).async_init {
                actions.store(1, Ordering::Release);
            }
            let rc = (*module).module_init.map_or(0, |module_init| module_init());
            if rc != 0 {
                actions.store(1, Ordering::Release);
                let ctx = module.cast_mut().cast();
                spdk_thread_send_msg(spdk_get_thread(), Some(init_failed), ctx);
                return false;
            }
        }
    }
    true
}

unsafe extern "C" fn init_failed(ctx: *mut c_void) {
    let module = ctx.cast::<spdk_bdev_module>();
    // SAFETY: modules live as long as the process.
    unsafe { (*module).internal.action_in_progress.fetch_sub(1, Ordering::AcqRel) };
    init_complete(-1);
}

/// Ends the initialisation if nothing is in progress any more.
pub(super) fn action_complete() {
    {
        let progress = lock(&PROGRESS);
        if !progress.modules_initialised || progress.complete {
            return;
        }
    }
    if registry().all_actions_completed() {
        init_complete(0);
    }
}

fn init_complete(rc: c_int) {
    let (cb, arg, modules) = {
        let mut progress = lock(&PROGRESS);
        progress.complete = true;
        (progress.init_cb.take(), progress.init_arg, progress.started.clone())
    };
    // SAFETY: modules live as long as the process; the callback is the caller's.
    unsafe {
        if rc == 0 {
            for module in modules {
                if let Some(init_complete) = (*module).init_complete {
                    init_complete();
                }
            }
        }
        if let Some(cb) = cb {
            cb(arg, rc);
        }
    }
}

/// A module with `async_init` has started.
///
/// # Safety
/// - `module` is being initialised.
pub unsafe extern "C" fn spdk_bdev_module_init_done(module: *mut spdk_bdev_module) {
    // SAFETY: by contract.
    unsafe {
        spdk_thread_exec_msg(spdk_thread_get_app_thread(), Some(action_done), module.cast());
    }
}

/// Ends the library: waits for examinations, unregisters every bdev, ends the modules, then calls
/// `cb_fn`. Waits for every descriptor to be closed and every channel to be put. A bdev_io that was
/// never freed ends the process. App thread.
///
/// # Safety
/// - `cb_arg` stays valid until `cb_fn` runs.
pub unsafe extern "C" fn spdk_bdev_finish(cb_fn: spdk_bdev_fini_cb, cb_arg: *mut c_void) {
    fail::require_app_thread("spdk_bdev_finish");
    assert!(cb_fn.is_some(), "spdk_bdev_finish: cb_fn is NULL; pass one");
    {
        let mut progress = lock(&PROGRESS);
        progress.fini_cb = cb_fn;
        progress.fini_arg = cb_arg;
        progress.to_fini_start = progress.started.clone();
    }
    open_async::cancel_all();
    // SAFETY: nothing is passed.
    unsafe { when_done(fini_start_next, ptr::null_mut()) };
}

/// Calls `fini_start` of the modules, last first; then unregisters the bdevs.
unsafe extern "C" fn fini_start_next(_ctx: *mut c_void) {
    loop {
        let Some(module) = lock(&PROGRESS).to_fini_start.pop() else { break };
        // SAFETY: modules live as long as the process.
        unsafe {
            if let Some(fini_start) = (*module).fini_start {
                fini_start();
                if (*module).async_fini_start {
                    return;
                }
            }
        }
    }
    // SAFETY: there is no bdev to report on.
    unsafe { unregister_next(ptr::null_mut(), 0) };
}

/// A module with `async_fini_start` has prepared for the end.
///
/// # Safety
/// - The module's `fini_start` was called and did not answer yet.
pub unsafe extern "C" fn spdk_bdev_module_fini_start_done() {
    // SAFETY: nothing is passed.
    unsafe {
        let app = spdk_thread_get_app_thread();
        spdk_thread_exec_msg(app, Some(fini_start_next), ptr::null_mut());
    }
}

/// Unregisters the last bdev, unclaimed ones first; goes on when there is none.
unsafe extern "C" fn unregister_next(failed: *mut c_void, rc: c_int) {
    let mut registry = registry();
    if rc != 0 {
        // It cannot be unregistered: leave it out.
        registry.bdevs.retain(|&bdev| bdev != failed.cast::<spdk_bdev>());
    }
    // SAFETY: bdevs in the list are registered.
    let unclaimed =
        |&&bdev: &&*mut spdk_bdev| unsafe { state(bdev).lock().claim_type == SPDK_BDEV_CLAIM_NONE };
    let bdevs = &registry.bdevs;
    let next = bdevs.iter().rfind(unclaimed).or(bdevs.last()).copied();
    drop(registry);
    // SAFETY: the bdev is registered, and this is the app thread.
    unsafe {
        match next {
            Some(bdev) => spdk_bdev_unregister(bdev, Some(unregister_next), bdev.cast()),
            None => {
                spdk_thread_send_msg(spdk_get_thread(), Some(module_fini_next), ptr::null_mut());
            }
        }
    }
}

/// Calls `module_fini` of the modules, last first; then ends the library's own resources.
unsafe extern "C" fn module_fini_next(_ctx: *mut c_void) {
    loop {
        let Some(module) = lock(&PROGRESS).started.pop() else { break };
        // SAFETY: modules live as long as the process.
        unsafe {
            if let Some(module_fini) = (*module).module_fini {
                module_fini();
                if (*module).async_fini {
                    return;
                }
            }
        }
    }
    if lock(&PROGRESS).resources {
        mgmt::unregister(finish_complete);
    } else {
        // SAFETY: nothing is passed.
        unsafe { finish_complete(ptr::null_mut()) };
    }
}

/// A module with `async_fini` has ended.
///
/// # Safety
/// - The module's `module_fini` was called and did not answer yet.
pub unsafe extern "C" fn spdk_bdev_module_fini_done() {
    // SAFETY: nothing is passed.
    unsafe {
        let app = spdk_thread_get_app_thread();
        spdk_thread_exec_msg(app, Some(module_fini_next), ptr::null_mut());
    }
}

unsafe extern "C" fn finish_complete(_device: *mut c_void) {
    POOL.destroy();
    registry().allowlist.clear();
    let (cb, arg) = {
        let mut progress = lock(&PROGRESS);
        progress.resources = false;
        progress.modules_initialised = false;
        progress.complete = false;
        (progress.fini_cb.take(), progress.fini_arg)
    };
    if let Some(cb) = cb {
        // SAFETY: the caller's callback and argument.
        unsafe { cb(arg) };
    }
}
