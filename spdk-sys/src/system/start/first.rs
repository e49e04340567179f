//! The subsystem that comes up before all others, which is when start-up methods are due.

use core::ffi::{CStr, c_char};
use core::ptr;
use std::sync::Once;

use super::own::{
    spdk_add_subsystem, spdk_add_subsystem_depend, spdk_subsystem, spdk_subsystem_depend,
};
use super::run::first_subsystem_comes_up;
use crate::config::SUBSYSTEMS;
use crate::spdk_subsystem_exists;

/// Its name in lists of subsystems, of which it has no configuration.
const NAME: &CStr = c"spdk_sys_config";

/// Adds it to SPDK's, once in a process. No application runs.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subsystem = Box::leak(Box::new(spdk_subsystem {
            name: NAME.as_ptr(),
            init: Some(first_subsystem_comes_up),
            ..spdk_subsystem::default()
        }));
        // SAFETY: SPDK keeps it for ever, which it lives; nothing walks the list now.
        unsafe { spdk_add_subsystem(ptr::from_mut(subsystem)) };
        // One that is not named there would come up before the start-up methods have run, if it
        // needs none of these.
        for name in SUBSYSTEMS {
            wait_for_it(name.as_ptr());
        }
    });
}

fn wait_for_it(name: *const c_char) {
    // SAFETY: the name is a C string; the list of subsystems is complete before `main`.
    if !unsafe { spdk_subsystem_exists(name) } {
        return;
    }
    let depend = Box::leak(Box::new(spdk_subsystem_depend {
        name,
        depends_on: NAME.as_ptr(),
        ..spdk_subsystem_depend::default()
    }));
    // SAFETY: as for the subsystem.
    unsafe { spdk_add_subsystem_depend(ptr::from_mut(depend)) };
}
